/* The desk's page: one household, one step at a time. What it shows comes from the server's page and from nothing else.

   Invariant: an act names the version and the digest that are on the screen; while an answer is out, while the page is old and while
   there is no network, nothing can be pressed; after an act the focus is on the next step's heading, so that no second Enter signs for
   the next right-holder. */

import { word } from "/static/shell/status.js";
import { ask, decided, read, unanswered } from "./intents.js";
import * as myDesk from "./my-desk.js";
import * as callouts from "./callouts.js";

const AGAIN_SECONDS = 4;
const ANNOUNCED = ["take_up", "confirm", "review"]; // the step's heading stays, so the focus on it says nothing new
const LOOK_MILLISECONDS = 5_000;
const $ = (id) => document.getElementById(id);
const facts = () => $("desk").dataset;
const standing = () => myDesk.name(facts().person);
const chosen = (name) => [...document.querySelectorAll(`input[name="${name}"]:checked`)];
let held = false; // an answer stands in place of the step
let offline = false;
let timer = 0;

const reasonOf = (form) => ({ reason: form.elements.reason.value, note: form.elements.note?.value ?? "" });
const requests = {
  take_up: ({ unit }) => [`/cases/${unit}/rights/reviews`, {}],
  confirm: ({ unit, revision }) => [`/cases/${unit}/rights/confirmations`, { revision: Number(revision) }],
  review: ({ agreement, version }) => [`/agreements/${agreement}/reviews`, { papers: chosen("paper").map((box) => box.value) }, version],
  lock: ({ agreement, version }) => [`/agreements/${agreement}/locks`, {}, version],
  pre_register: ({ agreement, version }) => [`/agreements/${agreement}/pre-registrations`, {}, version],
  return: ({ agreement, version }, form) => [`/agreements/${agreement}/returns`, reasonOf(form), version],
  unlock: ({ agreement, version }, form) => [`/agreements/${agreement}/unlocks`, reasonOf(form), version],
  rescind: ({ agreement, version }, form) => [`/agreements/${agreement}/rescissions`, reasonOf(form), version],
  perform: ({ agreement, version }, form) => [`/agreements/${agreement}/performances`, { evidence: form.elements.evidence.value.trim() }, version],
  sign: ({ agreement, digest }, button) => {
    const [hand] = chosen("hand");
    return [`/agreements/${agreement}/signatures`, { right_holder: button.dataset.holder, hand: hand.value, capacity: hand.dataset.capacity, terms_digest: digest, papers: chosen("paper").map((box) => box.value), ...(standing() && { desk: standing() }) }];
  },
};

const hold = (nodes) => {
  held = true;
  $("notice").textContent = "";
  $("step").hidden = $("acts").hidden = true;
  $("answer").hidden = false;
  $("answer").replaceChildren(...nodes);
  $("answer").querySelector("h2").focus();
  scrollTo(0, 0);
};

const release = () => {
  held = false;
  $("step").hidden = $("acts").hidden = false;
  $("answer").hidden = true;
  $("answer").replaceChildren();
  $("step-head").focus();
};

const dress = () => {
  $("desk-name").textContent = standing() ?? $("desk-name").dataset.none;
  for (const part of document.querySelectorAll(".shares i")) {
    const [parts, whole = "1"] = part.dataset.share.split("/");
    part.style.flexGrow = String(Number(parts) / Number(whole));
  }
};

/** Takes over the page that the server has now. */
const adopt = (page, notice = "") => {
  held = false;
  $("desk").replaceWith(document.adoptNode(page.getElementById("desk")));
  $("status").replaceWith(document.adoptNode(page.getElementById("status")));
  $("notice").textContent = notice;
  dress();
  connected(true);
  $("step-head").focus();
  scrollTo(0, 0);
};

const connected = (yes) => {
  offline = !yes;
  document.body.classList.toggle("cut", offline);
  document.body.dataset.state = offline ? "late" : "live";
  if (offline) $("status-word").textContent = word("desk", "cut");
  const text = offline ? word("desk", "offline") : "";
  if ($("offline").textContent !== text) $("offline").textContent = text;
};

/** Whether the page is still so. A number that takes effect is shown as it does; anything else is first looked at. */
const look = async () => {
  if (held || document.querySelector("dialog[open]")) return;
  const { seen, view } = facts();
  const page = await read(location.href);
  if (held || facts().seen !== seen || facts().view !== view) return; // something was done meanwhile
  connected(page !== null);
  if (page === null) return;
  if (page === "login") return void hold(callouts.over());
  const now = page.getElementById("desk").dataset;
  if (now.seen === seen) $("status").replaceWith(document.adoptNode(page.getElementById("status")));
  else if (view === "number" && now.view === "number") adopt(page);
  else hold(callouts.stale(page, () => adopt(page)));
};

