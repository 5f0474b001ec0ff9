// Uploads and exports. Each attempt of one form keeps its key, so that a lost answer can be asked for again.
import { COLON, refusal } from "/static/shell/refusal.js";

const headers = (form, more) => ({ "Clearwater-District": form.dataset.district, ...more });

const send = async (form) => {
  form.dataset.key ??= crypto.randomUUID();
  return fetch(form.dataset.post, { method: "POST", body: new FormData(form), headers: headers(form, { "Idempotency-Key": form.dataset.key }) });
};

for (const form of document.querySelectorAll("form[data-post]")) {
  // Another file is another request.
  form.addEventListener("change", () => delete form.dataset.key);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button"), callout = form.querySelector(".callout");
    button.disabled = true;
    callout.hidden = true;
    const answer = await send(form).catch(() => null);
    if (answer?.ok) {
      location.assign(form.dataset.then + (await answer.json()).import_id);
      return;
    }
    if (answer) delete form.dataset.key;
    callout.textContent = await refusal(answer, form.dataset.failed);
    callout.hidden = false;
    button.disabled = false;
  });
}

const give = (content, name) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
};

for (const form of document.querySelectorAll("form[data-export]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button"), output = form.querySelector("output");
    const body = JSON.stringify({ reason: form.elements.reason.value });
    button.disabled = true;
    const answer = await fetch(form.dataset.export, { method: "POST", body, headers: headers(form, { "Content-Type": "application/json" }) }).catch(() => null);
    // A transfer that breaks off is no file.
    const content = answer?.ok ? await answer.blob().catch(() => null) : null;
    if (content) give(content, form.dataset.name);
    output.textContent = content ? form.dataset.done : await refusal(answer?.ok ? null : answer, form.dataset.failed);
    button.disabled = false;
  });
}

const running = document.querySelector("[data-at-work='yes'][data-import]");
if (running) {
  const moving = document.getElementById("moving"), announced = document.getElementById("announced");
  let milestone = moving.firstElementChild.dataset.milestone;
  const look = async () => {
    const answer = await fetch(`/register/imports/${running.dataset.import}/progress`).catch(() => null);
    if (answer?.ok && !answer.redirected) {
      moving.innerHTML = await answer.text();
      const now = moving.firstElementChild.dataset;
      if (now.atWork === "no") {
        location.replace(`${location.pathname}?did=read`); // the focus goes to what was found
        return;
      }
      if (now.milestone !== milestone) announced.textContent = [...moving.querySelectorAll("h2, p")].map((line) => line.textContent).join(COLON);
      milestone = now.milestone;
    }
    setTimeout(look, 1000);
  };
  setTimeout(look, 1000);
}
