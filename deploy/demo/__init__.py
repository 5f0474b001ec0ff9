"""A launch day before one's eyes: `make demo`, which is `python -m deploy.demo`."""
