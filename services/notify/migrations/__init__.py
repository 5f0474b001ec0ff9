"""The schema of notify. Statements stand by theme in known.py and messages.py; versions/ puts them in order."""
