"""Every example of the reviewed file, and what the rules promise."""

import re

import pytest

from bot.faq.answers import RULES
from bot.faq.lexicon import lexicon
from bot.faq.recognise import recognise

TOPICS = lexicon().topics
EXAMPLES = [(topic.id, text) for topic in TOPICS for text in topic.examples]
COUNTER = [(topic.id, text) for topic in TOPICS for text in topic.counter]


@pytest.mark.parametrize("topic, text", EXAMPLES)
def test_an_example_gives_its_topic_alone(topic: str, text: str) -> None:
    """What the file shows as a question of a topic is recognised as that, and as nothing else."""
    assert recognise(text) == [topic]


@pytest.mark.parametrize("topic, text", COUNTER)
def test_a_counter_example_does_not_give_the_topic(topic: str, text: str) -> None:
    """What the file shows as a near miss of a topic does not give it."""
    assert topic not in recognise(text)


def test_there_is_a_topic_for_every_answer() -> None:
    """The topics recognised are those that have an answer, each once and with enough examples on both sides."""
    assert sorted(topic.id for topic in TOPICS) == sorted(RULES)
    assert all(len(topic.examples) >= 7 and len(topic.counter) >= 5 for topic in TOPICS)


def test_every_rule_names_classes_that_exist() -> None:
    """A rule speaks of word classes only that the file defines, and no class lies unused."""
    names = set(lexicon().words.names())
    used = {
        name
        for topic in TOPICS
        for rules in topic.rules.values()
        for rule in rules
        for term in rule
        for name, _ in term.names
    }
    assert used == names


def test_every_expression_compiles() -> None:
    """Each word class and each expression of the gate is a regular expression."""
    for words in (lexicon().words, lexicon().gate):
        for name in words.names():
            re.compile(words.source(name))
