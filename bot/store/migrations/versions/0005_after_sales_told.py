"""What chats are told of new after-sales, when, and how fast."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "told_after_sales",
        sa.Column("shop_id", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("chat", sa.String(length=200), nullable=False),
        sa.Column("after_sale_id", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=80), nullable=True),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "channel", "chat", "after_sale_id", name=op.f("pk_told_after_sales")),
    )
    with op.batch_alter_table("told_after_sales", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_told_after_sales_shop_id_after_sale_id"), ["shop_id", "after_sale_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_told_after_sales_target"), ["target"], unique=False)
        batch_op.create_index(
            "ix_told_after_sales_waiting",
            ["shop_id", "channel", "chat", "entered_at"],
            unique=False,
            sqlite_where=sa.text("target IS NULL"),
            postgresql_where=sa.text("target IS NULL"),
        )

    op.create_table(
        "chat_turns",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("chat", sa.String(length=200), nullable=False),
        sa.Column("lane", sa.String(length=16), nullable=False),
        sa.Column("free_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "chat", "lane", name=op.f("pk_chat_turns")),
    )
    with op.batch_alter_table("told_chats", schema=None) as batch_op:
        batch_op.add_column(sa.Column("quiet_from", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("quiet_until", sa.Integer(), nullable=True))

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("not_before", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("turn_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("state_shown", sa.String(length=24), nullable=True))

    with op.batch_alter_table("after_sales", schema=None) as batch_op:
        batch_op.add_column(sa.Column("told", sa.Boolean(), nullable=False, server_default=sa.false()))
