/* A form with method=dialog is carried out by its page's scripts. A press that comes before they have loaded is repeated when they have.
   The one script that is no module: it has to be there before the first form is drawn. */
{
  const early = new Map();
  const keep = (event) => {
    if (event.target.method !== "dialog") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    early.set(event.target, event.submitter);
  };
  document.addEventListener("submit", keep, true);
  document.addEventListener("DOMContentLoaded", () => { // modules have run by now
    document.removeEventListener("submit", keep, true);
    for (const [form, submitter] of early) if (form.isConnected) form.requestSubmit(submitter);
  });
}
