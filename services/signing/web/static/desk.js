/* The desk's acts. Each goes to the same API as everybody's, under one Idempotency-Key that is kept until there is an answer:
   after a lost answer the very same request is asked again, here or after a reload, and no second number is given. */

import { word } from "/static/shell/status.js";

const desk = document.getElementById("desk");
const answer = document.getElementById("answer");
const step = document.getElementById("step");
const acts = document.getElementById("acts");
const { unit, agreement, district } = desk.dataset;
const KEPT = `clearwater.desk.${unit}`;
const AGAIN_SECONDS = 4;
const api = "/api/v1";

const chosen = (name) => [...document.querySelectorAll(`input[name="${name}"]:checked`)];
const requests = {
  confirm: () => [`/cases/${unit}/rights/confirmations`, {}],
  review: () => [`/agreements/${agreement}/reviews`, { papers: chosen("paper").map((each) => each.value) }],
  lock: () => [`/agreements/${agreement}/locks`, {}],
  sign: (button) => {
    const [hand] = chosen("hand");
    return [`/agreements/${agreement}/signatures`, { right_holder: button.dataset.holder, hand: hand.value, capacity: hand.dataset.capacity }];
  },
};

const element = (tag, text, properties = {}) => Object.assign(document.createElement(tag), { textContent: text ?? "", ...properties });
let tries = 0;
let timer = 0;

const show = (...nodes) => {
  step.hidden = acts.hidden = true;
  answer.hidden = false;
  answer.replaceChildren(...nodes);
};

const refused = (problem) => {
  const said = element("div", "", { className: "said" });
  said.append(element("h2", problem.title), element("p", problem.next));
  const again = element("button", word("desk", "again"), { type: "button", className: "btn main" });
  again.addEventListener("click", () => location.reload());
  const row = element("div", "", { className: "acts" });
  row.append(element("p", word("desk", "refused_code", { code: problem.code })), again);
  show(said, row);
  again.focus();
};

const lost = (kept) => {
  tries += 1;
  const said = element("div", "", { className: "said wait" });
  said.append(element("h2", word("desk", "lost_head")), element("p", word("desk", "lost_why")));
  const now = element("button", word("desk", "lost_now"), { type: "button", className: "btn main" });
  now.addEventListener("click", () => send(kept));
  const what = element("p", word("desk", "lost_do"), { className: "strong" });
  const when = element("p", word("desk", "lost_tries", { tries, seconds: AGAIN_SECONDS }));
  const row = element("div", "", { className: "acts" });
  row.append(element("p", `${word("desk", "lost_hand")}　${word("desk", "lost_key", { key: kept.key.slice(0, 8) })}`), now);
  show(said, what, when, row);
  timer = setTimeout(() => send(kept), AGAIN_SECONDS * 1000);
};

const send = async (kept) => {
  clearTimeout(timer);
  sessionStorage.setItem(KEPT, JSON.stringify(kept));
  let response;
  try {
    response = await fetch(api + kept.path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": kept.key, "Clearwater-District": district, "Accept-Language": document.documentElement.lang },
      body: JSON.stringify(kept.body),
      credentials: "same-origin",
    });
    if (response.status === 503) throw new Error("busy");
  } catch {
    lost(kept);
    return;
  }
  sessionStorage.removeItem(KEPT);
  if (response.ok) location.replace(kept.then);
  else refused(await response.json());
};

for (const each of document.querySelectorAll(".shares i")) {
  const [parts, whole = "1"] = each.dataset.share.split("/");
  each.style.flexGrow = String(Number(parts) / Number(whole));
}
for (const button of document.querySelectorAll("[data-act]"))
  button.addEventListener("click", () => {
    button.disabled = true;
    const [path, body] = requests[button.dataset.act](button);
    const then = button.dataset.act === "sign" ? `${location.pathname}?step=sign` : location.pathname;
    send({ path, body, then, key: crypto.randomUUID() });
  });
const kept = sessionStorage.getItem(KEPT);
if (kept) send(JSON.parse(kept));
