"""Payments, a sample: the fifth service of docs/how-to/add-a-service.md. A test copies it into a tree of its own and starts it there."""
