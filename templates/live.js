// Brings newer figures into the parts marked data-live while the page is seen: as soon as the server says that there is news, else
// after a minute; every 20 s where it tells nothing. Says so when nobody answers. The page is whole without it.
"use strict";
(() => {
  const lost = document.getElementById("lost");
  const live = () => !document.hidden && document.querySelector("[data-live]");
  const say = (text) => { if (lost.textContent !== text) lost.textContent = text; };
  const { lost: gone, over } = document.body.dataset;
  let stream = null, looked = Date.now(), heard = 0, ended = false;

  async function look() {
    if (ended || !live()) return;
    looked = Date.now();
    try {
      const asks = { headers: { Accept: "text/html", "X-Live": "1" }, signal: AbortSignal.timeout(15000) };
      const answer = await fetch(location.href, asks);
      if (answer.status === 401) return finish();
      if (!answer.ok) throw new Error(String(answer.status));
      if (answer.status === 202) { // nothing to show yet: what is here stays, with its time, and is looked for again
        looked = 0;
        return say("");
      }
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-live]")) {
        const newer = fresh.getElementById(part.id);
        // whoever is inside with keyboard or an open detail is not pulled away
        if (!newer || part.contains(document.activeElement) || part.querySelector("details[open]")) continue;
        if (newer.innerHTML !== part.innerHTML) part.replaceWith(document.adoptNode(newer));
      }
      if (!fresh.getElementById("newer")) document.getElementById("newer")?.remove();
      const asOf = fresh.getElementById("as-of");
      if (asOf) document.getElementById("as-of").textContent = asOf.textContent;
      say("");
      listen();
    } catch {
      say(gone);
    }
  }

  // One stream for the page that is seen: a browser has six connections to a server, and pages behind others need none.
  function listen() {
    if (stream || ended || !live() || !window.EventSource) return;
    const screen = /^\/screens\/([^/]+)/.exec(location.pathname);
    stream = new EventSource("/live" + (screen ? "?screen=" + screen[1] : ""));
    heard = Date.now();
    stream.onopen = () => { if (lost.textContent) look(); };
    stream.addEventListener("alive", () => { heard = Date.now(); });
    stream.addEventListener("news", () => { heard = Date.now(); look(); });
    stream.addEventListener("over", finish);
    stream.onerror = () => {
      if (stream.readyState === EventSource.CLOSED) stream = null; // none for us: this page asks by itself
      else say(gone);
    };
  }
  function hush() {
    if (stream) stream.close();
    stream = null;
  }
  function finish() {
    ended = true;
    hush();
    say(over);
  }

  setInterval(() => {
    if (stream && Date.now() - heard > 40000) hush(); // it is said every 15 s that it lives
    const listens = stream && stream.readyState === EventSource.OPEN;
    const soon = document.querySelector("[data-soon]"); // something is being made for this page, there in so many seconds
    if (Date.now() - looked >= (soon ? 1000 * (soon.dataset.soon || 1) : listens ? 60000 : 20000)) look();
  }, 1000);
  document.addEventListener("visibilitychange", () => (document.hidden ? hush() : look()));
  addEventListener("pagehide", hush);
  listen();
})();
