"""The explicit list of carriers that have a way of their own. One line each."""

from __future__ import annotations

from typing import Any, Final

from bot.carriers.contract import RouteKind
from bot.carriers.yto.carrier import KIND as YTO
from bot.carriers.yunda.carrier import KIND as YUNDA
from bot.carriers.zto.carrier import KIND as ZTO

KINDS: Final[tuple[RouteKind[Any], ...]] = (ZTO, YTO, YUNDA)
