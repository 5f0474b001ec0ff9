"""Every environment variable that payments reads, typed and checked at start."""

from shared.service.environment import Environment


class Settings(Environment):
    """Nothing beside what every service reads."""
