"""Every environment variable that reporting reads, typed and checked at start."""

from shared.service.environment import Environment


class Settings(Environment):
    """No settings beside those of every service."""
