/* Parked events: asks each service what waits in it, tries a key dry, redrives it.

   Invariants: a key is redriven only after a dry run of the same key and decision on this page; a redrive keeps its Idempotency-Key until
   its outcome is known; what is chosen stays where it is while the list is drawn anew. A service that does not answer has no count. */
import { ask } from "/static/shell/asking.js";
import { make } from "/static/shell/make.js";
import { clockTime, show } from "/static/shell/status.js";
import { caseOf, choices, decisionField, decisionText, facts, glyph, isMoved, latches, lead, line, needsReason, results, runbook, secondsOf, service, showAge, span, word } from "./parked-parts.js";

const EVERY_MILLISECONDS = 5000, PATIENCE_MILLISECONDS = 8000;
const part = (id) => document.getElementById(id);
const page = part("parked"), box = part("box"), work = part("work");
const SERVICES = page.dataset.services.split(" "), mayCase = "mayCase" in page.dataset;

const known = { rows: new Map(), decisions: {}, silent: new Set(), names: {}, at: null, opened: Date.now() };
const view = { chosen: null, filter: "", drawn: "", is: "", dry: null, changed: false, busy: false, decision: null, reason: "" };
const pending = new Map(); // by key: a redrive whose outcome nobody knows

const idOf = ({ service: name, topic, key }) => [name, topic, key].join(" ");
const nameOf = (row) => known.names[row.key] || (row.key.length > 20 ? `… ${row.key.slice(-12)}` : row.key);
const addressOf = (row) => `/parked?${new URLSearchParams({ service: row.service, topic: row.topic, key: row.key })}`;
const shape = (row) => JSON.stringify([row.event_id, row.epoch, row.sequence, row.reason, row.behind, row.ours]);
const chosenRow = () => known.rows.get(view.chosen);
const ordered = () => SERVICES.flatMap((name) => [...known.rows.values()].filter((row) => row.service === name).sort((a, b) => a.parked_at.localeCompare(b.parked_at)));
const shown = () => ordered().filter((row) => !view.filter || row.service === view.filter);

