"""HTTP: requests → queries → answers. Every response says as of when it is right."""
