"""HTTP: requests → queries → answers. Every answer says as of when."""
