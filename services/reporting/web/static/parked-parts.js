/* What the page of parked events is drawn of: words, a line of the list, the facts of a key, what a dry run or a redrive answers. */
import { filled } from "/static/shell/filled.js";
import { instant } from "/static/shell/instant.js";
import { make } from "/static/shell/make.js";

const words = JSON.parse(document.body.dataset.words);
const NOTICE_SECONDS = 600, ALARM_SECONDS = 1800;
const OF_UNIT = ["registry-unit", "signing-case", "notify-message"], OF_PROJECT = ["registry-project", "registry-group", "signing-project"];

export const word = (name, facts = {}) => filled(words.parked[name], facts);
export const service = (name) => words.strip[name] ?? name;

export const glyph = (kind) => make("i", "", { class: `g ${kind}`, "aria-hidden": "true" });
const short = (type) => type.replace(/^(cn\.)?clearwater\./, "").replace(/\.(v\d+)$/, " $1");
const kind = (topic) => topic.split(".").pop();

export const secondsOf = (row) => Math.max(0, (Date.now() - Date.parse(row.parked_at)) / 1000);

export function span(seconds) {
  const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
  if (minutes < 1) return word("seconds", { n: Math.floor(seconds) });
  if (hours < 1) return word("minutes", { n: minutes });
  return hours < 48 ? word("hours", { n: hours, m: minutes % 60 }) : word("days", { n: Math.floor(hours / 24), m: hours % 24 });
}

/** How old it is, with the word that goes with the colour. */
export function showAge(node, row) {
  const seconds = secondsOf(row), tone = seconds >= ALARM_SECONDS ? "alarm" : seconds >= NOTICE_SECONDS ? "notice" : "", shown = `${tone} ${span(seconds)}`;
  if (node.dataset.shown === shown) return;
  node.dataset.shown = shown;
  node.dataset.tone = tone;
  node.replaceChildren(...(tone ? [glyph("alarm"), ` ${word(tone)} `] : []), span(seconds));
}

/** A reason in words. A code without a text is shown as it is. */
export function reason(code) {
  const [name, ...rest] = code.split(": "), text = words.parked_reason[name];
  return text ? filled(text, { what: rest.join(": ") }) : code;
}
const why = (code) => words.parked_why[code.split(": ")[0]] ?? words.parked_why.other;
export const outcome = (code) => words.parked_outcome[code] ?? filled(words.parked_outcome.stays, { reason: reason(code) });

export const isMoved = ({ outcome: code }) => ["applied", "repeat", "passed-over"].includes(code);

/** Where the case of a key is: of a unit that reporting knows, its case; else the register, which knows it first. */
export function caseOf(row, name, mayCase) {
  if (OF_UNIT.includes(kind(row.topic))) return { href: name && mayCase ? `/desk/${row.key}` : `/register/units/${row.key}`, text: word("see_case") };
  return OF_PROJECT.includes(kind(row.topic)) ? { href: `/wall?project=${row.key}`, text: word("see_project") } : null;
}

export function line(row, name, href, isChosen) {
  const item = make("li"), link = make("a", "", { href }), age = make("span", "", { class: "age" });
  if (isChosen) link.setAttribute("aria-current", "true");
  showAge(age, row);
  link.append(make("b", name), age, make("small", reason(row.reason)), make("small", row.behind ? word("behind", { n: row.behind }) : word("behind_none")));
  item.append(link);
  return item;
}

