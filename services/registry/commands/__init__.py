"""One file per use case: the command, and its handler, which runs in the caller's transaction."""
