"""Loops of the worker: send what is due, ask about what is in doubt, plan what has become complete, count."""
