/* Narrows the list of events by words, owner and audience. The form is shown by this script, since it does nothing without it. */
const form = document.getElementById("filter");

function narrow() {
  const words = form.words.value.trim().toLowerCase().split(/\s+/);
  const rows = [...document.querySelectorAll("#events tbody tr")];
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    const fits = ["owner", "audience"].every((name) => ["", row.dataset[name]].includes(form[name].value));
    row.hidden = !fits || !words.every((word) => text.includes(word));
  }
  const left = rows.filter((row) => !row.hidden).length;
  const shown = document.getElementById("shown");
  shown.textContent = shown.dataset.words.replace("{n}", left);
  document.getElementById("none").hidden = left > 0;
}

if (form) {
  form.hidden = false;
  form.addEventListener("input", narrow);
  form.addEventListener("submit", (event) => event.preventDefault());
  narrow(); // a browser that comes back has kept what was typed
}
