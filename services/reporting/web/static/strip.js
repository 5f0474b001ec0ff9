/* The strip of the pipeline per district: journal, bus, screens, messages, subscribers. The browser asks each service for what waits in it
   (GET /api/<service>/v1/freshness) and puts the answers together; services never call each other. A service that does not answer is shown so.
   One sentence a district: the first step that is wrong. Later steps only wait for it. */
import { service as nameOfService } from "./parked-parts.js";
import { word } from "/static/shell/status.js";

const SERVICES = document.body.dataset.services.split(" ");
const STEP_OF = { reporting: "screens", notify: "messages" }; // the services that a step is about; all others write what happened
const WRITERS = SERVICES.filter((service) => !STEP_OF[service]);
const STEPS = ["journal", "bus", "screens", "messages", "subscribers"];
const EVERY_MILLISECONDS = 5000, PATIENCE_MILLISECONDS = 8000;
const LATE = { unsent: 10, consumer: 10, messages: 60, deliveries: 60 }; // seconds
const RUNBOOK = { silent: "ProcessDown", unsent: "OutboxStuck", behind: "ConsumerBehind", stopped: "ConsumerBehind", parked: "EventParked", due: "ChannelHeld", undelivered: "ProcessDown" }; // the entry of each alarm
const sorted = { done: false };

async function ask(service) {
  try {
    const answer = await fetch(`/api/${service}/v1/freshness`, { signal: AbortSignal.timeout(PATIENCE_MILLISECONDS), cache: "no-store" });
    if (!answer.ok) return { service, silent: true };
    return { service, districts: Object.fromEntries((await answer.json()).districts.map((entry) => [entry.district, entry])) };
  } catch {
    return { service, silent: true };
  }
}

const older = (fact, least) => fact && fact.number > 0 && fact.seconds >= least;
/* It had read everything when it last counted, and has not counted since: it does not run. */
const lag = ({ consumer }) => (consumer.number ? "behind" : "stopped");
const behind = (fact) => fact && fact.seconds >= LATE.consumer;

/** What is wrong in a district, in the order of the steps: step, alarm, service, seconds, number. */
function faults(answers, district) {
  const of = (service) => answers[service]?.districts?.[district] ?? {};
  const found = [];
  const add = (step, alarm, service, fact = {}) => found.push({ step, alarm, service, seconds: fact.seconds ?? null, number: fact.number ?? null });
  for (const service of WRITERS) if (answers[service]?.silent) add("journal", "silent", service);
  for (const service of SERVICES) if (older(of(service).unsent, LATE.unsent)) add("bus", "unsent", service, of(service).unsent);
  for (const service of WRITERS) if (behind(of(service).consumer)) add("bus", lag(of(service)), service, of(service).consumer);
  for (const service of WRITERS) if (of(service).parked?.number) add("bus", "parked", service, of(service).parked);
  for (const [service, step] of Object.entries(STEP_OF)) {
    if (answers[service]?.silent) add(step, "silent", service);
    if (behind(of(service).consumer)) add(step, lag(of(service)), service, of(service).consumer);
    if (of(service).parked?.number) add(step, "parked", service, of(service).parked);
  }
  if (older(of("notify").messages, LATE.messages)) add("messages", "due", "notify", of("notify").messages);
  if (older(of("reporting").deliveries, LATE.deliveries)) add("subscribers", "undelivered", "reporting", of("reporting").deliveries);
  return found;
}

const seconds = (value) => (value === null || value === undefined ? "—" : value >= 100 ? word("strip", "minutes", { n: Math.floor(value / 60) }) : word("strip", "seconds", { n: value.toFixed(1) }));
const oldest = (...facts) => facts.filter(Boolean).reduce((most, fact) => Math.max(most ?? 0, fact.seconds), null);
function ages(answers, district) {
  const of = (service) => answers[service]?.districts?.[district] ?? {};
  return {
    journal: WRITERS.some((service) => answers[service]?.silent) ? null : 0,
    bus: oldest(...SERVICES.map((service) => of(service).unsent)),
    screens: oldest(of("reporting").consumer),
    messages: oldest(of("notify").consumer),
    subscribers: oldest(of("reporting").deliveries),
  };
}

const sentence = (fault) => word("alarm", fault.alarm, { service: nameOfService(fault.service), span: seconds(fault.seconds), n: fault.number });

