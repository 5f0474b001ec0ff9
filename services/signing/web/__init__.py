"""The desk's pages. They ask the same API as everybody, with the reader's own session."""
