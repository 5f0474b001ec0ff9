"""Reads for GET routes and pages: SELECT to typed rows. They never load an aggregate and never lock."""
