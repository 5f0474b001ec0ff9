"""What reporting calls outside: the endpoints of agencies."""
