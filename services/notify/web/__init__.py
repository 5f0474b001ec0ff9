"""The page of messages: what was sent, what was deliberately not sent, and why each exists."""
