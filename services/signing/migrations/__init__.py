"""The schema of signing: numbered versions of literal SQL (decision 14), carried out by shared/service/migrations.py."""
