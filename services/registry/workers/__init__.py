"""What goes on without a request: imports."""
