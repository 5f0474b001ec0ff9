"""`make doctor`: says in words what is wrong with a running installation, and what to do."""
