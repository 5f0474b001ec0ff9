"""The local platform: a real PostgreSQL, a real Kafka and every process of every service, without containers and without root.

Invariant: all of it lies in LOCAL_DIR and listens on loopback ports counted from PORT_BASE, so that two installations
run side by side; whatever `up` started, `down` stops by its process id.
Containers and clusters run some of these modules too: the issuer, the mailbox, the process `admin`.
Left to others: sample data (deploy/demo), containers (deploy/images), clusters (deploy/kubernetes), what the processes do (services/).
"""
