"""What docker-compose.yml needs beside the services' own images: secrets, databases and topics, by the code of deploy/local."""
