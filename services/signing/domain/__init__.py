"""The rules of signing, pure: no clock, no database, no broker. Aggregates decide and record the events that follow."""
