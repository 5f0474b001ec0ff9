"""Backup and restore: databases to any point in time, keys and configuration, and the lists that are kept apart from both."""
