"""The page of messages, sent and deliberately not sent, each with its lineage."""
