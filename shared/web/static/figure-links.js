/* Turns every figure on a page into a link to its explanation.

   A template marks a figure: data-figure="signed". What narrows it stands on it or around it: data-project, data-district, data-group,
   data-compound (or data-in), data-building, data-stage, data-series; data-day and data-restatement, for a closed day. The visible number stays as it is. Scripts may go on setting its text: the link is put back in the
   same task, before anything is drawn, and keeps the focus. A figure inside a link or a button is left alone. */
const NARROWING = { group: "group", compound: "compound", in: "compound", building: "building", stage: "stage", series: "series", day: "day", restatement: "restatement" };
const links = new WeakMap();
let focused = null;
const around = (node, name) => node.closest(`[data-${name}]`)?.dataset[name];
const digits = (text) => /\d[\d,]*(?![\d.%])/.exec(text ?? "")?.[0].replaceAll(",", "");

function address(node) {
  const query = new URLSearchParams({ figure: node.dataset.figure });
  const project = around(node, "project");
  if (project) query.set("project", project);
  else if (around(node, "district")) query.set("district", around(node, "district"));
  for (const [name, field] of Object.entries(NARROWING)) if (around(node, name) !== undefined && !query.has(field)) query.set(field, around(node, name));
  if (query.has("day")) return `/why?${query}`;
  const part = node.closest("[data-district][data-number]:not(body)");
  const drawn = part?.dataset.number ?? digits(document.getElementById("status-number")?.textContent);
  if (project && drawn) query.set("at", drawn);
  const was = /^[\d,]+$/.test(node.textContent.trim()) && digits(node.textContent);
  if (was) query.set("was", was);
  return `/why?${query}`;
}

function link(node) {
  if (!(node instanceof HTMLElement) || node.parentElement.closest("a, button") || !/\d/.test(node.textContent)) return;
  let anchor = links.get(node);
  if (anchor && anchor.parentNode === node && node.childNodes.length === 1) return;
  if (!anchor) {
    anchor = document.createElement("a");
    anchor.className = "figure";
    for (const event of ["pointerdown", "focus", "click"]) anchor.addEventListener(event, () => { anchor.href = address(node); });
    links.set(node, anchor);
  }
  const had = focused === anchor;
  anchor.remove();
  anchor.replaceChildren(...node.childNodes);
  node.append(anchor);
  anchor.href = address(node);
  if (had) anchor.focus({ preventScroll: true });
}

const all = () => document.querySelectorAll("[data-figure]").forEach(link);
document.addEventListener("focusin", (event) => { focused = event.target; });
document.addEventListener("focusout", (event) => { if (event.relatedTarget || document.contains(event.target)) focused = null; });
if (!document.body.dataset.display) {
  new MutationObserver(all).observe(document.getElementById("content"), { childList: true, subtree: true, characterData: true });
  all();
}
