// Asks the browser for a passkey, and sends what it says with the form that asked. Bytes stand in JSON as base64url.
"use strict";
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (keys) => (keys || []).map((key) => ({ ...key, id: bytes(key.id) }));

  async function make(options) {
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = named(options.excludeCredentials);
    const made = await navigator.credentials.create({ publicKey: options });
    return [made, { attestationObject: text(made.response.attestationObject) }];
  }

  async function show(options) {
    options.allowCredentials = named(options.allowCredentials);
    const shown = await navigator.credentials.get({ publicKey: options });
    const { authenticatorData, signature, userHandle } = shown.response;
    const handle = userHandle && userHandle.byteLength ? text(userHandle) : null;
    return [shown, { authenticatorData: text(authenticatorData), signature: text(signature), userHandle: handle }];
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const failed = form.querySelector("[data-failed]");
      failed.hidden = true;
      try {
        const options = JSON.parse(form.dataset.options).publicKey;
        options.challenge = bytes(options.challenge);
        const [key, response] = await (form.dataset.passkey === "make" ? make(options) : show(options));
        response.clientDataJSON = text(key.response.clientDataJSON);
        form.elements.answer.value = JSON.stringify({ id: key.id, rawId: text(key.rawId), type: key.type, response });
        form.submit();
      } catch {
        failed.hidden = false;
      }
    });
  }
})();