async function read(name) {
  try {
    const answer = await fetch(`/api/${name}/v1/parked`, { signal: AbortSignal.timeout(PATIENCE_MILLISECONDS), cache: "no-store", credentials: "same-origin" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

async function learnNames() {
  const keys = [...known.rows.values()].map((row) => row.key).filter((key) => !(key in known.names)).slice(0, 100);
  if (!keys.length) return;
  try {
    const answer = await fetch(`/parked/names?${new URLSearchParams(keys.map((key) => ["key", key]))}`, { cache: "no-store", credentials: "same-origin" });
    const found = answer.ok && !answer.redirected ? await answer.json() : {};
    for (const key of keys) known.names[key] = found[key] ?? "";
  } catch { /* the keys stand for themselves until the next round */ }
}

/* The rows of a service that does not answer are forgotten: what waits in it is not known. */
async function refresh() {
  const answers = await Promise.all(SERVICES.map(read));
  known.silent = new Set(SERVICES.filter((_, place) => !answers[place]));
  known.rows = new Map();
  answers.forEach((answer, place) => {
    if (!answer) return;
    known.at = new Date();
    known.decisions[SERVICES[place]] = answer.decisions;
    for (const row of answer.keys) known.rows.set(idOf({ ...row, service: SERVICES[place] }), { ...row, service: SERVICES[place] });
  });
  await learnNames();
  draw();
}

/* ---- the head and the list ---- */

function count() {
  const rows = ordered(), n = rows.length, silent = known.silent.size > 0;
  const text = silent ? word(n ? "count_known" : "count_unknown", { n }) : n ? word("count", { n, age: span(Math.max(...rows.map(secondsOf))) }) : word("count_none");
  if (part("count").textContent !== text) part("count").textContent = text;
  const silentSeconds = (Date.now() - (known.at ?? known.opened)) / 1000;
  show(silentSeconds >= 60 ? "stale" : silentSeconds >= 20 ? "late" : "live", { at: known.at }, { silentSeconds });
}

function drawFilters() {
  const of = (name) => (known.silent.has(name) ? "?" : [...known.rows.values()].filter((row) => row.service === name).length);
  const wanted = [["", word("all"), known.rows.size], ...SERVICES.filter((name) => of(name) !== 0 || name === view.filter).map((name) => [name, service(name), of(name)])];
  const signature = JSON.stringify([wanted, view.filter]);
  if (part("filters").dataset.drawn === signature) return;
  part("filters").dataset.drawn = signature;
  const focused = document.activeElement?.closest("#filters button")?.dataset.service;
  part("filters").replaceChildren(...wanted.map(([name, text, n]) => {
    const button = make("button", `${text} `, { type: "button", class: "btn", "aria-pressed": String(view.filter === name), "data-service": name });
    button.append(make("b", n === "?" ? word("unknown") : String(n)));
    button.addEventListener("click", () => {
      view.filter = name;
      draw();
    });
    return button;
  }));
  if (focused !== undefined) part("filters").querySelector(`[data-service="${focused}"]`)?.focus();
}

function groups() {
  return SERVICES.filter((name) => !view.filter || view.filter === name).flatMap((name) => {
    if (known.silent.has(name)) return [make("p", word("silent", { service: service(name) }), { class: "silent", "data-silent": name })];
    const rows = shown().filter((row) => row.service === name);
    if (!rows.length) return [];
    const head = make("h2"), list = make("ol", "", { "data-service": name });
    head.append(make("span", service(name)), make("span", word("since")));
    list.append(...rows.map((row) => line(row, nameOf(row), addressOf(row), idOf(row) === view.chosen)));
    return [head, list];
  });
}

function drawList() {
  const list = part("list"), signature = JSON.stringify([shown().map((row) => [idOf(row), shape(row), nameOf(row)]), [...known.silent], view.filter, view.chosen]);
  if (list.dataset.drawn !== signature) {
    const current = () => list.querySelector("[aria-current]"), before = current()?.getBoundingClientRect().top;
    const focused = document.activeElement?.closest("#list a")?.getAttribute("href");
    list.dataset.drawn = signature;
    list.replaceChildren(...groups());
    if (focused) [...list.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus({ preventScroll: true });
    if (before !== undefined && current() && box.offsetParent) box.scrollTop += current().getBoundingClientRect().top - before;
  }
  const ages = list.querySelectorAll(".age");
  shown().forEach((row, place) => { if (ages[place]) showAge(ages[place], row); });
}

function draw() {
  count();
  const empty = !known.rows.size;
  box.hidden = empty;
  page.classList.toggle("calm", empty && !view.chosen);
  page.toggleAttribute("data-open", Boolean(view.chosen));
  if (!empty) {
    drawFilters();
    drawList();
  }
  drawWork();
}

/* ---- the chosen key ---- */

/** Draws the right part if what it shows has changed. A result stays until the reader leaves it. */
function drawWork() {
  if (view.busy || view.is === "result") return;
  const row = chosenRow();
  const is = !view.chosen ? (known.rows.size ? "hint" : "calm") : pending.has(view.chosen) ? "lost" : row ? "key" : known.silent.has(view.chosen.split(" ")[0]) ? "silent" : "gone";
  const drawn = JSON.stringify([is, view.chosen, is === "key" && [shape(row), nameOf(row)], is === "calm" && [...known.silent]]);
  if (drawn === view.drawn) return;
  const isSame = view.is === "key" && is === "key" && view.row === view.chosen;
  if (isSame && view.dry && view.shape !== shape(row)) Object.assign(view, { dry: null, changed: true });
  const hadFocus = isSame && work.contains(document.activeElement) ? document.activeElement.id : "";
  Object.assign(view, { drawn, is, row: view.chosen, shape: row && shape(row) });
  work.replaceChildren(...{ hint, calm, lost, key, silent, gone }[is]());
  if (hadFocus) part(hadFocus)?.focus({ preventScroll: true });
}

const head = (text, level = "h2") => make(level, text, { tabindex: "-1", "data-result": "" });
const toList = () => Object.assign(make("a", word("to_list"), { href: "/parked", class: "btn", "data-list": "" }));
const callout = (className, role, ...content) => {
  const section = make("section", "", { class: `callout ${className}`, role });
  section.append(...content);
  return section;
};
const acts = (...content) => {
  const bar = make("div", "", { class: "acts" });
  bar.append(...content);
  return bar;
};

const hint = () => [head(word("choose")), make("p", word("choose_why"), { class: "dim" })];
const gone = () => [callout("ok", "status", head(word("gone")), make("p", word("gone_why"))), acts(toList())];
const silent = () => [callout("wait", "status", head(word("silent", { service: service(view.chosen.split(" ")[0]) }))), acts(toList())];

function calm() {
  const list = make("ul", "", { class: "services", "aria-label": word("services") });
  for (const name of SERVICES) {
    const item = make("li", "", { "data-service": name }), isSilent = known.silent.has(name);
    item.append(glyph(isSilent ? "alarm" : "signed"), make("b", service(name)), make("span", isSilent ? `${word("silent_short")}　${word("unknown")}` : word("none")));
    list.append(item);
  }
  const title = known.silent.size === SERVICES.length ? word("count_unknown") : known.silent.size ? word("calm_unknown") : word("calm", { n: SERVICES.length });
  return [head(title), make("p", word("calm_why"), { class: "dim" }), list, acts(make("a", word("to_city"), { href: "/city", class: "btn" }))];
}

function lost() {
  const { why, row } = pending.get(view.chosen), again = make("button", word("ask_again"), { type: "button", class: "btn main", id: "again" });
  again.addEventListener("click", () => send(row));
  return [callout("wait", "alert", head(word("lost")), make("p", why ?? word("redriving"))), acts(toList(), again)];
}

/** Only what the reader decides is kept while the facts are drawn anew. */
function key() {
  const row = chosenRow(), names = choices(row, known.decisions[row.service] ?? []);
  if (!names.includes(view.decision)) view.decision = names.length === 2 && names[0] === "none" ? "none" : null;
  const form = make("form", "", { id: "act", novalidate: "" }), dry = make("section", "", { id: "dry", class: "dry", tabindex: "-1", "aria-label": word("dry") });
  if (names.length) form.append(decisionField(names, view.decision));
  const field = make("label", "", { class: "field" }), text = make("textarea", "", { id: "reason", maxlength: "500", rows: "3" });
  text.value = view.reason;
  field.append(make("span", word("reason")), text, make("small", "", { class: "err", id: "fault", role: "alert" }));
  if (names.some(needsReason)) form.append(field);
  const tryIt = make("button", word("try"), { type: "submit", class: "btn", id: "try" }), redrive = make("button", word("redrive"), { type: "button", class: "btn main", id: "redrive" });
  form.append(acts(make("p", "", { id: "note" }), tryIt, redrive));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    tryDry(row);
  });
  redrive.addEventListener("click", () => send(chosenRow() ?? row));
  form.addEventListener("input", (event) => {
    if (event.target.name === "decision") Object.assign(view, { decision: event.target.value, dry: null, changed: false });
    if (event.target.id === "reason") view.reason = event.target.value;
    view.note = null;
    clearFault();
    drawActs();
  });
  const body = make("div", "", { class: "cols" }), which = make("section");
  which.append(make("h3", word("which")), facts(row, known.names[row.key], mayCase));
  body.append(which, dry);
  queueMicrotask(drawActs);
  return [acts(toList()), head(nameOf(row)), lead(row), body, form];
}

function drawActs() {
  if (!part("act")) return;
  const { dry } = view, moves = dry && (dry.answer.tried.some(isMoved) || dry.decision === "accept-theirs");
  part("redrive").disabled = view.busy || !moves;
  part("redrive").textContent = view.decision && view.decision !== "none" ? decisionText(view.decision) : word("redrive");
  part("try").disabled = view.busy;
  part("try").textContent = word(dry ? "try_again" : "try");
  part("note").textContent = view.busy ? word("trying") : view.note ?? (!dry ? word(view.changed ? "changed" : "first_try") : moves ? word("tried_at", { at: clockTime(dry.at) }) : word("moves_nothing"));
  const signature = dry ? String(dry.at.getTime()) : "";
  if (part("dry").dataset.drawn === signature) return;
  part("dry").dataset.drawn = signature;
  part("dry").replaceChildren(...(dry ? dryRun(dry) : []));
}

function dryRun({ answer, decision }) {
  const parts = [make("h3", word("dry"))];
  if (latches(answer)) parts.push(callout("wait", "note", make("h4", word("latches")), make("p", word("latches_why"))));
  parts.push(...results(answer, { dry: true }), make("p", after(answer, decision)));
  return parts;
}
const after = (answer, decision) => (decision === "accept-theirs" ? word("at_rebuild") : word(answer.waits ? "still_waits" : "all_moves"));

function clearFault() {
  if (!part("fault")) return;
  part("fault").textContent = "";
  part("reason").removeAttribute("aria-invalid");
  part("reason").removeAttribute("aria-describedby");
}

/** Whether what a person must say is there; if not, the place says so and has the focus. */
function isWhole(row) {
  clearFault();
  if (choices(row, known.decisions[row.service] ?? []).length && !view.decision) {
    part("note").textContent = word("choose_decision");
    part("decision").querySelector("input").focus();
    return false;
  }
  if (!needsReason(view.decision) || view.reason.trim()) return true;
  part("fault").textContent = word("reason_missing");
  part("reason").setAttribute("aria-invalid", "true");
  part("reason").setAttribute("aria-describedby", "fault");
  part("reason").focus();
  return false;
}

const bodyOf = (row) => ({ topic: row.topic, key: row.key, decision: view.decision === "none" ? null : view.decision, reason: view.reason.trim() || null });

async function tryDry(row) {
  if (view.busy || !isWhole(row)) return;
  const id = view.chosen, { decision } = view;
  Object.assign(view, { busy: true, note: null, changed: false });
  drawActs();
  const sent = { key: crypto.randomUUID(), district: row.district, body: bodyOf(row) };
  const { outcome, state, problem, seconds } = await ask(`/api/${row.service}/v1/parked/dry-run`, sent);
  if (view.chosen !== id) return;
  view.busy = false;
  if (view.decision !== decision) return drawActs(); // it was tried for another decision
  if (outcome === "refused") return showResult(refusal(row, "refused_try", problem));
  view.dry = outcome === "done" ? { answer: state, decision, at: new Date() } : null;
  view.note = outcome === "lost" ? word("lost_try") : outcome === "busy" ? word("busy", { n: seconds }) : null;
  drawActs();
  part("news").textContent = outcome === "done" ? after(state, decision) : view.note;
  if (outcome === "done") part("dry").focus();
}

async function send(row) {
  const id = idOf(row);
  if (view.busy || (!pending.has(id) && !isWhole(row))) return;
  if (!pending.has(id)) pending.set(id, { row, sent: { key: crypto.randomUUID(), district: row.district, body: bodyOf(row) } });
  const act = pending.get(id);
  view.busy = true;
  for (const button of work.querySelectorAll("button")) button.disabled = true;
  part("news").textContent = word("redriving");
  const { outcome, state, problem, seconds } = await ask(`/api/${row.service}/v1/parked/redrive`, act.sent);
  if (view.chosen === id) view.busy = false;
  act.why = outcome === "busy" ? word("busy", { n: seconds }) : word("lost_why");
  if (outcome === "done" || outcome === "refused") pending.delete(id);
  if (view.chosen === id) {
    if (outcome === "done") showResult(done(row, state, act.sent.body.decision));
    else if (outcome === "refused") showResult(refusal(row, "refused", problem));
    else {
      view.drawn = "";
      drawWork();
      focusResult();
    }
  }
  await refresh();
  if (view.chosen === id && part("next")) fillNext(row);
}

/* ---- what became of it ---- */

const focusResult = () => work.querySelector("[data-result]")?.focus({ preventScroll: innerWidth > 820 });

function showResult(content) {
  Object.assign(view, { is: "result", dry: null, note: null, drawn: "" });
  work.replaceChildren(...content);
  focusResult();
  work.scrollIntoView({ block: "nearest" });
}

function refusal(row, title, problem) {
  const again = make("button", word("to_key"), { type: "button", class: "btn", id: "reopen" });
  again.addEventListener("click", () => open(idOf(row)));
  const note = make("p", `${word("nothing_written")}　${word("code", { code: problem.code ?? "—" })}　${word("runbook")}: `, { class: "dim still" });
  note.append(runbook(row));
  return [callout("", "alert", head(word(title, { title: problem.title ?? "—" })), make("p", problem.next ?? "")), note, acts(toList(), again)];
}

function done(row, answer, decision) {
  const n = answer.tried.filter(isMoved).length, place = caseOf(row, known.names[row.key], mayCase);
  const title = decision === "accept-theirs" ? word("done_decided") : n ? word(answer.waits ? "done_some" : "done_all", { n }) : word("done_none");
  const rest = make("div", "", { class: "dry" }), next = make("p", "", { id: "next" });
  rest.append(...results(answer, { dry: false }));
  const bar = acts(toList());
  if (place) bar.append(make("a", place.text, { href: place.href, class: "btn" }));
  return [callout("ok", "status", head(title), make("p", `${nameOf(row)}　${after(answer, decision)}`)), rest, next, bar];
}

/** The list has been asked again since: the oldest of the other keys is the next one. */
function fillNext(row) {
  const [next] = ordered().filter((other) => idOf(other) !== idOf(row)).sort((a, b) => a.parked_at.localeCompare(b.parked_at));
  if (!next) {
    part("next").textContent = word(known.silent.size ? "count_unknown" : "none_next");
    return;
  }
  const link = make("a", word("next", { name: nameOf(next), age: span(secondsOf(next)) }), { href: addressOf(next), class: "btn main" });
  part("next").replaceChildren(link);
}

/* ---- which key is open: the address says so ---- */

function open(id, { focus = true } = {}) {
  Object.assign(view, { chosen: id, drawn: "", is: "", dry: null, busy: false, changed: false, note: null, decision: null, reason: "" });
  draw();
  if (focus && id) focusResult();
  if (focus && id && innerWidth <= 820) scrollTo(0, 0);
}

function fromAddress({ focus = false } = {}) {
  const query = new URLSearchParams(location.search), name = query.get("service") ?? "";
  if (!query.has("key")) view.filter = SERVICES.includes(name) ? name : view.filter;
  open(query.has("key") ? [name, query.get("topic") ?? "", query.get("key")].join(" ") : null, { focus });
}

page.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='/parked']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const left = view.chosen;
  history.pushState(null, "", link.getAttribute("href"));
  fromAddress({ focus: true });
  if ("list" in link.dataset) ([...part("list").querySelectorAll("a")].find((other) => other.getAttribute("href").includes(encodeURIComponent(left?.split(" ").pop() ?? "-"))) ?? work.querySelector("[data-result]"))?.focus();
});
addEventListener("popstate", () => fromAddress({ focus: true }));

async function round() {
  await refresh();
  setTimeout(round, EVERY_MILLISECONDS);
}

const query = new URLSearchParams(location.search);
view.filter = !query.has("key") && SERVICES.includes(query.get("service")) ? query.get("service") : "";
if (query.has("key")) view.chosen = [query.get("service") ?? "", query.get("topic") ?? "", query.get("key")].join(" ");
round();
