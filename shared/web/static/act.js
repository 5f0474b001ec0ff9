/* A form that carries out one act of an API. It sends its fields as JSON under a key that a repeated attempt keeps, shows a refusal in three parts and goes to the trace.

   form:  data-act, the address; data-method (POST); data-then, where to go, with {field} of the answer; data-district; data-version (If-Match);
          data-changed: only what was changed is sent; fields of one data-with are sent together.
   field: name, the path in the body (person.name); data-kind: integer, boolean, instant (a Shanghai time), list (of checkboxes), words (a list of what
          stands between spaces); else text.
   data-item="bases": an element whose fields are one item of that list; left out while its checkbox data-take is not ticked. */
import { ask } from "/static/shell/asking.js";
import { make } from "/static/shell/make.js";

const words = JSON.parse(document.querySelector("[data-act-words]")?.dataset.actWords ?? "{}");
const fields = (node) => [...node.querySelectorAll("input[name], select[name], textarea[name]")];
const itemOf = (field) => field.closest("[data-item]");

function changed(field) {
  const together = field.dataset.with && field.form.querySelectorAll(`[data-with="${field.dataset.with}"]`);
  return together ? [...together].some(altered) : altered(field);
}

function altered(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.tagName === "SELECT") return [...field.options].some((option) => option.selected !== option.defaultSelected);
  return field.value !== field.defaultValue;
}

const READ = {
  integer: (field) => (field.value.trim() === "" ? undefined : Number(field.value)),
  boolean: (field) => field.checked,
  instant: (field) => (field.value.trim() ? `${field.value.trim().replace(" ", "T")}:00+08:00` : undefined),
  words: (field) => field.value.split(/\s+/).filter(Boolean),
};

/** Null where a changed field was emptied, undefined where there is nothing to send. */
function sentOf(field, empty) {
  if (field.type === "radio" && !field.checked) return undefined;
  const value = (READ[field.dataset.kind] ?? ((input) => input.value.trim() || undefined))(field);
  return value === undefined ? empty : value;
}

function put(body, path, value) {
  const names = path.split(".");
  const last = names.pop();
  let place = body;
  for (const name of names) place = place[name] ??= {};
  place[last] = value;
}

/** The body, and the field of every place in it, by its JSON pointer. */
function read(form) {
  const body = {}, places = new Map(), onlyChanged = "changed" in form.dataset;
  for (const field of fields(form).filter((field) => !itemOf(field))) {
    const pointer = `/${field.name.replaceAll(".", "/")}`;
    if (field.type !== "radio" || field.checked) places.set(pointer, field);
    if (field.dataset.kind === "list") {
      body[field.name] ??= [];
      if (field.checked) body[field.name].push(field.value);
      continue;
    }
    if (onlyChanged && !changed(field) && !("always" in field.dataset)) continue;
    const value = sentOf(field, onlyChanged ? null : undefined);
    if (value !== undefined) put(body, field.name, value);
  }
  const items = [...form.querySelectorAll("[data-item]")];
  for (const name of new Set(items.map((field) => field.dataset.item))) {
    const mine = items.filter((field) => field.dataset.item === name);
    const takes = (field) => field.querySelector("[data-take]");
    const touched = mine.some((field) => fields(field).some(changed) || (takes(field) && changed(takes(field))));
    if (onlyChanged && !touched) continue;
    body[name] = [];
    for (const part of mine.filter((one) => takes(one)?.checked ?? true)) {
      const item = {};
      for (const field of fields(part)) {
        const value = sentOf(field, undefined);
        places.set(`/${name}/${body[name].length}/${field.name.replaceAll(".", "/")}`, field);
        if (value !== undefined) put(item, field.name, value);
      }
      if (takes(part) || Object.keys(item).length) body[name].push(item);
    }
  }
  return { body, places };
}

function send(form, body) {
  const { method, version, act } = form.dataset;
  const district = form.querySelector("[data-district-choice]")?.value ?? form.dataset.district;
  form.dataset.key ??= crypto.randomUUID();
  return ask(act, { method, version, district, body, key: form.dataset.key });
}

/** What is wrong with each place: the body's own errors, or the faults of the register's checks, whose words are the page's. */
function faultsOf(problem) {
  const own = (problem.errors ?? []).map(({ pointer, message, code }) => ({ pointer, code, message }));
  const checks = (problem.facts?.faults ?? []).map(({ field, code }) => ({ pointer: field, code, message: words.faults?.[code] ?? code }));
  return [...own, ...checks];
}

function mark(field, message, number) {
  const note = make("small", message, { class: "err", id: `fault-${number}` });
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", note.id);
  field.id ||= `field-${number}`;
  (field.closest(".f") ?? field.parentElement).append(note);
  field.closest("details")?.setAttribute("open", "");
}

function clear(form) {
  for (const note of form.querySelectorAll(".err")) note.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
}

/** What did not happen, why, what to do now; and each fault at its field, with a link that leads there. */
function refuse(form, problem, places) {
  const callout = form.querySelector("[data-refusal]");
  const list = make("ul", "", { class: "faults" });
  faultsOf(problem).forEach(({ pointer, code, message }, number) => {
    const field = places.get(pointer) ?? places.get(`/${(pointer ?? "").replace(/^\//, "").replaceAll(".", "/")}`);
    const item = make("li", field ? "" : message);
    if (field) {
      mark(field, message, number);
      item.append(make("a", `${labelOf(field)}${words.doing.colon}${message}`, { href: `#${field.id}` }));
    }
    item.append(make("span", ` ${code}`, { class: "dim code" }));
    list.append(item);
  });
  const foot = [problem.code, problem.correlation_id].filter(Boolean).join("　");
  callout.replaceChildren(make("h2", problem.title), make("p", problem.next ?? ""), list, make("p", foot, { class: "dim code" }));
  callout.hidden = false;
  callout.focus();
}

const labelOf = (field) => (field.labels?.[0]?.textContent ?? field.getAttribute("aria-label") ?? field.name).trim();

async function carryOut(form) {
  const buttons = [...form.querySelectorAll("button:not([type=button])")];
  clear(form);
  form.querySelector("[data-refusal]").hidden = true;
  const { body, places } = read(form);
  for (const button of buttons) button.disabled = true;
  const { outcome, state, problem } = await send(form, body);
  if (outcome === "done") return void location.assign(form.dataset.then.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(state[name] ?? "")));
  for (const button of buttons) button.disabled = false;
  if (outcome === "refused") delete form.dataset.key; // otherwise the next attempt may find it carried out
  refuse(form, problem ?? { title: words.doing.no_answer, next: words.doing.no_answer_next }, places);
}

for (const form of document.querySelectorAll("form[data-act]")) {
  form.addEventListener("input", () => delete form.dataset.key); // another content is another request
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    carryOut(form);
  });
}

/* A button that adds one more item to a list: a copy of the template that it names. */
for (const button of document.querySelectorAll("button[data-add]")) {
  button.addEventListener("click", () => {
    const added = document.getElementById(button.dataset.add).content.cloneNode(true);
    const first = added.querySelector("input, select");
    button.before(added);
    first.focus();
  });
}
