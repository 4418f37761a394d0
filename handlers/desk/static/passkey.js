/* Passkeys: asks the server what to ask the authenticator, puts the answer into the form, and sends that as any form.
   <form data-passkey="use|add" data-options="address" hidden> with a hidden field "passkey" or [data-passkey-answer].
   Without this file, or without passkeys in the browser, the form stays hidden and the other way in remains. */
(function () {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials || !window.isSecureContext) return;

  function bytes(text) {
    var padded = text.replace(/-/g, "+").replace(/_/g, "/");
    while (padded.length % 4) padded += "=";
    return Uint8Array.from(atob(padded), function (c) { return c.charCodeAt(0); });
  }
  function words(buffer) {
    var text = "";
    new Uint8Array(buffer).forEach(function (b) { text += String.fromCharCode(b); });
    return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
  function known(list) {
    return (list || []).map(function (one) { return { id: bytes(one.id), type: one.type, transports: one.transports }; });
  }
  function create(options) {
    options.challenge = bytes(options.challenge);
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = known(options.excludeCredentials);
    return navigator.credentials.create({ publicKey: options });
  }
  function get(options) {
    options.challenge = bytes(options.challenge);
    options.allowCredentials = known(options.allowCredentials);
    return navigator.credentials.get({ publicKey: options });
  }
  function answer(credential) {
    var said = credential.response;
    var response = { clientDataJSON: words(said.clientDataJSON) };
    if (said.attestationObject) response.attestationObject = words(said.attestationObject);
    if (said.authenticatorData) response.authenticatorData = words(said.authenticatorData);
    if (said.signature) response.signature = words(said.signature);
    if (said.userHandle) response.userHandle = words(said.userHandle);
    return JSON.stringify({
      id: credential.id, rawId: words(credential.rawId), type: credential.type, response: response,
      clientExtensionResults: {}
    });
  }
  function ask(form) {
    var sent = new URLSearchParams();
    sent.set("csrf", form.elements.csrf.value);
    return fetch(form.getAttribute("data-options"), { method: "POST", body: sent, credentials: "same-origin" })
      .then(function (response) {
        var isOptions = (response.headers.get("content-type") || "").indexOf("application/json") === 0;
        if (response.ok && isOptions) return response.json();
        return null;
      });
  }
  function say(form, text) {
    var place = form.querySelector("[data-passkey-error]");
    place.textContent = text;
    place.hidden = false;
    form.removeAttribute("data-sending");
    Array.prototype.forEach.call(form.querySelectorAll("button"), function (b) { b.removeAttribute("aria-disabled"); });
  }

  Array.prototype.forEach.call(document.querySelectorAll("form[data-passkey]"), function (form) {
    var field = form.querySelector("[data-passkey-answer]") || form.elements.passkey;
    form.hidden = false;
    form.addEventListener("submit", function (event) {
      if (field.value) return;
      event.preventDefault();
      event.stopPropagation();
      ask(form).then(function (options) {
        if (!options) {
          /* The server wants to see the password first: the form itself leads to that page. */
          if (form.getAttribute("data-passkey") === "add") { form.submit(); return null; }
          say(form, "没有连上，请再点一次。");
          return null;
        }
        return (form.getAttribute("data-passkey") === "add" ? create(options) : get(options)).then(function (credential) {
          field.value = answer(credential);
          form.submit();
        });
      }).catch(function (error) {
        say(form, error && error.name === "InvalidStateError"
          ? "这个设备已经加过了。"
          : "没有成。再点一次，或者用密码和验证码。");
      });
    });
  });
  Array.prototype.forEach.call(document.querySelectorAll("[data-no-passkey]"), function (note) { note.hidden = true; });
})();
