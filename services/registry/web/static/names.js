/* Searches people by a name, for a reason: POST /people/searches, which records each search. What is found stands masked, on this page only, and goes with it. */
import { filled } from "/static/shell/filled.js";
import { make } from "/static/shell/make.js";
import { refusal } from "/static/shell/refusal.js";

const form = document.querySelector("form[data-names]");
const finding = document.getElementById("finding-names"), found = document.getElementById("found-names");
const words = JSON.parse(form?.dataset.words ?? "{}");

function line(person) {
  const named = make("span");
  named.append(make("a", person.masked_name, { href: `/register/people/${person.person_id}` }), " ", make("span", words.kind[person.kind], { class: "dim" }));
  const units = person.units.map((unit) => `${unit.compound} ${unit.building} ${unit.door}`).join(words.shell.comma);
  const item = make("li");
  item.append(named, make("span", units || "—"));
  return item;
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  const district = form.querySelector("[data-district-choice]")?.value ?? form.dataset.district;
  const headers = { "Content-Type": "application/json", "Clearwater-District": district, "Accept-Language": document.documentElement.lang };
  const body = JSON.stringify({ name: form.elements.name.value, reason: form.elements.reason.value });
  button.disabled = true;
  found.replaceChildren();
  const answer = await fetch(form.dataset.names, { method: "POST", headers, body }).catch(() => null);
  const named = answer?.ok ? await answer.json() : null;
  finding.textContent = named ? filled(words.people[named.found > named.people.length ? "found_more" : "found"], { n: named.found, shown: named.people.length }) : await refusal(answer, words.people.not_searched);
  found.append(...(named?.people ?? []).map(line));
  button.disabled = false;
});
