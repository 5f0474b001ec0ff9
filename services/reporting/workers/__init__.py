"""Loops of the role `webhooks`: send to endpoints, state each day. And the rebuild of the read model, which a person starts."""
