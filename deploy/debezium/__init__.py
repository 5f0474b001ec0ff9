"""Debezium in place of the relay, where an installation asks for it (decision 50, docs/how-to/debezium.md)."""
