"""Chat accounts, and the chats that are told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "told_chats",
        sa.Column("shop_id", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("chat", sa.String(length=200), nullable=False),
        sa.Column("lang", sa.String(length=8), nullable=False),
        sa.Column("by_name", sa.String(length=100), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_told_chats_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "channel", "chat", name=op.f("pk_told_chats")),
    )
    op.create_table(
        "binding_codes",
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_binding_codes_person_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_binding_codes")),
    )
    op.create_table(
        "chat_people",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("bound_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_chat_people_person_id")),
        sa.PrimaryKeyConstraint("channel", "tenant", "user_id", name=op.f("pk_chat_people")),
    )
    with op.batch_alter_table("chat_people", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_chat_people_person_id"), ["person_id"], unique=False)

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("asker_id", sa.String(length=40), nullable=True))
