/* The home asks each service for its own counts over the front door; services never call each other. What does not answer is shown so, the rest stays. */
import { filled } from "/static/shell/filled.js";
import { current, places } from "/static/shell/head.js";
import { make } from "/static/shell/make.js";

const body = document.body;
const { home: words, home_row: rowNames } = JSON.parse(body.dataset.home);
const word = (name, facts = {}) => filled(words[name], facts);
const figure = (number) => number.toLocaleString("en-US");
const MOST_PAGES = 10;
const MOST_PARKED = 500; // of one answer
const DAY_MILLISECONDS = 86_400_000;

/** One answer of a service. Throws when there is none. */
async function ask(service, path) {
  const answer = await fetch(`/api/${service}/v1${path}`, { signal: AbortSignal.timeout(20_000) }).catch(() => null);
  if (!answer?.ok) throw Object.assign(new Error(`${service} ${path}: ${answer?.status}`), { service });
  return answer.json();
}

/** The items of a list. `whole` is false when there are more than are read. */
async function every(service, path, pages = MOST_PAGES) {
  const items = [];
  let next = "";
  for (let page = 0; page < pages && next !== null; page++) {
    const found = await ask(service, `${path}${path.includes("?") ? "&" : "?"}limit=200${next && `&cursor=${next}`}`);
    items.push(...found.items);
    next = found.next;
  }
  return { items, whole: next === null };
}

const loaded = {};
const once = (name, load) => (loaded[name] ??= load());
const projects = () => once("projects", async () => (await every("registry", "/projects")).items);
const standings = () => once("standings", () => ask("reporting", "/projects"));
const city = () => once("city", () => ask("reporting", "/city"));
const signed = (standing) => standing.bases.find((basis) => basis.basis === "units");
const frozen = async () => (await standings()).items.filter((project) => project.roll === "frozen");

/* Each row: how many, in words, by when, and where it leads if not where the page says. `calm`: nobody has to act. */
const listed = async (service, path, calm = false) => {
  const { items, whole } = await every(service, path, 2);
  return { n: items.length, more: !whole, calm, detail: items.slice(0, 2).map((unit) => [unit.compound, unit.building, unit.door].filter(Boolean).join(" ")).filter(Boolean).join(word("comma")) };
};
/* After the freeze nothing is imported. */
const inImports = async (state) => {
  const open = (await projects()).filter((project) => !project.roll_frozen_at);
  const found = await Promise.all(open.map((project) => ask("registry", `/projects/${project.project_id}/imports?unfinished=true&limit=200`)));
  const mine = found.flatMap(({ items }) => items.filter((one) => one.state === state));
  return { n: mine.length, detail: mine.slice(0, 2).map((row) => row.file_name).join(word("comma")), href: mine.length === 1 ? `/register/imports/${mine[0].import_id}` : undefined };
};
const perProject = async (path) => {
  const found = await projects();
  return Promise.all(found.map(async (project) => ({ project, ...(await every("registry", `/projects/${project.project_id}${path}`, 2)) })));
};
const summed = (found, href) => {
  const with_some = found.filter((part) => part.items.length);
  const first = with_some[0];
  return { n: with_some.reduce((sum, part) => sum + part.items.length, 0), more: with_some.some((part) => !part.whole), detail: with_some.map((part) => part.project.name).join(word("comma")), href: first && href(first.project) };
};
const decisions = () => once("decisions", async () => Promise.all((await frozen()).map((project) => ask("signing", `/projects/${project.project_id}`))));

