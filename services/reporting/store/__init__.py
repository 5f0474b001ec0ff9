"""SQL of the write side, beside that of the projections: feed, exchange log, deliveries, statements, displays, the model's schema."""
