"""Reads for pages, the API and the live stream: SELECT to models of the API (docs/architecture.md), of one snapshot for each response."""
