"""The desk's pages. They use the public API with the user's own session."""
