/* The name of the desk at which this browser stands: chosen once by the person who signs in, sent with each signature.

   Invariant: another person who signs in is asked anew, with the last name as a proposal. A signature without it is possible: the API
   wants it where it is known. */

const KEY = "clearwater.desk.name";

const stored = () => {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {}; // a browser that keeps nothing, or a value that is not ours
  }
};

/** The name that this person chose, or undefined. */
export const name = (person) => (stored().person === person ? stored().name : undefined);
export const proposed = () => stored().name ?? "";
export const keep = (person, chosen) => localStorage.setItem(KEY, JSON.stringify({ person, name: chosen }));

/** The form on the list of cases: it asks, or says which desk this is. */
const form = document.getElementById("my-desk");
if (form) {
  const { person } = form.dataset, now = document.getElementById("my-desk-now"), field = form.elements.desk, fault = form.querySelector(".err");
  const show = (asks) => {
    form.hidden = !asks;
    now.hidden = asks;
    now.querySelector("b").textContent = name(person) ?? "";
    field.value = proposed();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    field.value = field.value.normalize("NFKC").trim();
    fault.hidden = field.checkValidity();
    field.toggleAttribute("aria-invalid", !field.checkValidity());
    if (!field.checkValidity()) return void field.focus();
    keep(person, field.value);
    show(false);
    now.querySelector("button").focus();
  });
  now.querySelector("button").addEventListener("click", () => {
    show(true);
    field.focus();
  });
  show(!name(person));
}
