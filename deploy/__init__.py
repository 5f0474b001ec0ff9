"""How Clearwater is put on a machine: local/ without containers, demo/ with sample data, images/ for containers."""
