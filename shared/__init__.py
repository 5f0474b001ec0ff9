"""What the four services must agree on, or must have alike: the contract, the mechanism, the service kit and the shell of every page."""