const COUNT = {
  unfrozen: async () => {
    const open = (await projects()).filter((project) => !project.roll_frozen_at);
    const first = open.toSorted((a, b) => a.starts_at.localeCompare(b.starts_at))[0];
    const days = first && Math.ceil((Date.parse(first.starts_at) - Date.parse(`${body.dataset.today}T00:00:00+08:00`)) / DAY_MILLISECONDS);
    return { n: open.length, detail: open.map((project) => project.name).join(word("comma")), by: first && (days > 0 ? word("days_left", { days }) : word("started")), href: first && `/register/projects/${first.project_id}` };
  },
  faulty: () => inImports("faulty"),
  clean: () => inImports("clean"),
  unassigned: async () => summed(await perProject("/assignments?unassigned=true"), (project) => `/register/projects/${project.project_id}/assignments?unassigned=1`),
  mine: async () => {
    const [all, open] = await Promise.all(["", "&unsigned=true"].map((only) => every("signing", `/cases?mine=true${only}`)));
    return { n: open.items.length, more: !open.whole, calm: !open.items.length, detail: all.items.length ? word("mine_of", { all: all.items.length }) : word("not_known") };
  },
  ready: () => listed("signing", "/cases?state=locked"),
  half_signed: () => listed("signing", "/cases?half_signed=true"),
  drafts: () => listed("signing", "/cases?state=drafted"),
  returned: () => listed("signing", "/cases?state=returned"),
  unsigned: () => listed("signing", "/cases?unsigned=true"),
  disputed: async () => {
    const { items, whole } = await every("signing", "/cases?unsigned=true");
    const blocked = items.filter((unit) => unit.rights === "disputed");
    return { n: blocked.length, more: !whole, detail: blocked.slice(0, 2).map((unit) => `${unit.compound} ${unit.building} ${unit.door}`).join(word("comma")) };
  },
  to_go: async () => {
    const counted = (await frozen()).map((project) => ({ project, left: signed(project).denominator - signed(project).numerator }));
    const first = counted.toSorted((a, b) => b.left - a.left)[0];
    return { n: counted.reduce((sum, { left }) => sum + left, 0), detail: counted.map(({ project, left }) => `${project.name} ${figure(left)}`).join(word("comma")), href: first && `/wall?project=${first.project.project_id}` };
  },
  to_declare: async () => {
    const mine = (await decisions()).filter((project) => project.reached_at && !project.declared_at);
    return { n: mine.length, detail: mine.map((project) => project.name).join(word("comma")), href: mine[0] && `/desk/projects/${mine[0].project_id}/effect` };
  },
  to_close: async () => {
    const found = await Promise.all((await decisions()).filter((project) => !project.closed_at).map(async (project) => ({ project, days: await daysToClose(project) })));
    const mine = found.filter(({ days }) => days > 0);
    return { n: mine.reduce((sum, { days }) => sum + days, 0), detail: mine.map(({ project }) => project.name).join(word("comma")), href: mine[0] && `/desk/projects/${mine[0].project.project_id}/days` };
  },
  failed: async () => {
    const { failures } = await ask("notify", "/failures");
    return { n: failures.reduce((sum, failure) => sum + failure.messages, 0), detail: [...Map.groupBy(failures, (failure) => failure.channel)].map(([channel, mine]) => `${words[`channel_${channel}`]} ${figure(mine.reduce((sum, failure) => sum + failure.messages, 0))}`).join(word("comma")) };
  },
  held: async () => {
    const held = (await ask("notify", "/channels")).channels.filter((channel) => channel.held);
    return { n: held.length, detail: held.map((channel) => `${channel.district} ${words[`channel_${channel.channel}`]}`).join(word("comma")) };
  },
  parked: async () => {
    const found = await Promise.all(shownServices().map(async (service) => ({ service, keys: (await ask(service, "/parked")).keys.length })));
    const waiting = found.filter(({ keys }) => keys);
    return { n: waiting.reduce((sum, { keys }) => sum + keys, 0), more: waiting.some(({ keys }) => keys >= MOST_PARKED), detail: waiting.map(({ service, keys }) => `${words[`of_${service}`]} ${figure(keys)}`).join(word("comma")), href: waiting.length === 1 ? `/parked?service=${waiting[0].service}` : undefined };
  },
  proposed: async () => {
    const { items, whole } = await every("registry", "/grants");
    const mine = items.filter((grant) => grant.state === "proposed");
    return { n: mine.length, more: !whole, detail: mine.slice(0, 2).map((grant) => `${grant.agency} ${grant.purpose}`).join(word("comma")), href: mine.length === 1 ? `/register/agencies/${mine[0].district}/${encodeURIComponent(mine[0].agency)}` : undefined };
  },
  districts: async () => {
    const { districts } = await city();
    const left = (district) => district.projects.filter((one) => one.roll === "frozen").reduce((sum, one) => sum + signed(one).denominator - signed(one).numerator, 0);
    const most = districts.toSorted((a, b) => left(b) - left(a)).slice(0, 3);
    return { n: districts.length, calm: true, detail: most.map((district) => word("to_sign", { district: district.name, n: figure(left(district)) })).join(word("comma")) };
  },
  late: async () => {
    const late = (await city()).districts.filter((district) => (district.as_of.lag_seconds ?? 0) > 60);
    return { n: late.length, detail: late.map((district) => district.name).join(word("comma")) };
  },
  reveals: async () => recent(await every("registry", "/reveals"), "revealed_at"),
  searches: async () => recent(await every("registry", "/name-searches"), "searched_at"),
  exports: async () => recent(await every("registry", "/exports"), "exported_at"),
  annotations: async () => recent(await every("registry", "/annotations"), "annotated_at"),
  acts: () => listed("signing", `/acts?since=${encodeURIComponent(new Date(sevenDays()).toISOString())}`, true),
  taken: async () => {
    const since = Date.now() - 7 * DAY_MILLISECONDS;
    const { items, whole } = await every("registry", "/agencies");
    const counted = await Promise.all(items.map(async ({ district, agency }) => ({ district, agency, hours: (await ask("reporting", `/districts/${district}/agencies/${encodeURIComponent(agency)}/taken?limit=200`)).items.filter((hour) => Date.parse(hour.hour) >= since) })));
    const mine = counted.filter(({ hours }) => hours.length);
    const events = ({ hours }) => figure(hours.reduce((sum, hour) => sum + hour.events, 0));
    return { n: mine.length, more: !whole, calm: true, detail: mine.slice(0, 3).map((entry) => `${entry.agency} ${events(entry)}`).join(word("comma")), href: mine.length === 1 ? `/taken?district=${mine[0].district}&agency=${encodeURIComponent(mine[0].agency)}` : undefined };
  },
  rolls: async () => {
    const mine = (await projects()).filter((project) => project.roll_frozen_at);
    return { n: mine.length, calm: true, detail: mine.map((project) => project.name).join(word("comma")) };
  },
  declared: async () => {
    const mine = (await decisions()).filter((project) => project.reached_at);
    return { n: mine.length, calm: true, detail: mine.map((project) => project.name).join(word("comma")) };
  },
};

