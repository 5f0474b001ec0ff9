"""What an operations team watches the system with: alerts, their routes, Prometheus' configuration, and the list of metrics."""
