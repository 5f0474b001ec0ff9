/* The wall: the server drew it, the stream moves its figures. Nothing else on it moves, and every list is bounded. */
import { clockTime, count, word } from "/static/shell/status.js";
import * as bases from "./bases.js";
import { follow, redraw, watch } from "./live.js";
import { cut, printed } from "./rules.js";

const SLOTS = 6;
const GROUPS = 11;
const MOMENT_MILLISECONDS = 60_000;
const REFRESH_MILLISECONDS = 60_000;
const data = document.body.dataset;
const $ = (id) => document.getElementById(id);
const inMap = (selector) => [...$("map").querySelectorAll(selector)];
const rowOf = (group) => [...document.querySelectorAll("[data-group]")].find((row) => row.dataset.group === group);
const put = (node, text) => { if (node && node.textContent !== text) node.textContent = text; };

function figures(project) {
  const units = project.bases.find((basis) => basis.basis === "units");
  const households = project.bases.find((basis) => basis.basis === "households");
  put($("n"), count(units.numerator));
  put($("rate"), bases.rate(units));
  if (units.denominator !== null) {
    const share = `${(units.numerator / units.denominator) * 100}%`;
    put($("togo"), count(units.denominator - units.numerator));
    $("togo").classList.toggle("none", units.numerator === units.denominator);
    put($("togo-what"), word("live", "to_go", { n: $("togo").textContent }));
    put($("togo-households"), word("live", "to_go_households", { n: count(households.denominator - households.numerator) }));
    $("bar").querySelector(".done").setAttribute("width", share);
    const gap = $("bar").querySelector(".gap");
    gap.setAttribute("x", share);
    gap.setAttribute("width", units.numerator ? ".2%" : "0");
  }
  $("map").classList.toggle("untouched", units.numerator === 0);
  bases.move(document.querySelector(".bases-table"), project.bases);
  bases.call($("call"), project, data.condition);
}

function squares(changed) {
  for (const [square, cell] of changed) {
    if (square.classList.contains("s") === cell.done) continue;
    square.classList.toggle("s", cell.done);
    building(square.closest("[data-building]"));
  }
  const left = inMap("[data-building]").map((block) => [block.dataset.building, block.querySelector(".left").textContent]);
  put($("map-t"), `${word("live", "map")}${word("status", "colon")}${left.filter(([, n]) => n).map(([name, n]) => `${name} ${n}`).join(word("status", "comma"))}`);
}

function compound(name) {
  const node = inMap("[data-compound]").find((compound) => compound.dataset.compound === name);
  const mine = inMap("[data-in]").filter((block) => block.dataset.in === name);
  const left = mine.reduce((sum, block) => sum + Number(block.querySelector(".left").textContent || "0"), 0);
  const n = count(left), total = count(Number(node.dataset.total));
  put(node, $("map").dataset.brief ? `${n} / ${total}` : word("live", "unsigned_of", { n, total }));
}

function why(reasons) {
  for (const { name, units } of reasons) put(document.querySelector(`[data-reason="${name}"]`), count(units));
}

function building(block) {
  const left = block.querySelectorAll(".u:not(.s)").length;
  put(block.querySelector(".left"), left ? String(left) : "");
  put(block.querySelector(".all"), left ? "" : "✓");
  block.querySelector(".name").classList.toggle("t2", !left);
  for (const named of document.querySelectorAll("[data-worst]"))
    if (named.dataset.worst === block.dataset.building) put(named, String(left));
  compound(block.dataset.in);
}

/* The rows stay where they are, so that none moves under the reader's finger; a new drawing sorts them. */
function scoreboard(scores) {
  const worst = Math.max(...scores.map((score) => score.units - score.done), 0);
  for (const { name, done, units } of scores) {
    const row = rowOf(name);
    if (!row) continue;
    const width = worst ? ((units - done) / worst) * 100 : 0;
    put(row.querySelector(".r"), `${printed(cut(done, units))}%`);
    put(row.querySelector(".n"), `${done} / ${units}`);
    put(row.querySelector(".go b"), String(units - done));
    row.querySelector(".go b").classList.toggle("none", units === done);
    const bar = row.querySelector(".go rect");
    bar.setAttribute("x", `${100 - width}%`);
    bar.setAttribute("width", `${width}%`);
  }
}

function pace({ gained, recent, path, x, y, plan, ahead }) {
  put($("recent"), word("live", "recent", { n: count(recent) }));
  put($("pace-h"), word("live", "today", { n: count(gained) }));
  if ($("ahead") && ahead !== null) put($("ahead"), word("live", ahead < 0 ? "behind" : "ahead", { n: count(Math.abs(ahead)) }));
  document.querySelector(".pace .done").setAttribute("d", path);
  document.querySelector(".pace .planned").setAttribute("d", plan);
  const dot = document.querySelector(".pace .dot");
  dot.setAttribute("cx", x);
  dot.setAttribute("cy", y);
}

