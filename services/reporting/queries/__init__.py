"""Reads for pages, the API and the live stream: SELECT to models of the API (docs/architecture.md). All rows of one response come from one snapshot."""
