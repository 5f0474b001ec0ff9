"""Reads for GET routes and pages: SELECT → typed rows."""