export function facts(row, name, mayCase) {
  const list = make("dl", "", { class: "facts" }), place = caseOf(row, name, mayCase);
  const add = (title, ...content) => {
    const value = make("dd");
    value.append(...content);
    list.append(make("dt", word(title)), value);
  };
  const code = (text) => make("code", text);
  add("event", code(short(row.type)));
  add("id", code(row.event_id));
  if (row.ours) add("ours", code(row.ours));
  add("of", ...(place ? [make("a", name || row.key, { href: place.href })] : [name || row.key]), `　${word("place", { n: row.sequence })}${row.epoch > 1 ? word("epoch", { n: row.epoch }) : ""}`);
  add("topic", code(row.topic));
  add("sent", make("span", instant(row.sent_at), { class: "nowrap" }));
  add("since_when", make("span", instant(row.parked_at), { class: "nowrap" }));
  add("waits_behind", word("waits_n", { n: row.behind + 1, m: row.behind }));
  add("runbook", runbook(row));
  return list;
}
/** The entry that says what to do, as a link. */
export function runbook(row) {
  const entry = row.reason === "diverged" ? "EventDiverged" : "EventParked";
  return make("a", entry, { href: `/docs/runbook#${entry.toLowerCase()}` });
}

export function lead(row) {
  const part = make("div", "", { class: "lead" });
  part.append(make("p", reason(row.reason), { class: "reason" }), make("p", why(row.reason)));
  return part;
}

/** The choices of a person. `none` where nothing must be decided. */
export function choices(row, decisions) {
  if (row.reason === "diverged") return decisions.filter((name) => name !== "accept-epoch");
  return row.reason === "epoch" && decisions.includes("accept-epoch") ? ["none", "accept-epoch"] : [];
}
export const needsReason = (decision) => ["keep-ours", "accept-theirs"].includes(decision);
export const decisionText = (name) => words.parked_decision[name] ?? name;

export function decisionField(names, chosen) {
  const field = make("fieldset", "", { class: "choice", id: "decision" });
  field.append(make("legend", word("decide")));
  for (const name of names) {
    const label = make("label", "", { class: "opt" }), box = make("input", "", { type: "radio", name: "decision", value: name, id: `decision-${name}` }), text = make("span");
    box.checked = name === chosen;
    text.append(make("b", decisionText(name)), make("small", words.parked_decision_why[name] ?? ""));
    label.append(box, text);
    field.append(label);
  }
  return field;
}

function table(heads, rows, { className = "", caption }) {
  const node = make("table", "", { class: `list ${className}` }), head = make("thead"), body = make("tbody"), titles = make("tr");
  titles.append(...heads.map((text) => make("th", text, { scope: "col" })));
  head.append(titles);
  for (const [first, ...rest] of rows) {
    const row = make("tr");
    row.append(make("th", first, { scope: "row" }), ...rest.map((text, place) => make("td", text, { "data-h": heads[place + 1] })));
    body.append(row);
  }
  node.append(make("caption", caption, { class: "sr" }), head, body);
  return node;
}

export const triedTable = (tried) => table(
  [word("event"), word("number"), word("outcome")],
  tried.map((event) => [short(event.type), `${event.sequence}${event.epoch > 1 ? word("epoch", { n: event.epoch }) : ""}`, outcome(event.outcome)]),
  { caption: word("which"), className: "tried" },
);

const value = (figure, text) => (figure.name === "latch" ? words.parked_value[text] : null) ?? (text || "—");
export const latches = (answer) => answer.figures.some((figure) => figure.name === "latch" && figure.after === "reached" && figure.before !== "reached");

/** Before and after: in a dry run what is now and would be, after a redrive what was and is. */
export function results(answer, { dry }) {
  const { tried, figures, changes } = answer, parts = [triedTable(tried)];
  const heads = [word("figure"), word(dry ? "before" : "was"), word(dry ? "after" : "is")];
  const named = figures.map((figure) => [[words.parked_figure[figure.name] ?? figure.name, figure.project].filter(Boolean).join("　"), value(figure, figure.before), value(figure, figure.after)]);
  parts.push(figures.length ? table(heads, named, { caption: word("figure"), className: "figures" }) : make("p", word("no_figure"), { class: "dim" }));
  parts.push(changes.length
    ? table([word("tables"), word("inserted"), word("updated"), word("deleted")], changes.map((change) => [change.table, change.inserted, change.updated, change.deleted]), { caption: word("tables"), className: "rows" })
    : make("p", word("no_row"), { class: "dim" }));
  return parts;
}
