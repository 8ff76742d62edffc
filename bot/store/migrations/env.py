"""Runs the migrations on the connection that `migrate.py` hands over."""

from typing import Literal

from alembic import context

from bot.store.schema import Moment, metadata


def render(kind: str, item: object, _context: object) -> str | Literal[False]:
    """A revision must not change when `Moment` does: it is a whole number in the table."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, Moment) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=False,
    render_item=render,
)
context.run_migrations()
