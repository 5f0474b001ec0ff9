"""Runs a service's migrations on the connection that `Migrations.upgrade` passes. The SQL is literal, so there is no metadata."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