/* What a parked key says is a link to where it is tried and redriven. The link stays the same node, so it keeps the focus. */
function fill(node, text, fault) {
  const href = fault?.alarm === "parked" ? `/parked?service=${fault.service}` : null, link = node.querySelector("a");
  if (!href) {
    node.textContent = text;
    return;
  }
  const shown = link ?? document.createElement("a");
  shown.href = href;
  if (shown.textContent !== text) shown.textContent = text;
  if (!link) node.replaceChildren(shown);
}

function draw(strip, answers) {
  const { strip: district } = strip.dataset, wrong = faults(answers, district), first = wrong[0], at = STEPS.indexOf(first?.step), shown = ages(answers, district);
  for (const item of strip.querySelectorAll("[data-step]")) {
    const { step } = item.dataset, place = STEPS.indexOf(step), mine = wrong.some((fault) => fault.step === step);
    item.dataset.is = mine ? "wrong" : first && place > at ? "waits" : shown[step] === null ? "none" : "well";
    item.querySelector(".age").textContent = item.dataset.is === "waits" ? word("strip", "waits") : seconds(shown[step]);
  }
  fill(strip.querySelector(".finding"), first ? sentence(first) : word("strip", "well"), first);
  strip.dataset.wrong = first ? first.alarm : "";
  return wrong.map((fault) => ({ ...fault, district, name: strip.closest(".district").querySelector("h2").firstChild.textContent }));
}

/* A service that is silent is one alarm of the city, not one per district. */
function alarms(all) {
  const box = document.getElementById("alarms"), by = new Map();
  for (const fault of all) {
    const key = fault.alarm === "silent" ? `silent ${fault.service}` : `${fault.alarm} ${fault.service} ${fault.district}`;
    if (!by.has(key)) by.set(key, fault);
  }
  box.hidden = !by.size;
  const list = box.querySelector("ul"), drawn = new Map([...list.children].map((item) => [item.dataset.alarm, item]));
  for (const [key, item] of drawn) if (!by.has(key)) item.remove();
  [...by].forEach(([key, fault], place) => {
    const item = drawn.get(key) ?? alarm(key, fault);
    fill(item.querySelector("b"), `${fault.alarm === "silent" ? "" : `${fault.name}　`}${sentence(fault)}`, fault);
    if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null);
  });
}

function alarm(key, fault) {
  const item = document.createElement("li"), head = document.createElement("b"), act = document.createElement("span"), entry = document.createElement("a"), name = RUNBOOK[fault.alarm];
  item.dataset.alarm = key;
  act.textContent = word("alarm_do", fault.alarm);
  entry.href = `/docs/runbook#${name.toLowerCase()}`;
  entry.textContent = `${word("strip", "runbook")}: ${name}`;
  item.append(head, " ", act, " ", entry);
  return item;
}

/* Alarm first, once, on opening: nothing moves under the reader's finger. */
function sortOnce(all) {
  if (sorted.done) return;
  sorted.done = true;
  const wrong = new Set(all.filter((fault) => fault.alarm !== "silent").map((fault) => fault.district));
  const parent = document.querySelector(".columns"), parts = [...parent.querySelectorAll(":scope > .district")];
  const after = [...parts.filter((part) => wrong.has(part.dataset.district)), ...parts.filter((part) => !wrong.has(part.dataset.district))];
  if (after.some((part, place) => part !== parts[place])) parent.append(...after);
}

function nameOf(district) {
  return document.querySelector(`[data-strip="${district}"]`)?.closest(".district").querySelector("h2").firstChild.textContent ?? district;
}

/* A total of districts of different age says which one is late. */
function mixed(answers) {
  const node = document.getElementById("mixed");
  if (!node) return;
  const late = Object.values(answers.reporting?.districts ?? {}).filter((entry) => behind(entry.consumer));
  node.hidden = !late.length;
  const names = late.map((entry) => `${nameOf(entry.district)} ${seconds(entry.consumer.seconds)}`);
  node.textContent = `${names.join("　")} ${node.parentElement.dataset.late}`;
}

let latest = null;
function drawAll() {
  if (!latest) return;
  const all = [...document.querySelectorAll("[data-strip]")].flatMap((strip) => draw(strip, latest));
  alarms(all);
  sortOnce(all);
  mixed(latest);
}

async function round() {
  latest = Object.fromEntries((await Promise.all(SERVICES.map(ask))).map((answer) => [answer.service, answer]));
  drawAll();
  setTimeout(round, EVERY_MILLISECONDS);
}

/* The page is drawn anew now and then: the strip is filled in the same task. */
new MutationObserver((changes) => { if (changes.some((change) => change.target.id === "content")) drawAll(); })
  .observe(document.getElementById("content"), { childList: true });
round();
