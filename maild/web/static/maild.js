// Small comforts; every page works without them.
"use strict";

// A form that was sent once is not sent twice by an impatient click. One that only asks may be sent
// again, and so may one that says it: the page stays when the answer is a file.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if ((button?.hasAttribute("formmethod") ? button.formMethod : event.target.method) === "get") return;
  if ("again" in event.target.dataset) return;
  if (event.target.dataset.sent) {
    event.preventDefault();
    return;
  }
  event.target.dataset.sent = "yes";
  if (button) setTimeout(() => { button.disabled = true; }, 0);
});

// A page that comes back from the browser's own memory can be used again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.forms) delete form.dataset.sent;
  for (const button of document.querySelectorAll("button[disabled]")) button.disabled = false;
});
