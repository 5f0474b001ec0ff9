"""The containers: docker-compose.yml, written from the declaration, and what its steps run: secrets, databases and topics."""
