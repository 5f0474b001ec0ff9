"""Loops without a message that wakes them: they look for what is due and carry it out in batches."""
