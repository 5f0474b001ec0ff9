/* Commands on the chosen message. One key per button: pressing it again after a lost answer asks for the same thing, not twice. */
const acts = document.querySelector(".acts");
const said = document.getElementById("said");
const words = JSON.parse(document.body.dataset.words).act;

function refuse(title, next) {
  const box = document.createElement("div");
  box.className = "said";
  for (const [tag, text] of [["h2", title], ["p", next]]) {
    box.append(Object.assign(document.createElement(tag), { textContent: text }));
  }
  said.replaceChildren(box);
}

async function send(button) {
  button.dataset.key ||= crypto.randomUUID();
  const answer = await fetch(`${acts.dataset.address}/${button.dataset.to}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": button.dataset.key, "Clearwater-District": acts.dataset.district },
    body: button.dataset.body,
  });
  if (answer.ok) {
    location.reload();
    return;
  }
  const problem = await answer.json();
  refuse(problem.title, problem.next);
}

acts?.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-to]");
  if (!button) return;
  button.disabled = true;
  try {
    await send(button);
  } catch {
    refuse(words.lost, words.lost_next);
  } finally {
    button.disabled = false;
  }
});