async function daysToClose(project) {
  const [last] = (await ask("signing", `/projects/${project.project_id}/days?limit=1`)).items;
  const day = (text) => Math.floor((Date.parse(text) + 8 * 3_600_000) / DAY_MILLISECONDS);
  const from = last ? day(`${last.business_on}T00:00:00+08:00`) + 1 : day(project.starts_at);
  const until = Math.min(day(`${body.dataset.today}T00:00:00+08:00`), day(project.ends_at));
  return Math.max(until - from, 0);
}

/** When the last seven days began, today among them. */
const sevenDays = () => Date.parse(`${body.dataset.today}T00:00:00+08:00`) - 6 * DAY_MILLISECONDS;

/** Of the last seven days. The list is oldest first. */
function recent({ items, whole }, at) {
  const mine = items.filter((record) => Date.parse(record[at]) >= sevenDays());
  return { n: mine.length, more: !whole, calm: true, detail: mine.slice(-2).map((record) => record.reason).join(word("comma")) };
}

const SERVICES = {
  registry: () => ask("registry", "/districts?limit=1"),
  signing: () => ask("signing", "/cases?limit=1"),
  notify: () => ask("notify", "/conservation"),
  reporting: standings,
};

const shownServices = () => Object.keys(SERVICES).filter((service) => document.getElementById(`health-${service}`));
const doubt = () => make("i", "", { class: "g", "aria-hidden": "true" });

