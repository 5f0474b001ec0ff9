/* Orders without leaving the page. Every link and form marked data-swap works without this script; with it only the parts of the
   page change, the list keeps its place, and what became of an order is read out.

   Invariant: what is shown is the server's own page, taken over part by part. */

const PARTS = ["why", "stops", "head"];
const LOOK_MILLISECONDS = 2_000;
const LOOKS = 30; // a minute; then the page keeps its last words
const SILENT_MILLISECONDS = 15_000;
const OPEN = new Set(["waiting", "trying"]);
const words = JSON.parse(document.body.dataset.words).act;
const aloud = document.body.appendChild(Object.assign(document.createElement("p"), { className: "aloud" }));
aloud.setAttribute("aria-live", "polite");
let looks = 0;

/** The page as the server has it now; the browser follows a form's redirect by itself. */
async function read(address, options = {}) {
  const response = await fetch(address, { headers: { Accept: "text/html" }, credentials: "same-origin", signal: AbortSignal.timeout(SILENT_MILLISECONDS), ...options });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (!response.ok || !page.getElementById("why")) throw new Error(response.statusText);
  return { page, address: response.url };
}

function take({ page, address }) {
  for (const part of PARTS) {
    const [shown, fresh] = [document.getElementById(part), page.getElementById(part)];
    if (shown && fresh) shown.replaceWith(fresh);
    else if (shown && part === "stops") shown.remove();
    else if (fresh && part === "stops") document.getElementById("content").prepend(fresh);
  }
  document.querySelector("nav.box").innerHTML = page.querySelector("nav.box").innerHTML;
  history.replaceState(null, "", address);
}

/** The focus goes to what the person has to read next. */
function lead() {
  const [question, done] = [document.querySelector(".confirm [tabindex]"), document.getElementById("done")];
  if (done.textContent) {
    aloud.textContent = done.textContent;
    done.focus();
  } else if (question) question.focus();
  else document.querySelector(".acts .btn")?.focus();
}

function lost() {
  const done = document.getElementById("done");
  done.textContent = `${words.lost} ${words.lost_next}`;
  lead();
}

async function swap(address, options) {
  try {
    take(await read(address, options));
    lead();
    looks = 0;
  } catch {
    lost();
  }
}

/** After an order: looks again until it is known what became of it. */
async function look() {
  const [why, order] = [document.getElementById("why"), new URLSearchParams(location.search).get("did")];
  if (order !== "retry" || !OPEN.has(why.dataset.state) || document.querySelector(".confirm") || looks >= LOOKS) return;
  looks += 1;
  try {
    const found = await read(location.href);
    if (found.page.getElementById("why").dataset.state === why.dataset.state) return;
    take(found);
    aloud.textContent = document.getElementById("done").textContent;
  } catch {
    return; // the next look may succeed; the page says what was true at the last one
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-swap]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  swap(link.href);
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-swap]");
  if (!form) return;
  event.preventDefault();
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  swap(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
});

setInterval(look, LOOK_MILLISECONDS);
