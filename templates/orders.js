// While an order is written, asks the server what it would do, a moment after the last key, and shows the answer in the parts marked
// data-look. The form is whole without it: a button asks the same.
"use strict";
(() => {
  const form = document.querySelector("form[data-order]");
  if (!form) return;
  let timer = 0;
  let asking = null;
  async function look() {
    if (asking) asking.abort();
    asking = new AbortController();
    const body = new URLSearchParams(new FormData(form));
    body.set("do", "look");
    try {
      const answer = await fetch(form.action, { method: "POST", body, signal: asking.signal });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-look]")) {
        const newer = fresh.getElementById(part.id);
        if (newer && newer.innerHTML !== part.innerHTML) part.innerHTML = newer.innerHTML;
      }
      // it is being worked out: ask again
      if (fresh.querySelector("[data-waits]")) soon(3000);
    } catch {
      // who loses the connection sees it when he saves; nothing is lost here
    }
  }
  function soon(ms) {
    clearTimeout(timer);
    timer = setTimeout(look, ms);
  }
  form.addEventListener("input", () => soon(900));
  form.addEventListener("change", () => soon(300));
})();
