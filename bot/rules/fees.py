"""What is charged, when, by whom and to whom (F1–F5), and what a carrier compensates (U8). Whole fen throughout."""

from __future__ import annotations

from bot.domain.case import SettledBy, State
from bot.rules.rulebook import RuleSet


def fee_for(carrier: str, rules: RuleSet) -> int:
    """F1: the fee of one parcel, service and way back included; 0 when the carrier is not supported (R8)."""
    rule = rules.carriers.get(carrier)
    return rule.fee_fen if rule else 0


def charge_for(state: State, quoted_fen: int, named_fen: int | None = None) -> int:
    """F2: what an interception in that state has cost: nothing unless it succeeded.

    A success keeps its fee whatever comes later (F4), and whoever asked for it: an interception in arbitration is paid
    by the shop as well (F5). `named_fen` is the cost that the other side named; it goes before what was quoted.
    """
    if state is not State.SUCCEEDED:
        return 0
    return quoted_fen if named_fen is None else named_fen


def debited_here(settled_by: SettledBy) -> bool:
    """F3: whether the fee is debited and invoiced by us; what the shop platform settles is only noted in the ledger."""
    return settled_by is SettledBy.CARRIER


def compensation(loss_fen: int, value_fen: int, rules: RuleSet) -> int:
    """U8: the least of the actual loss, the parcel's value and the most that a carrier compensates; never below 0."""
    return max(min(loss_fen, value_fen, rules.compensation_limit_fen), 0)
