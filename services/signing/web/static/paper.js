/* Prints the paper; the page around it is light while it is printed. */
const root = document.documentElement;
const { theme } = root.dataset;

document.getElementById("print")?.addEventListener("click", () => print());
addEventListener("beforeprint", () => (root.dataset.theme = "light"));
addEventListener("afterprint", () => (root.dataset.theme = theme));
