"""The sample service of docs/how-to/add-a-service.md: `service` is its folder, events.py its module of the contract."""
