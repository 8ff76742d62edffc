"""Why an ask was not taken at all. Nothing of it was stored, nothing was sent, nothing charged."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.reason import Reason
from bot.interception.facts import Candidate


class NotTaken(Exception):
    """The parent of all below."""


class KeyReused(NotTaken):
    """The same `Idempotency-Key` came with another body."""


class UnknownParcels(NotTaken):
    """The shop has no such parcels, or no such after-sale."""

    def __init__(self, numbers: Sequence[str]) -> None:
        super().__init__(", ".join(numbers))
        self.numbers = tuple(numbers)


class ChoiceRequired(NotTaken):
    """Several parcels, or several after-sales: somebody has to say which; it is never guessed."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        super().__init__(f"{len(candidates)} parcels")
        self.candidates = tuple(candidates)


class TooMany(NotTaken):
    """More parcels than one ask may name."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit}")
        self.limit = limit


class NotFound(NotTaken):
    """The shop has no such interception."""


class NotCancellable(NotTaken):
    """It has ended, it has left on a route that takes nothing back, or the carrier refused; then `reason` says why."""

    def __init__(self, reason: Reason | None = None) -> None:
        super().__init__("not cancellable")
        self.reason = reason
