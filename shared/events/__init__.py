"""The contract: the events that services publish to each other and to other agencies. Start with contract.py."""
