"""The registry's rules: codes, documents, ownership, projects, imports. Pure: standard library and the contract only."""
