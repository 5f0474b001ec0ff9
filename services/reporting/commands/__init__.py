"""What people change in reporting: the grants of displays. Everything else here follows from events."""