function signing(row) {
  const item = document.createElement("li");
  item.dataset.key = `${row.agreement_id}:${row.change}`;
  const span = (text, bold) => {
    const node = document.createElement("span");
    node.textContent = text;
    if (bold) {
      const strong = document.createElement("b");
      strong.textContent = bold;
      node.append(" ", strong);
    }
    item.append(node);
    return node;
  };
  span(clockTime(row.at)).className = "dim";
  if (row.change < 0) span(word("live", "rescinded"), "−1");
  else span(word("live", row.series), String(row.sequence_number).padStart(4, "0"));
  span(row.owner ?? "—");
  span(`${row.compound ?? ""} ${row.building ?? ""}-${row.door ?? "—"}`);
  return item;
}

/* New rows take the top slots, the others move down; six stay, the rest goes. */
function latest(rows) {
  const list = $("feed"), shown = rows.slice(0, SLOTS);
  if (!shown.length) return;
  list.querySelector(".none")?.remove();
  const known = new Map([...list.children].map((item) => [item.dataset.key, item]));
  const items = shown.map((row) => {
    const key = `${row.agreement_id}:${row.change}`, fresh = signing(row), old = known.get(key);
    if (old && old.textContent === fresh.textContent) return old;
    fresh.className = old ? old.className : "slot-in new";
    old?.replaceWith(fresh);
    return fresh;
  });
  for (const item of [...list.children]) if (!items.includes(item)) item.remove();
  items.forEach((item, place) => { if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null); });
  list.getBoundingClientRect();
  items.forEach((item, place) => {
    const lit = item.classList.contains("new");
    item.className = `slot-${place}${lit ? " new" : ""}`;
    if (lit) setTimeout(() => item.classList.remove("new"), 2400);
  });
}

/* The moment: the top turns to paper for a minute. */
function moment(project) {
  document.body.dataset.call = project.call;
  put($("moment-at"), clockTime(project.reached_at));
  for (const basis of project.bases) {
    const part = document.querySelector(`.moment [data-basis="${basis.basis}"]`);
    if (!part) continue;
    put(part.querySelector(".r"), bases.rate(basis));
    put(part.querySelector(".n"), bases.parts(basis));
  }
  paper();
}

function paper() {
  const parts = document.querySelectorAll(".head, .lead");
  document.body.dataset.moment = "1";
  parts.forEach((part) => { part.dataset.theme = "light"; });
  setTimeout(() => {
    delete document.body.dataset.moment;
    parts.forEach((part) => { delete part.dataset.theme; });
    redraw();
  }, MOMENT_MILLISECONDS);
}

/* All figures move to the event's number, or none does. */
function apply(live) {
  const project = live.projects.find((project) => project.project_id === data.project);
  if (!project) return true;
  const reached = project.call === "reached" && data.call !== "reached";
  if (project.cells === null || project.roll !== data.roll || (project.call !== data.call && !reached)) return false;
  const changed = project.cells.map((cell) => [$("map").querySelector(`[data-u="${cell.unit_id}"]`), cell]);
  const rows = document.querySelectorAll("[data-group]").length;
  if (changed.some(([square]) => !square) || rows !== Math.min(project.scores.length, GROUPS)) return false;
  figures(project);
  squares(changed);
  scoreboard(project.scores);
  pace(project.pace);
  why(project.reasons);
  latest(project.latest);
  if (reached) moment(project);
  return true;
}

const two = (value) => String(value).padStart(2, "0");
function remaining(until, now) {
  if (!until || !now) return "—";
  const seconds = Math.max(0, Math.floor((new Date(until).getTime() - now) / 1000)), days = Math.floor(seconds / 86_400);
  const clock = `${two(Math.floor(seconds / 3600) % 24)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return days ? word("live", "countdown", { days, clock }) : clock;
}

function clock({ asOf, now, state }) {
  put($("clock"), clockTime(now));
  for (const node of document.querySelectorAll(".countdown")) put(node, remaining(node.dataset.turnsAt, now));
  put($("count-h"), state === "stale" ? word("live", "signed_units_at", { at: clockTime(asOf.at) }) : word("live", "signed_units"));
}

const say = watch({ empty: () => data.roll !== "frozen", tick: clock });
follow({ base: data.stream, district: data.district, number: Number(data.number), apply, say });
setInterval(() => { if (!data.moment) redraw(); }, REFRESH_MILLISECONDS); // the order of the lists, the day's hours
if (data.moment) paper();
