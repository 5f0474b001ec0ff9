"""SQL of the feed: what the consumer has applied, numbered."""
