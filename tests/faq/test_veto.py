"""The exported weights."""

import hashlib
import json
from pathlib import Path

from bot.faq import veto
from bot.faq.lexicon import lexicon
from bot.faq.tidy import tidy
from bot.faq.topics import Tier
from faq_training.measure import FOLDER, rows

WEIGHTS = Path(veto.__file__).parent / "veto.json"


def weighed(text: str) -> veto.Weighed:
    """The model's opinion of a message."""
    return veto.model().weigh(veto.features(tidy(text).text, lexicon()))


def test_the_weights_are_those_of_the_data() -> None:
    """The data whose hash the weights carry is the data that lies in the repository."""
    digest = hashlib.sha256()
    for name in ("asked.jsonl", "silent.jsonl"):
        digest.update((FOLDER / name).read_bytes())
    assert json.loads(WEIGHTS.read_text("utf-8"))["data"] == digest.hexdigest()


def test_the_weights_are_small() -> None:
    """Half a megabyte at most goes into the wheel."""
    assert WEIGHTS.stat().st_size <= 500_000


def test_a_column_for_every_topic() -> None:
    """The model has one opinion on whether a message asks, and one on each topic."""
    assert veto.model().columns == ["asked", *(topic.id for topic in lexicon().topics)]


def test_a_question_outweighs_a_report() -> None:
    """What asks is more probably a question than what reports the same thing."""
    assert weighed("拦截失败收费吗").asked > 0.8
    assert weighed("拦截失败了").asked < 0.2
    assert weighed("拦截失败收费吗").of("fee_on_fail") > veto.LEAST[Tier.SURE]
    assert weighed("拦截失败收费吗").of("erp_api") < veto.LEAST[Tier.SURE]


def test_every_topic_has_enough_messages() -> None:
    """Each topic is trained on dozens of messages, and silence on more than all of them have on average."""
    asked = rows(FOLDER / "asked.jsonl")
    for topic in lexicon().topics:
        assert sum(topic.id in row["intents"] for row in asked) >= 60
    assert len(rows(FOLDER / "silent.jsonl")) > len(asked)
