/* Keeps what was asked for: the way back from a case leads to its row in the same list, and the browser puts the focus there. */
sessionStorage.setItem("clearwater.cases", location.search);
