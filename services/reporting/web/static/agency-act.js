/* An act that sends all that an endpoint is: its form is filled with what the registry has now, and goes with that version. Until then it cannot be sent. */
const form = document.getElementById("act");
const words = JSON.parse(document.body.dataset.words).agency;
const row = document.getElementById("at-registry");

const say = (state, text) => {
  row.className = state;
  row.querySelector("[role=status]").textContent = text;
};

/** A chosen type that is granted no longer is shown, too: to leave it out is a decision of the reader. */
function tick(types) {
  const list = document.getElementById("types");
  for (const type of types.filter((name) => !form.querySelector(`[name="event_types"][value="${CSS.escape(name)}"]`))) {
    const box = Object.assign(document.createElement("input"), { type: "checkbox", name: "event_types", value: type });
    box.dataset.kind = "list";
    const label = Object.assign(document.createElement("label"), { className: "tick" });
    label.append(box, ` ${type.split(".").slice(1, -1).join(".")} ${words.not_granted}`);
    list.append(label);
  }
  for (const box of list.querySelectorAll("input")) box.checked = types.includes(box.value);
}

async function fill() {
  const headers = { "Accept-Language": document.documentElement.lang };
  const answer = await fetch(form.dataset.act, { credentials: "same-origin", cache: "no-store", headers }).catch(() => null);
  const found = await answer?.json().catch(() => null);
  if (!answer?.ok) return say("wrong", found?.title ?? words.no_answer);
  if (found.removed_at) return say("wrong", words.removed);
  form.dataset.version = found.revision;
  form.elements.url.value = found.url;
  form.elements.ordering.value = found.ordering;
  tick(found.event_types);
  const active = form.elements.active;
  if ("asItIs" in active.dataset) active.checked = found.active;
  say("ok", words.revision.replace("{n}", found.revision));
  form.querySelector("button.main").disabled = false;
}

fill();
