"""How Clearwater runs, is watched and is kept: without containers (local), in containers (images), in a cluster (kubernetes).

declaration.py is the one declaration that all of them read; README.md describes them.
"""
