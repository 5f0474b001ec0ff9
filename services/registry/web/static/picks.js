/* Units that are picked to be assigned: how many, how many of them change hands, and the officers of the chosen group only. */
const form = document.getElementById("assign");
const picks = [...(form?.querySelectorAll("[name=unit_ids]") ?? [])];
const all = document.getElementById("all"), picked = document.getElementById("picked");
const group = document.getElementById("group"), staff = document.getElementById("staff");
const none = picked?.textContent;

function count() {
  const mine = picks.filter((pick) => pick.checked);
  const held = mine.filter((pick) => pick.dataset.held).length;
  picked.textContent = mine.length ? picked.dataset.words.replace("{n}", mine.length).replace("{held}", held) : none;
  picks[0].setCustomValidity(mine.length ? "" : none);
  all.checked = mine.length === picks.length;
  all.indeterminate = mine.length > 0 && mine.length < picks.length;
}

function narrow() {
  for (const option of staff.options) option.hidden = option.disabled = Boolean(option.dataset.group) && option.dataset.group !== group.value;
  if (staff.selectedOptions[0]?.disabled) staff.value = "";
}

if (picks.length && all) {
  form.addEventListener("change", (event) => {
    if (event.target === all) for (const pick of picks) pick.checked = all.checked;
    count();
    narrow();
  });
  count();
  narrow();
}
