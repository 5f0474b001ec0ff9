/* What happened to the unit in the register stands with the acts of the case. The browser asks the registry: services never call each other. */
import { instant } from "/static/shell/instant.js";
import { word } from "/static/shell/status.js";

const part = document.getElementById("in-register");
const MOST = 200;
const TYPES = { registered: "unit.registered", changed: "unit.registered", assigned: "unit.assigned" };

/* Who answers since then, or why it was changed. */
const detail = (event) => [event.group_name, event.officer_name, event.staff_number, event.reason].filter(Boolean).join(" ");

function row(event) {
  const item = part.querySelector("template").content.cloneNode(true);
  const put = (selector, text) => { item.querySelector(selector).textContent = text ?? ""; };
  const code = (selector, id) => { id ? put(`${selector} .code`, id) : item.querySelector(selector).remove(); };
  put("time", instant(event.at));
  item.querySelector("time").dateTime = event.at;
  const revision = event.fact === "changed" ? ` ${word("rights", "revision", { revision: event.revision })}` : "";
  put("b", part.dataset[event.fact] + revision);
  put(".by", event.by);
  put(".why", detail(event));
  put(".event a", TYPES[event.fact]);
  item.querySelector(".event a").href = `/events/clearwater.registry.${TYPES[event.fact]}.v1`;
  code(".event", event.event_id);
  code(".correction", event.correction_id);
  code(".trace-id", event.trace_id);
  // Whom the registry names authors to may see imports too.
  if (event.import_id && event.by) item.querySelector(".import a").href = `/register/imports/${event.import_id}`;
  else item.querySelector(".import").remove();
  return item;
}

/* The login, and who it is as far as signing knows. */
async function who(login) {
  const answer = await fetch(`/api/signing/v1/staff/${encodeURIComponent(login)}`).catch(() => null);
  if (!answer?.ok) return login;
  const { name, roles, staff_number: number } = await answer.json();
  return [name, ...roles.map((role) => word("roles", role)), number, login].filter(Boolean).join(" ");
}

async function name(items) {
  const known = new Map(await Promise.all([...new Set(items.map((item) => item.by).filter(Boolean))].map(async (login) => [login, await who(login)])));
  return items.map((item) => ({ ...item, by: known.get(item.by) }));
}

async function draw() {
  const answer = await fetch(`/api/registry/v1/units/${part.dataset.unit}/events?limit=${MOST}`).catch(() => null);
  const items = answer?.ok ? await name((await answer.json()).items) : null;
  if (items?.length) {
    part.querySelector("ol").append(...items.map(row));
    part.querySelector("ol").hidden = false;
  } else part.querySelector(`[data-of="${items ? "none" : "silent"}"]`).hidden = false;
}

draw();
