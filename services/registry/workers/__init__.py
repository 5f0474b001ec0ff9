"""Background work: imports."""
