"""Read models, one module each, fed by events and rebuildable from the first of them.

Stays true: topics overtake each other, so a module stores what its own topic says and waits for no other; what needs several is put
together in rates.py, under the project's lock, or when it is read.
"""
