"""Loops that poll for due work and do it in batches."""
