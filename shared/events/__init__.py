"""The contract: what services tell each other and other agencies. Start with contract.py."""
