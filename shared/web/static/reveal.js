/* Shows a masked name for a reason: POST /people/<id>/reveals of the registry, which records each look with who looked and why.

   Forms are found when they are sent, since a page may draw them anew. What is shown is on the page only, and goes with it. */
import { refusal } from "./refusal.js";

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-reveal]")) return;
  event.preventDefault();
  const output = form.querySelector("output"), address = form.dataset.reveal.replace("{person}", form.elements.person?.value ?? "");
  const headers = { "Content-Type": "application/json", "Clearwater-District": form.dataset.district, "Accept-Language": document.documentElement.lang };
  const answer = await fetch(address, { method: "POST", headers, body: JSON.stringify({ reason: form.elements.reason.value }) }).catch(() => null);
  const person = answer?.ok ? await answer.json() : null;
  output.textContent = person ? [person.name, person.mobile, person.email].filter(Boolean).join("\u3000") : await refusal(answer, form.dataset.failed);
});
