/* What the browser finds wrong with a field, said in the page's language at the field. The browser's own bubble speaks the language of
   the device and is gone after seconds. A form with novalidate says it itself. */
import { filled } from "./filled.js";

const words = JSON.parse(document.getElementById("top").dataset.words).field_fault;
const word = (name, facts = {}) => filled(words[name], facts);

function fault(field) {
  const { validity } = field;
  if (validity.valid) return "";
  if (validity.customError) return field.validationMessage;
  if (validity.valueMissing) return word("missing");
  if (validity.patternMismatch && field.title) return field.title;
  if (validity.tooShort) return word("short", { least: field.minLength });
  if (validity.rangeUnderflow || validity.rangeOverflow) return word("range", { least: field.min, most: field.max });
  return word("form");
}

const noteOf = (field) => document.getElementById(`${field.id}-invalid`);

function clear(field) {
  noteOf(field)?.remove();
  field.removeAttribute("aria-invalid");
  field.removeAttribute("aria-describedby");
}

function mark(field) {
  field.id ||= `field-${crypto.randomUUID().slice(0, 8)}`;
  document.querySelector(`.err[id="${field.getAttribute("aria-describedby")}"]`)?.remove(); // that of an earlier answer, or of an earlier press
  const note = Object.assign(document.createElement("small"), { id: `${field.id}-invalid`, className: "err", textContent: fault(field) });
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", note.id);
  const around = field.closest(".f, .basis, .field, label");
  if (around) around.append(note);
  else field.after(note);
  field.closest("details")?.setAttribute("open", "");
}

document.addEventListener("invalid", (event) => {
  const field = event.target;
  if (field.form.noValidate) return;
  event.preventDefault();
  mark(field);
  if (field === [...field.form.elements].find((other) => other.willValidate && !other.validity.valid)) field.focus();
}, true);
document.addEventListener("input", ({ target }) => {
  const note = noteOf(target);
  if (!note) return;
  if (target.validity.valid) clear(target);
  else note.textContent = fault(target);
});