/** This page at another step; the list that led here stays in the address. */
const at = (step) => {
  const address = new URL(location.href);
  address.searchParams.delete("holder");
  address.searchParams.delete("step");
  if (step) address.searchParams.set("step", step);
  return address.href;
};

const settle = async (notice) => {
  clearTimeout(timer);
  const page = await read(location.href);
  if (page === "login") hold(callouts.over());
  else if (page) adopt(page, notice);
  else {
    hold(callouts.reading(() => settle(notice)));
    timer = setTimeout(() => settle(notice), AGAIN_SECONDS * 1000);
  }
};

/** Somebody else's hand was stored before ours: then theirs is what was signed. */
const stored = (intent, state) => {
  const holder = intent.act === "sign" && state.right_holders.find((owner) => owner.person_id === intent.body.right_holder);
  return holder && (holder.hand !== intent.body.hand || holder.capacity !== intent.body.capacity);
};

const send = async (intent, tries = 1) => {
  clearTimeout(timer);
  held = true;
  $("desk").setAttribute("aria-busy", "true");
  const answer = await ask(intent, facts().district);
  $("desk").removeAttribute("aria-busy");
  if (answer.outcome === "done") {
    if (["sign", "unlock", "return"].includes(intent.act)) history.replaceState(null, "", at(""));
    await settle(stored(intent, answer.state) ? word("desk", "stored") : answer.again ? word("desk", "answered") : ANNOUNCED.includes(intent.act) ? word("desk", `did_${intent.act}`) : "");
  } else if (answer.outcome === "refused") {
    const others = document.querySelector(".holders a[data-go]")?.cloneNode(true);
    if (others) others.textContent = word("desk", "others");
    hold(callouts.refused(answer.problem, intent.act, { look: () => settle(""), back: release, others }));
  } else {
    const seconds = answer.seconds ?? AGAIN_SECONDS, now = () => send(intent, tries + 1);
    hold(callouts.lost(intent, { tries, seconds, busy: answer.outcome === "busy", now }));
    timer = setTimeout(now, seconds * 1000);
  }
};

const begin = (act, from) => {
  if (held) return;
  if (offline) {
    $("notice").textContent = word("desk", "offline_acts");
    return;
  }
  if (act === "sign" && !chosen("hand").length) {
    $("notice").textContent = word("desk", "choose_hand");
    document.querySelector('input[name="hand"]:enabled')?.focus();
    return;
  }
  $("notice").textContent = word("desk", "sending");
  send(decided(facts().unit, act, requests[act](facts(), from)));
};

/** The form of an act that wants a reason; the rescission is confirmed in a second phase. */
const submitted = (form) => {
  const [reason, sure] = form.querySelectorAll("[data-phase]"), fault = form.querySelector(".fault"), { number } = form.elements;
  fault.textContent = "";
  if (!sure || sure.hidden) {
    const missing = [...reason.querySelectorAll(":required")].find((field) => !field.checkValidity() || !field.value.trim());
    if (missing) {
      fault.textContent = fault.dataset.reason;
      missing.focus();
      return;
    }
    if (sure) {
      sure.hidden = false;
      reason.hidden = true;
      const button = form.querySelector("[type=submit]");
      button.textContent = button.dataset.sure;
      number.focus();
      return;
    }
  } else if (number.value.trim() !== number.dataset.wanted) {
    fault.textContent = fault.dataset.number;
    number.focus();
    return;
  }
  form.closest("dialog").close();
  begin(form.dataset.act, form);
};

const go = async (address) => {
  history.replaceState(null, "", address);
  await settle("");
};

document.addEventListener("click", (event) => {
  const it = event.target.closest("button, a");
  if (!it || it.getAttribute("aria-disabled") === "true") return;
  if (it.dataset.act) begin(it.dataset.act, it);
  else if ("begin" in it.dataset) go(at("sign"));
  else if ("go" in it.dataset) {
    event.preventDefault();
    go(it.getAttribute("href"));
  } else if (it.dataset.ask) $(`ask-${it.dataset.ask}`).showModal();
  else if ("close" in it.dataset) it.closest("dialog").close();
  else if ("print" in it.dataset) print();
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches("dialog form")) return;
  event.preventDefault();
  submitted(event.target);
});

// Paper is light, whatever the screen is.
const theme = document.documentElement.dataset.theme;
addEventListener("beforeprint", () => (document.documentElement.dataset.theme = "light"));
addEventListener("afterprint", () => (document.documentElement.dataset.theme = theme));
addEventListener("offline", () => connected(false));
for (const event of ["online", "focus"]) addEventListener(event, look);
setInterval(() => document.hidden || look(), LOOK_MILLISECONDS);

dress();
const unfinished = unanswered(facts().unit);
if (unfinished) send(unfinished);
