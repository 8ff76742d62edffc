"""What a phrase would change, before it goes live."""

from bot.faq.trial import Change, Trial


def test_a_phrase_is_tried_on_the_reviewed_messages() -> None:
    """A phrase that is too wide shows which examples and counter-examples it would answer otherwise."""
    changes = Trial().trial("fee", "发票", {}, ())
    assert Change("可以开发票吗", (), ("fee",)) in changes
    assert Change("拦截费怎么开发票", ("invoice",), ("fee",)) in changes


def test_a_phrase_is_tried_on_messages_that_were_asked() -> None:
    """A message that stayed silent is answered with the phrase, and one without it stays as it is."""
    changes = Trial(()).trial("fee", "掉头费", {}, ("掉头费是啥行情", "今天天气不错"))
    assert [(change.text, change.after) for change in changes] == [("掉头费是啥行情", ("fee",))]


def test_phrases_that_are_there_already_change_nothing() -> None:
    """What the shop's phrases already answer is no change."""
    extra = {"fee": ["掉头费"]}
    assert Trial(()).trial("fee", "掉头费", extra, ("掉头费是啥行情",)) == []
