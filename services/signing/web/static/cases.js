/* Keeps what was asked for, so that the way back from a case leads to the same place of the same list. */
sessionStorage.setItem("clearwater.cases", location.search);
document.querySelector(`${location.hash || "#none"} a`)?.focus({ preventScroll: true });
