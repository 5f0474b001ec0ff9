"""See wiring.py."""