async function fill(row) {
  const n = row.querySelector(".n"), detail = row.querySelector("[data-detail]"), link = row.querySelector("a");
  const found = await COUNT[row.dataset.row]().catch((error) => ({ silent: error.service ?? row.dataset.service }));
  if (found.silent) {
    row.className = "silent";
    detail.replaceChildren(doubt(), ` ${word("silent", { service: words[`of_${found.silent}`] })}`);
    return { failed: true };
  }
  row.className = found.n === 0 ? "none" : found.calm ? "" : "todo";
  n.textContent = `${figure(found.n)}${found.more ? "+" : ""}`;
  row.querySelector("span > b").textContent = filled(rowNames[row.dataset.row], { n: n.textContent });
  detail.textContent = found.detail || (found.n ? "" : word("nothing"));
  if (found.by) detail.append(make("span", found.by, { class: "by" }));
  if (found.href) link.href = found.href;
  return { todo: found.n > 0 && !found.calm, name: row.querySelector("span > b").textContent, n: n.textContent };
}

/** The heading is the finding. */
function conclude(results) {
  const todo = results.filter((result) => result.todo), silent = results.some((result) => result.failed);
  const finding = todo.length ? word("finding", { n: todo.length, first: todo[0].name, count: todo[0].n }) : word("calm");
  document.getElementById("finding").textContent = silent ? `${finding}${word("partly")}` : finding;
}

function fact(list, name, value, href) {
  const shown = make("dd");
  shown.append(href ? make("a", value, { href }) : value);
  list.append(make("dt", name), shown);
}

/** The project that the head shows, as reporting counts it. */
async function facts() {
  const list = document.getElementById("facts"), found = await standings().catch(() => null);
  const known = await places();
  const chosen = found && (found.items.find((project) => known && project.project_id === current(known)?.project_id) ?? found.items[0]);
  list.replaceChildren();
  if (!chosen) {
    fact(list, found ? word("no_project") : word("silent", { service: words.of_reporting }), "—");
    return;
  }
  document.getElementById("facts-name").textContent = chosen.name;
  document.getElementById("facts-day").textContent = chosen.district_name;
  for (const basis of chosen.bases) {
    const shown = basis.basis === "area" ? (value) => figure(Math.floor(value / 100)) : figure;
    const rate = basis.rate === null || basis.rate === undefined ? "—" : `${basis.rate}%`;
    fact(list, words[`basis_${basis.basis}`], `${rate}　${shown(basis.numerator)} / ${basis.denominator === null ? "—" : shown(basis.denominator)}`, `/wall?project=${chosen.project_id}`);
  }
  fact(list, word("as_of"), `${found.as_of.at ? new Date(found.as_of.at).toLocaleTimeString("en-GB", { timeZone: "Asia/Shanghai" }) : "—"}　${word("number")} ${figure(found.as_of.number)}`);
}

async function health(service) {
  const shown = document.getElementById(`health-${service}`), began = performance.now();
  const answered = await SERVICES[service]().then(() => true, () => false);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  if (answered) shown.replaceChildren(word("answers"), make("small", `　${word("seconds", { seconds })}`));
  else shown.replaceChildren(doubt(), ` ${word("no_answer")}`);
}

async function begin() {
  const rows = [...document.querySelectorAll("[data-row]")];
  const [results] = await Promise.all([Promise.all(rows.map(fill)), facts(), ...shownServices().map(health)]);
  const none = await projects().then((found) => found.length === 0, () => false);
  document.getElementById("begin").hidden = !none;
  if (none) {
    document.getElementById("wait-head").hidden = document.getElementById("rows").hidden = true;
    const known = await places();
    const first = known?.districts.length === 0; // then there is nothing yet to open a project in
    document.getElementById("begin-district").hidden = !first;
    if (first) for (const step of document.querySelectorAll("#begin .start .todo")) step.classList.remove("todo");
    if (first) document.querySelector("#begin .start .btn.main")?.remove();
    document.getElementById("finding").textContent = word(first ? "fresh_city" : "fresh");
  } else conclude(results);
  document.getElementById("rows").setAttribute("aria-busy", "false");
}

begin();
