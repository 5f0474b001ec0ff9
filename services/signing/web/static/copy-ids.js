/* One key copies the whole trace as lines of text: a request to those who read logs needs its ids. */
const button = document.getElementById("copy");
const done = document.getElementById("copy-done");

const lines = (item) => [...item.children].map((part) => part.textContent.trim()).filter(Boolean).join("\t");

button.addEventListener("click", async () => {
  const text = [...document.querySelectorAll(".trace li")].map(lines).join("\n");
  const copied = await navigator.clipboard?.writeText(text).then(() => true, () => false);
  done.textContent = copied ? button.dataset.copied : button.dataset.notCopied;
});
