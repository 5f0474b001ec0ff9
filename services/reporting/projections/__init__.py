"""Read models, one module each, fed by events and rebuildable from the first of them.

Invariant: topics arrive in any order, so a module stores the data of its own topic and waits for no other. Data from several topics is
combined in tallies.py, under the project's lock, or when it is read.
"""
