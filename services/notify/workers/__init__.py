"""Loops of the worker: send due messages, query unknown ones, plan complete facts, count."""
