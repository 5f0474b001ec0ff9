"""The only SQL of the write side. Everything loads under a lock, in one order: case, agreement, project, series."""
