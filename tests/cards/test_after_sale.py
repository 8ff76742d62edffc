"""What a chat is told of a new after-sale: the way in while there is one, each parcel's state, nothing personal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.after_sale import GRAVITY, ON_A_LINE, ListedView, ToldParcel, after_sale_card, list_card, state_of
from bot.cards.card import Card
from bot.cards.views import Draw
from bot.domain.after_sale import AfterSaleStatus
from bot.domain.case import State
from bot.domain.reason import Reason, ReasonCode
from tests.cards.samples import ACTIONS, AFTER_SALE, FAILED, MAY, MAY_NOT, PENDING, REFUSED, SUCCEEDED, ZH

NOT_FOR_ANYBODY = Reason(ReasonCode.PERMISSION_DENIED)


def drawn(*parcels: ToldParcel, actions: bool = True, **fields: object) -> Card:
    """The card of an after-sale with these parcels."""
    sale = replace(AFTER_SALE, **fields)  # type: ignore[arg-type]
    return after_sale_card("after_sale:1", 7, sale, parcels, ZH, ACTIONS if actions else {})


def labels(card: Card) -> list[str]:
    """The words on its buttons."""
    return [button.label for button in card.buttons]


def test_a_new_one() -> None:
    """Title, money, time limit and fee; where the parcel is; the way in."""
    card = drawn(ToldParcel(MAY), deadline=ZH.now + timedelta(hours=5))
    assert (card.title, card.state, card.version) == ("新的仅退款售后", "eligible", 7)
    assert [fact.label for fact in card.facts] == ["退款", "截止", "费用"]
    assert MAY.parcel.tracking_number in card.lines[0].label
    assert labels(card) == ["发起拦截"]
    assert AFTER_SALE.after_sale_id in card.next_step


def test_what_lies_in_a_person_stands_on_no_card() -> None:
    """It is drawn for whoever reads the chat: a permission that one of them lacks is no property of the parcel."""
    theirs = replace(MAY, reasons=(NOT_FOR_ANYBODY,))
    card = drawn(ToldParcel(theirs))
    assert card.state == "eligible"
    assert "R11" not in str(card)


def test_refused_by_the_rules_it_keeps_its_button() -> None:
    """U2: the button stands while R6 and R7 hold; the numbers of the rules stand with the parcel."""
    card = drawn(ToldParcel(MAY_NOT))
    assert (card.state, labels(card)) == ("refused", ["发起拦截"])
    assert card.lines[0].rules
    assert "费用" not in [fact.label for fact in card.facts]


@pytest.mark.parametrize("case", [PENDING, SUCCEEDED])
def test_intercepted_it_loses_its_button(case: object) -> None:
    """While its only parcel has an interception nothing can be asked for (R10)."""
    card = drawn(ToldParcel(MAY, case))  # type: ignore[arg-type]
    assert labels(card) == []
    assert "/records" in card.next_step


def test_closed_it_loses_its_button() -> None:
    """Closed (R7), no verb is handed in, and the card says that nothing is left to do."""
    card = drawn(ToldParcel(MAY), actions=False, status=AfterSaleStatus.CLOSED)
    assert (card.title, card.state, labels(card)) == ("售后单已结束", "closed", [])
    assert [fact.label for fact in card.facts] == ["退款"]


def test_one_of_two_can_still_go() -> None:
    """One parcel intercepted, the other free: the button stays, the fee is the other one's, the graver word is told."""
    card = drawn(ToldParcel(MAY, SUCCEEDED), ToldParcel(MAY))
    assert labels(card) == ["发起拦截"]
    assert card.facts[-1].strong == "4.00 元"
    card = drawn(ToldParcel(MAY, PENDING), ToldParcel(MAY))
    assert card.title == "拦截中"


def test_what_failed_may_be_tried_again() -> None:
    """A failure does not block: the button is there, and the failure stands on the card."""
    card = drawn(ToldParcel(MAY, FAILED))
    assert (card.state, labels(card)) == ("failed", ["发起拦截"])


def test_a_refused_ask_is_nothing() -> None:
    """It does not stand for the parcel."""
    assert drawn(ToldParcel(MAY, REFUSED)).state == "eligible"


@given(st.lists(st.sampled_from([*GRAVITY, "succeeded", "eligible", "refused"]), max_size=6), st.booleans())
def test_the_gravest_word_counts(states: list[str], closed: bool) -> None:  # noqa: FBT001
    """Whatever is wrong with one parcel is not hidden by the others; an end in success is told when all have it."""
    word = state_of(closed, states)
    grave = [one for one in GRAVITY if one in states]
    if grave:
        assert word == grave[0]
    elif states and set(states) == {"succeeded"}:
        assert word == "succeeded"
    elif closed:
        assert word == "closed"
    else:
        assert word in {*states, "eligible"}
        assert "eligible" not in states or word == "eligible"


@given(st.lists(st.sampled_from(["eligible", "pending", "succeeded", "closed", "failed"]), min_size=1, max_size=100))
def test_a_list_names_everybody_once(states: list[str]) -> None:
    """Each name stands on it exactly once, under its state, at most so many on a line."""
    names = [f"中通 {75400000000000 + n}" for n in range(len(states))]
    card = list_card("listed:1", 1, [ListedView(*one) for one in zip(names, states, strict=True)], ZH)
    told = [name for fact in card.facts for name in fact.text.split("、")]
    assert sorted(told) == sorted(names)
    assert max(fact.text.count("、") for fact in card.facts) < ON_A_LINE
    assert card.aside == f"还有 {states.count('eligible')} 个可以处理"


def test_a_card_has_no_ages() -> None:
    """Drawn a minute later it is the same card, but for the moment of drawing: it is not drawn anew as time passes."""
    later = Draw("zh", ZH.now + timedelta(minutes=1))
    first, second = (
        after_sale_card("after_sale:1", 1, AFTER_SALE, [ToldParcel(MAY)], draw, ACTIONS) for draw in (ZH, later)
    )
    assert replace(first, at=None) == replace(second, at=None)
    assert State.REFUSED.value not in str(first.state)
