"""Blueprints and bodies: request → command or query → answer. No rule, no SQL."""
