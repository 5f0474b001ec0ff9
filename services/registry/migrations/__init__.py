"""The schema of registry: numbered versions of literal SQL (decision 14), carried out by shared/service/migrations.py."""
