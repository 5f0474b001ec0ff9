/* What was corrected in the register stands with the acts of the case. The browser asks the registry: services never call each other. */
import { instant } from "/static/shell/instant.js";
import { word } from "/static/shell/status.js";

const part = document.getElementById("in-register");
const MOST = 200;

function row({ correction_id: id, revision, reason, corrected_by: by, corrected_at: at }) {
  const item = part.querySelector("template").content.cloneNode(true);
  const put = (selector, text) => { item.querySelector(selector).textContent = text; };
  put("time", instant(at));
  item.querySelector("time").dateTime = at;
  put("b", word("rights", "revision", { revision }));
  put(".by", by);
  put(".why", reason);
  put(".code", id);
  return item;
}

async function draw() {
  const answer = await fetch(`/api/registry/v1/units/${part.dataset.unit}/corrections?limit=${MOST}`).catch(() => null);
  if (answer?.status === 403) return; // who may not read them has the link
  const items = answer?.ok ? (await answer.json()).items : null;
  if (items?.length) {
    part.querySelector("ol").append(...items.toReversed().map(row));
    part.querySelector("ol").hidden = false;
  } else part.querySelector(`[data-of="${items ? "none" : "silent"}"]`).hidden = false;
}

draw();
