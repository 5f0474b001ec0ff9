"""The rebuild of the read model, beside the consumer that runs."""
