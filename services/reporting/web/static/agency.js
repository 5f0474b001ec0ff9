/* My subscriptions: draws the live part again, asks the registry for grants and secrets, and reads the feed from a cursor. */
import { filled } from "/static/shell/filled.js";
import { make } from "/static/shell/make.js";

const AGAIN_MILLISECONDS = 4000;
const SOON_DAYS = 14; // as the alert GrantEndsSoon
const DAY_MILLISECONDS = 86_400_000;
const page = document.querySelector(".agency-page");
const words = JSON.parse(document.body.dataset.words).agency;
const part = (id) => document.getElementById(id);

/** The answer with its document, or null where there is none: a page says so and goes on. */
async function read(address) {
  const headers = { "Accept-Language": document.documentElement.lang };
  const answer = await fetch(address, { credentials: "same-origin", cache: "no-store", headers }).catch(() => null);
  const document_ = await answer?.json().catch(() => null);
  return document_ ? { answer, document: document_ } : null;
}

const problem = (found) => found?.document.title ?? words.no_answer;

async function refresh() {
  const answer = await fetch(location.href, { credentials: "same-origin", cache: "no-store" }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const drawn = new DOMParser().parseFromString(await answer.text(), "text/html");
  // The endpoint has come or gone: forms and secrets of the other part are of another one.
  if (drawn.querySelector(".agency-page")?.dataset.endpoint !== page.dataset.endpoint) return location.reload();
  for (const id of ["live", "heading", "endpoint-acts"]) {
    const fresh = drawn.getElementById(id), shown = part(id);
    // What a person works with stays; a place that only speaks, as the answer to a test does, is drawn again and keeps the focus.
    const focused = shown.contains(document.activeElement) ? document.activeElement : null;
    if (!fresh || focused?.tabIndex >= 0 || fresh.innerHTML === shown.innerHTML) continue;
    shown.replaceChildren(...fresh.childNodes);
    if (focused) part(focused.id)?.focus();
  }
}

const day = (instant) => new Date(instant).toLocaleDateString("sv", { timeZone: "Asia/Shanghai" });
const short = (type) => type.split(".").slice(2, -1).join(".");

function grantRow(grant) {
  const over = grant.state === "approved" && Date.parse(grant.ends_at) <= Date.now();
  const state = over ? "ended" : grant.state;
  const row = make("tr", "", { "data-state": state });
  const head = make("th", grant.purpose, { scope: "row" });
  head.append(make("small", grant.legal_basis));
  const types = make("td");
  types.append(...grant.event_types.flatMap((type, index) => {
    const link = make("a", short(type), { href: `/events/${encodeURIComponent(type)}`, title: type });
    return index ? [make("span", " "), link] : [link];
  }));
  const until = make("td", day(grant.ends_at), { "data-h": words.until });
  const statusCell = make("td", words[`grant_${state}`]);
  const days = Math.ceil((Date.parse(grant.ends_at) - Date.now()) / DAY_MILLISECONDS);
  if (state === "approved" && days <= SOON_DAYS) statusCell.append(make("small", filled(words.grant_ends_soon, { n: days })));
  if (grant.reason) statusCell.append(make("small", grant.reason));
  row.append(head, types, until, statusCell);
  return row;
}

async function drawGrants() {
  const found = await read(`${page.dataset.registry}/grants?limit=200`);
  if (!found?.answer.ok) return void part("grants").replaceChildren(make("p", problem(found)));
  const table = make("table", "", { class: "list stacked" });
  const titles = make("tr");
  titles.append(...["purpose", "types", "until", "state"].map((name) => make("th", words[name], { scope: "col" })));
  const head = make("thead");
  head.append(titles);
  const body = make("tbody");
  body.append(...found.document.items.map(grantRow));
  table.append(head, body);
  part("grants").replaceChildren(found.document.items.length ? table : make("p", words.no_grant));
}

async function showSecrets(button) {
  const list = part("secrets"), on = list.hidden;
  button.setAttribute("aria-expanded", String(on));
  list.hidden = !on;
  list.replaceChildren();
  if (!on) return;
  const found = await read(`${page.dataset.registry}/endpoints/${button.dataset.endpoint}/secrets`);
  if (!found?.answer.ok) return void list.append(make("li", problem(found)));
  for (const { secret, ends_at } of found.document.secrets) {
    const item = make("li");
    item.append(make("code", secret), make("small", ends_at ? words.signs_until.replace("{at}", `${day(ends_at)} ${new Date(ends_at).toLocaleTimeString("sv", { timeZone: "Asia/Shanghai" })}`) : words.newest));
    list.append(item);
  }
}

async function readFeed(form) {
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));
  const found = await read(`${page.dataset.reporting}/feed?${query}`);
  const cursor = found?.answer.headers.get("Clearwater-Cursor") ?? "";
  part("feed-answer").hidden = false;
  part("feed-on").hidden = !cursor;
  part("feed-on").dataset.cursor = cursor;
  if (!found?.answer.ok) {
    part("feed-place").textContent = problem(found);
    part("feed-events").textContent = [found?.document.code, found?.document.next].filter(Boolean).join("\n");
    return;
  }
  const skipped = found.answer.headers.get("Clearwater-Skipped");
  part("feed-place").textContent = [filled(words.read_n, { n: found.document.length }), skipped && filled(words.skipped, { numbers: skipped }), `after=${cursor}`].filter(Boolean).join("　");
  part("feed-events").textContent = found.document.length ? JSON.stringify(found.document, null, 2) : words.at_end;
}

if (page) {
  drawGrants();
  setInterval(refresh, AGAIN_MILLISECONDS);
  part("show-secrets")?.addEventListener("click", (event) => showSecrets(event.currentTarget));
  part("feed").addEventListener("submit", (event) => {
    event.preventDefault();
    readFeed(event.currentTarget);
  });
  part("feed-on").addEventListener("click", (event) => {
    part("feed-after").value = event.currentTarget.dataset.cursor;
    readFeed(part("feed"));
  });
}
