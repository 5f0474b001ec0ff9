"""One file per use case. Consumers, workers and the API all enter here."""
