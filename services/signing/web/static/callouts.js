/* What the desk says in place of the step: a refusal (what did not happen, why, what to do now), a lost answer, a page that is no longer so.

   Invariant: no code stands without its word, except where no catalogue has one; nothing here decides what is asked next. */

import { clockTime, word } from "/static/shell/status.js";

const element = (tag, text, properties = {}) => Object.assign(document.createElement(tag), { textContent: text ?? "", ...properties });
const words = JSON.parse(document.body.dataset.words);
const named = (section, code) => words[section]?.[code] ?? code;

/** A button of an answer. */
export const button = (text, act, main = false) => {
  const made = element("button", text, { type: "button", className: main ? "btn main" : "btn" });
  made.addEventListener("click", act);
  return made;
};

const head = (kind, title, ...why) => {
  const callout = element("div", "", { className: `callout${kind}` });
  const heading = element("h2", title, { tabIndex: -1 });
  heading.prepend(Object.assign(document.createElement("i"), { className: "g warn", ariaHidden: "true" }), " ");
  callout.append(heading, ...why.filter(Boolean).map((text) => element("p", text)));
  return callout;
};

const steps = (...rows) => {
  const list = element("ol", "", { className: "do" });
  for (const [what, why, act] of rows) {
    const row = element("li"), texts = element("span");
    texts.append(element("b", what), element("small", why));
    row.append(texts, act ?? "");
    list.append(row);
  }
  return list;
};

const still = (...texts) => {
  const row = element("p", "", { className: "still" });
  row.append(...texts.map((text) => element("span", text)));
  return row;
};

const failing = (failed) =>
  Object.entries(failed).map(([code, facts]) => [named("item", code), (facts?.missing ?? []).map((paper) => named("paper", paper)).join(word("status", "comma"))].filter(Boolean).join(word("status", "colon")));

/** What a refusal tells beside its sentence, in words. */
const facts = ({ facts: known = {} }) =>
  [
    known.state && word("desk", "fact_state", { state: named("state", known.state) }),
    known.valid_until && word("desk", "fact_until", { until: known.valid_until }),
    known.failed && word("desk", "fact_failed", { failed: failing(known.failed).join(word("status", "semicolon")) }),
    known.flaw && named("flaw", known.flaw),
    known.locked_at && word("desk", "fact_locked", { at: clockTime(known.locked_at) }),
    known.starts_at && word("desk", "fact_starts", { at: new Date(known.starts_at).toLocaleString(document.documentElement.lang, { timeZone: "Asia/Shanghai" }) }),
    known.ends_at && word("desk", "fact_ends", { at: new Date(known.ends_at).toLocaleString(document.documentElement.lang, { timeZone: "Asia/Shanghai" }) }),
  ].filter(Boolean);

const OLD = [404, 409, 412]; // what is on the screen is no longer so: it is read again, not sent again

/** `others`: another right-holder could sign meanwhile. */
export const refused = (problem, act, { look, back, others }) => {
  const old = OLD.includes(problem.status);
  const rows = [[words.next[problem.code] ?? problem.next, word("desk", old ? "refused_look" : "refused_back"), button(word("desk", old ? "again" : "go_back"), old ? look : back, true)]];
  if (others) rows.push([word("desk", "refused_others"), word("desk", "refused_others_why"), others]);
  const unchanged = word("desk", act === "sign" ? "refused_sign" : "refused_nothing");
  const trace = problem.status >= 500 ? [word("desk", "refused_trace", { id: problem.correlation_id })] : [];
  return [head("", problem.title, ...facts(problem)), steps(...rows), still(unchanged, ...trace, word("desk", "refused_code", { code: problem.code }))];
};

/** Somebody else has saved other terms since ours were read: `saved` shows them. */
export const conflict = (saved, { theirs, over, back }) => [
  head(" wait", word("desk", "conflict_head"), word("desk", "conflict_why")),
  saved,
  steps(
    [word("desk", "conflict_theirs"), word("desk", "conflict_theirs_why"), button(word("desk", "conflict_theirs_do"), theirs, true)],
    [word("desk", "conflict_over"), word("desk", "conflict_over_why"), button(word("desk", "conflict_over_do"), over)],
    [word("desk", "conflict_back"), "", button(word("desk", "go_back"), back)],
  ),
];

export const lost = (intent, { tries, seconds, busy, now }) => [
  head(" wait", word("desk", busy ? "busy_head" : "lost_head"), word("desk", busy ? "busy_why" : "lost_why")),
  steps(
    [word("desk", "lost_do"), word("desk", "lost_tries", { tries, seconds }), button(word("desk", "lost_now"), now, true)],
    [word("desk", "lost_other"), word("desk", "lost_other_why")],
  ),
  still(word("desk", "lost_hand"), word("desk", "lost_key", { key: intent.key.slice(0, 8) }), word("desk", "lost_at", { at: clockTime(intent.at) })),
];

export const reading = (now) => [head(" wait", word("desk", "reading_head"), word("desk", "reading_why")), steps([word("desk", "lost_do"), "", button(word("desk", "lost_now"), now, true)])];

/** `page` is what the server has now: its own stage and heading say the new state. */
export const stale = (page, look) => {
  const chip = page.querySelector(".house .chip").cloneNode(true), heading = page.getElementById("step-head").textContent.trim();
  const now = element("p", `${word("desk", "stale_now")} `);
  now.append(chip, ` ${heading}`);
  const callout = head(" wait", word("desk", "stale_head"), word("desk", "stale_why"));
  callout.append(now);
  return [callout, steps([word("desk", "stale_do"), word("desk", "stale_do_why"), button(word("desk", "stale_look"), look, true)])];
};

export const over = () => {
  const link = element("a", word("desk", "login"), { className: "btn main", href: `/login?next=${encodeURIComponent(location.pathname + location.search)}` });
  return [head(" wait", word("desk", "over_head"), word("desk", "over_why")), steps([word("desk", "over_do"), "", link])];
};
