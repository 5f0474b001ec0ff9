"""What changes in reporting without an event: a display's grant, an endpoint that is switched on or tested, the outcome of a delivery."""
