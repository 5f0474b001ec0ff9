"""Reads for GET routes and pages: SELECT to models of the API (docs/architecture.md). Names come masked; nothing here opens the vault."""
