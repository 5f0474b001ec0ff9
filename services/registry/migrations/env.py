"""Runs the migrations of registry on the connection that `migrate` hands over. Statements are plain DDL, so there is no
metadata.
"""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
