// Brings newer figures into the parts marked data-live every 20 s while the page is seen, and says
// so when it cannot. The page is whole without it.
"use strict";
(() => {
  const lost = document.getElementById("lost");
  async function look() {
    if (document.hidden || !document.querySelector("[data-live]")) return;
    const text = document.body.dataset.lost;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html", "X-Live": "1" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-live]")) {
        const newer = fresh.getElementById(part.id);
        // whoever is inside with keyboard or an open detail is not pulled away
        if (!newer || part.contains(document.activeElement) || part.querySelector("details[open]")) continue;
        if (newer.innerHTML !== part.innerHTML) part.replaceWith(document.adoptNode(newer));
      }
      const asOf = fresh.getElementById("as-of");
      if (asOf) document.getElementById("as-of").textContent = asOf.textContent;
      if (lost.textContent) lost.textContent = "";
    } catch {
      if (lost.textContent !== text) lost.textContent = text;
    }
  }
  setInterval(look, 20000);
  document.addEventListener("visibilitychange", look);
})();
