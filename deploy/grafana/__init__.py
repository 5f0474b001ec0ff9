"""Dashboards of the operations team: boards.py is the one source, and the JSON beside it is what Grafana reads."""
