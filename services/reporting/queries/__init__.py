"""Reads for pages, the API and the live stream: SELECT → typed rows. All rows of one response come from one snapshot."""
