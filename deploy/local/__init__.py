"""The local platform: a real PostgreSQL, a real Kafka and every process of every service, without containers and without root.

Invariant: all of it lies in LOCAL_DIR and listens on loopback ports counted from PORT_BASE, so that two installations
run side by side; whatever `up` started, `down` stops by its process id.
Left to others: sample data (deploy/demo), images and clusters (deploy/images), what the processes do (services/).
"""
