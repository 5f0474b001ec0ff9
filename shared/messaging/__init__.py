"""Moving events: relay on the emitter's side, inbox, consumer, parking and redrive on the reader's. No business noun."""
