"""The registry's pages: import, units, people."""
