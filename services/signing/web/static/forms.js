/* Forms of acts beside the signing: a form names the API's path, its fields are the body, and its answer leads to the page with the trace.

   Invariant: a form is sent once, under one Idempotency-Key, with the version that was on the screen; what is wrong stands at its field,
   and nothing that was typed is lost by a refusal. Their method is dialog, so that a press before this script has come does nothing. Left to others: whether the act is right (the API), its words (callouts.js). */

import { word } from "/static/shell/status.js";
import { ask, decided, read, unanswered } from "./intents.js";
import * as callouts from "./callouts.js";

const AGAIN_SECONDS = 4;
const $ = (id) => document.getElementById(id);
let busy = false;
let timer = 0;

const typed = {
  number: (field) => Number(field.value),
  boolean: (field) => field.value === "true",
  json: (field) => JSON.parse(field.value),
  /* A hand is a person: one of those listed, one that the register knows, or somebody new under a number of their own. */
  hand: (field) => field.form.elements._known.value.trim().toLowerCase() || field.value || crypto.randomUUID(),
};

const body = (form) => {
  const found = {};
  for (const field of form.elements) {
    if (!field.name || field.name.startsWith("_") || (field.type === "radio" && !field.checked)) continue;
    found[field.name] = typed[field.dataset.type]?.(field) ?? field.value.trim();
  }
  return found;
};

/** What is wrong with a field, in words; empty when nothing is. */
const fault = (field) => {
  const { same, wanted } = field.dataset, value = field.value.trim(), { validity } = field;
  if (validity.customError) return field.validationMessage;
  if (validity.valueMissing || (field.required && !value)) return word("form_fault", "missing");
  if (same && value !== field.form.elements[same].value.trim()) return word("form_fault", "same");
  if (wanted && value !== wanted) return word("form_fault", "wanted", { wanted });
  return validity.valid ? "" : word("form_fault", validity.rangeUnderflow ? "past" : "pattern");
};

const mark = (field, text) => {
  field.id ||= `f-${crypto.randomUUID().slice(0, 8)}`;
  const id = `${field.id}-fault`;
  $(id)?.remove();
  field.toggleAttribute("aria-invalid", false);
  field.removeAttribute("aria-describedby");
  if (!text) return;
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", id);
  (field.closest("fieldset, td, .field") ?? field).append(Object.assign(document.createElement("span"), { id, className: "err", textContent: text }));
};

/** Marks every fault; the first one gets the focus. */
const checked = (form) => {
  const fields = [...form.elements].filter((field) => field.name && field.type !== "hidden" && !field.disabled);
  const wrong = fields.filter((field, index) => {
    const first = fields.findIndex((other) => other.name === field.name && other.type === "radio");
    const text = field.type === "radio" && index !== first ? "" : fault(field);
    if (field.type !== "radio" || index === first) mark(field, text);
    return text;
  });
  wrong[0]?.focus();
  $("notice").textContent = wrong.length ? word("form_fault", "some", { many: wrong.length }) : "";
  return wrong.length === 0;
};

const hold = (nodes) => {
  $("step").hidden = $("acts").hidden = true;
  $("notice").textContent = "";
  $("answer").hidden = false;
  $("answer").replaceChildren(...nodes);
  $("answer").querySelector("h2").focus();
  scrollTo(0, 0);
};

const release = () => {
  $("step").hidden = $("acts").hidden = false;
  $("answer").hidden = true;
  $("answer").replaceChildren();
  $("step-head").focus();
};

/** Somebody else saved first: theirs is shown, and ours may be saved over it once it was seen. */
const conflict = async (form, intent, problem) => {
  const page = await read(location.href), theirs = page && page !== "login" && page.getElementById(form.dataset.conflict);
  if (!theirs) return void hold(callouts.refused(problem, intent.act, { look: () => location.reload(), back: release }));
  theirs.hidden = false;
  const over = () => {
    release();
    form.dataset.version = theirs.dataset.version;
    send(form, decided(intent.unit, intent.act, [intent.path, intent.body, theirs.dataset.version, intent.method]));
  };
  hold(callouts.conflict(document.adoptNode(theirs), { theirs: () => location.reload(), over, back: release }));
};

const send = async (form, intent, tries = 1) => {
  clearTimeout(timer);
  busy = true;
  $("desk").setAttribute("aria-busy", "true");
  $("notice").textContent = word("desk", "sending");
  const answer = await ask(intent, $("desk").dataset.district);
  $("desk").removeAttribute("aria-busy");
  busy = false;
  if (answer.outcome === "done") return void location.assign(form?.dataset.after ?? location.pathname);
  if (answer.outcome === "refused" && form?.dataset.conflict && answer.problem.code === "version-superseded") return void conflict(form, intent, answer.problem);
  if (answer.outcome === "refused") return void hold(callouts.refused(answer.problem, intent.act, { look: () => location.reload(), back: release }));
  const seconds = answer.seconds ?? AGAIN_SECONDS, now = () => send(form, intent, tries + 1);
  hold(callouts.lost(intent, { tries, seconds, busy: answer.outcome === "busy", now }));
  busy = true; // until the answer is known
  timer = setTimeout(now, seconds * 1000);
};

document.addEventListener("submit", (event) => {
  const form = event.target, { path, version, method } = form.dataset;
  if (!path) return;
  event.preventDefault();
  if (busy || !checked(form)) return;
  send(form, decided($("desk").dataset.unit, path, [path, body(form), version, method]));
});
document.addEventListener("input", ({ target }) => target.getAttribute("aria-invalid") && mark(target, fault(target)));

const unfinished = unanswered($("desk").dataset.unit);
if (unfinished) send([...document.forms].find((form) => form.dataset.path === unfinished.path), unfinished);
