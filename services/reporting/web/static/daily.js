/* The report is printed by the browser. */
document.getElementById("print")?.addEventListener("click", () => print());
