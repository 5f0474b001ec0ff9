"""The outside world: what carries a message the last mile, behind one Protocol (ports.py)."""
