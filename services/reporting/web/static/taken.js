/* What was taken: the registry says what was granted to the agency, and who decided. */
import { filled } from "/static/shell/filled.js";
import { instant } from "/static/shell/instant.js";
import { make } from "/static/shell/make.js";

const page = document.getElementById("taken");
const { taken: words, agency: of_agency } = JSON.parse(document.body.dataset.words);
const part = (id) => document.getElementById(id);

/** The whole of a list. Throws where there is no answer. */
async function every(path) {
  const items = [];
  for (let next = ""; next !== null; ) {
    const answer = await fetch(`/api/registry/v1${path}?limit=200${next && `&cursor=${next}`}`, { credentials: "same-origin", cache: "no-store" });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    const found = await answer.json();
    items.push(...found.items);
    next = found.next;
  }
  return items.filter((entry) => entry.district === page.dataset.district && entry.agency === page.dataset.agency);
}

const minute = (at) => instant(at).slice(0, 16);
const short = (type) => type.split(".").slice(2, -1).join(".");

function decided(grant) {
  const cell = make("td");
  const acts = [["proposed", grant.proposed_by, grant.proposed_at], ["approved", grant.approved_by, grant.approved_at], ["revoked", grant.revoked_by, grant.revoked_at]];
  for (const [name, by, at] of acts.filter(([, by]) => by)) {
    cell.append(make("span", filled(words[name], { by, at: minute(at) }), { class: "decided" }));
  }
  if (grant.reason) cell.append(make("small", grant.reason));
  return cell;
}

function row(grant) {
  const over = grant.state === "approved" && Date.parse(grant.ends_at) <= Date.now();
  const line = make("tr", "", { id: `grant-${grant.grant_id}`, "data-state": grant.state });
  const head = make("th", grant.purpose, { scope: "row" });
  head.append(make("small", grant.legal_basis), make("small", grant.grant_id.slice(-8), { class: "code" }));
  const types = make("td", "", { "data-h": of_agency.types });
  const all = make("details");
  all.append(make("summary", filled(words.n_types, { n: grant.event_types.length })), make("small", grant.event_types.map(short).join(" ")));
  types.append(all);
  const state = make("td", of_agency[`grant_${over ? "ended" : grant.state}`]);
  state.append(make("small", `${minute(grant.starts_at)} – ${minute(grant.ends_at)}`));
  line.append(head, types, decided(grant), state);
  return line;
}

async function draw() {
  const [grants, agencies] = await Promise.all([every("/grants"), every("/agencies")]).catch(() => [null, null]);
  if (!grants) return part("granted").replaceChildren(make("p", of_agency.no_answer));
  if (agencies.length) part("agency-name").textContent = `${agencies[0].name} ${agencies[0].office} ${page.dataset.agency}`;
  if (!grants.length) return part("granted").replaceChildren(make("p", of_agency.no_grant));
  const titles = make("tr");
  titles.append(...[of_agency.purpose, of_agency.types, words.decided, of_agency.state].map((name) => make("th", name, { scope: "col" })));
  const head = make("thead"), body = make("tbody"), table = make("table", "", { class: "list stacked" });
  head.append(titles);
  body.append(...grants.map(row));
  table.append(head, body);
  part("granted").replaceChildren(table);
  if (location.hash) part(location.hash.slice(1))?.scrollIntoView();
}

draw();
