"""Reads for GET routes and pages: SELECT to typed rows. Names come masked; nothing here opens the vault."""
