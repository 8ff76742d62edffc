"""A card's parts: a button's number means one thing, whoever reads it and whatever has changed meanwhile."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.cards.card import Button, Card, CardParcel
from bot.channels.naming import named
from bot.channels.sketch import Means, Press, sketch
from tests.cards.samples import ZH, everything

CONFIRM = next(card for card in everything(ZH).values() if card.kind == "confirm")
PARCEL = CONFIRM.parcels[0]


def _card(open_ones: list[bool], why: str) -> Card:
    parcels: list[CardParcel] = [
        replace(PARCEL, tracking_number=f"7540000000{n:04}", pickable=may, picked=False)
        for n, may in enumerate(open_ones)
    ]
    confirm = Button("confirm.1", "确认拦截", kind="primary", why_not=why)
    return replace(CONFIRM, parcels=tuple(parcels), buttons=(confirm, Button("dismiss.1", "先不拦")))


def _presses(card: Card) -> tuple[Press, ...]:
    return sketch(card, Means()).presses


@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=8), st.tuples(st.booleans(), st.booleans())
)
def test_a_number_never_comes_to_mean_another_button(
    parcels: list[tuple[bool, bool]], locked: tuple[bool, bool]
) -> None:
    """A parcel that has gone, or a reader who may not, takes a number away and gives it to nothing else."""
    before = _presses(_card([may for may, _ in parcels], "先选包裹" if locked[0] else ""))
    after = _presses(_card([may for _, may in parcels], "先选包裹" if locked[1] else ""))
    for press in before:
        meant = named(str(press.number), after)
        assert meant is None or meant.value == press.value
    assert len({press.number for press in before}) == len(before)
    assert all(named(str(press.number), before) == press for press in before)


def test_numbers_stand_in_their_order() -> None:
    """Parcels first, then what goes for all of them."""
    assert [(p.number, p.value.partition(".")[0]) for p in _presses(_card([True, False, True], ""))] == [
        (1, "confirm"),
        (3, "confirm"),
        (4, "confirm"),
        (5, "dismiss"),
    ]
    assert [p.number for p in _presses(_card([True], ""))] == [1, 2]
