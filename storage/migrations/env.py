"""Alembic's entry: runs the revisions on the connection `storage.migrate` hands over."""

from alembic import context

from storage.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, compare_type=True, render_as_batch=False)
with context.begin_transaction():
    context.run_migrations()
