"""Reads for pages, the API and the live stream: SELECT → typed rows. All of one answer come from one snapshot."""
