"""The schema of signing. Statements stand by theme in cases.py, signing.py and counting.py; versions/ puts them in order."""
