// Shows how far a file has come, looks at its length before it is sent, and lets a loop's items be dragged. The page is whole
// without it: the form sends itself, and ↑ ↓ move an item.
"use strict";
(() => {
  for (const form of document.querySelectorAll("[data-upload]")) {
    const [bar, said, button] = [form.querySelector("progress"), form.querySelector("[data-said]"), form.querySelector("button")];
    const say = (text, bad) => { said.textContent = text; said.className = bad ? "state bad" : "state"; };
    form.addEventListener("submit", (event) => {
      const file = form.elements.file.files[0];
      if (!file) return;
      event.preventDefault();
      if (file.size > Number(form.dataset.mostBytes)) return say(form.dataset.tooLarge, true);
      const sending = new XMLHttpRequest();
      const done = (text) => { bar.hidden = true; button.disabled = false; say(text, true); };
      sending.upload.addEventListener("progress", (at) => { if (at.lengthComputable) bar.value = (100 * at.loaded) / at.total; });
      sending.upload.addEventListener("load", () => say(form.dataset.checking));
      sending.addEventListener("error", () => done(form.dataset.lost));
      sending.addEventListener("load", () => {
        if (sending.status < 300) return location.assign(sending.responseURL);
        const page = new DOMParser().parseFromString(sending.responseText, "text/html");
        const words = page.querySelectorAll("[role=alert], .message p");
        done([...words].map((part) => part.textContent.trim()).join(" ") || form.dataset.lost);
      });
      bar.hidden = false;
      button.disabled = true;
      say("");
      sending.open("POST", form.action);
      sending.send(new FormData(form));
    });
  }
  const loop = document.querySelector("[data-loop]");
  const order = document.querySelector("[data-order]");
  if (!loop || !order) return;
  let dragged = null;
  for (const item of loop.children) {
    item.draggable = true;
    item.addEventListener("dragstart", (event) => { dragged = item; event.dataTransfer.effectAllowed = "move"; });
    item.addEventListener("dragover", (event) => {
      if (!dragged || dragged === item) return;
      event.preventDefault();
      const box = item.getBoundingClientRect();
      item[event.clientY < box.top + box.height / 2 ? "before" : "after"](dragged);
    });
    item.addEventListener("dragend", () => {
      dragged = null;
      const items = [...loop.children];
      items.forEach((one, n) => { one.querySelector(".turn").textContent = n + 1; });
      order.elements.order.value = items.map((one) => one.dataset.code).join(",");
      order.hidden = false;
    });
  }
})();
