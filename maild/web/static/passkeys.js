// Passkeys: only a script can ask the browser for one. Its forms are shown where that works, and
// what the browser gives is sent by the form like any other field.
"use strict";

const able = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON;

async function asked(form) {
  const answer = await fetch(form.dataset.options, { method: "POST" });
  if (!answer.ok) throw new Error(answer.statusText);
  const options = await answer.json();
  const made = form.dataset.passkey === "make"
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  return JSON.stringify(made.toJSON());
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!able) continue;
  form.hidden = false;
  const failed = form.querySelector("[data-failed]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    failed.hidden = true;
    try {
      form.elements.answer.value = await asked(form);
    } catch {
      failed.hidden = false;
      return;
    }
    form.submit();
  });
}
