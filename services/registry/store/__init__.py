"""The only SQL of the write side."""
