"""The exported weights."""

import hashlib
import json
from pathlib import Path

from bot.faq import judge
from bot.faq.bars import LEAST
from bot.faq.lexicon import lexicon
from bot.faq.tidy import tidy
from bot.faq.topics import Tier
from faq_training.measure import FOLDER, rows
from faq_training.train import FILES

WEIGHTS = Path(judge.__file__).parent / "judge.json"


def weighed(text: str) -> judge.Weighed:
    """The model's opinion of a message."""
    return judge.model().weigh(judge.features(tidy(text).text, lexicon()))


def test_the_weights_are_those_of_the_data() -> None:
    """The data whose hash the weights carry is the data that lies in the repository."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update((FOLDER / name).read_bytes())
    assert json.loads(WEIGHTS.read_text("utf-8"))["data"] == digest.hexdigest()


def test_the_weights_are_small() -> None:
    """Two megabytes at most go into the wheel."""
    assert WEIGHTS.stat().st_size <= 2_000_000


def test_a_column_for_every_topic() -> None:
    """The judge has an opinion on whether a message asks, on what this means, and on each topic."""
    assert judge.model().columns == [*judge.HEADS, *(topic.id for topic in lexicon().topics)]


def test_a_question_outweighs_a_report() -> None:
    """What asks is more probably a question than what reports the same thing."""
    assert weighed("拦截失败收费吗").asked > 0.8
    assert weighed("拦截失败了").asked < 0.2
    assert weighed("拦截失败收费吗").of("fee_on_fail") > LEAST[Tier.SURE]
    assert weighed("拦截失败收费吗").of("erp_api") < LEAST[Tier.SURE]


def test_every_topic_has_enough_messages() -> None:
    """Each topic is trained on dozens of messages, and silence on more than all of them have on average."""
    asked = rows(FOLDER / "asked.jsonl")
    for topic in lexicon().topics:
        assert sum(topic.id in row["intents"] for row in asked) >= 60
    assert len(rows(FOLDER / "silent.jsonl")) > len(asked)
