"""One file per use case: what is asked, and the function that carries it out in the caller's transaction."""
