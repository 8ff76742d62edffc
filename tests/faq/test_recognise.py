"""What a message asks, on messages that the rules were not written from, and on any text at all."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.faq.recognise import Reading, read, recognise
from faq_training.measure import rows, score
from faq_training.train import messages

HERE = Path(__file__).parent
TRAINING = HERE.parent.parent / "faq_training"
ASKED = [row["text"] for row in rows(TRAINING / "held_out.jsonl")[::29]]


@pytest.mark.parametrize(
    "file, right, wrong, false, several",
    [
        (TRAINING / "held_out.jsonl", 90, 2, 1, 88),
        (TRAINING / "held_out_late.jsonl", 84, 5, 2, 80),
    ],
    ids=["held_out", "held_out_late"],
)
def test_messages_that_were_held_back(file: Path, right: float, wrong: float, false: float, several: float) -> None:
    """On messages that no weight was made from, enough is right and hardly anything wrong."""
    found = score(rows(file))
    assert found.right >= right
    assert found.wrong <= wrong
    assert found.false <= false
    assert found.several >= several


def test_no_held_back_message_was_trained_on() -> None:
    """The messages held back are none of those that the weights come from."""
    trained = {row["text"] for row in messages()}
    held = {row["text"] for name in ("held_out.jsonl", "held_out_late.jsonl") for row in rows(TRAINING / name)}
    assert not trained & held


def test_topics_come_in_the_order_asked() -> None:
    """Several questions give several topics, in the order in which they stand."""
    assert recognise("拦截多少钱 多久知道结果") == ["fee", "how_fast"]
    assert recognise("多久知道拦截结果 多少钱") == ["how_fast", "fee"]
    assert recognise("拦截的条件、快递、价格都说一下") == ["eligibility", "carriers", "fee"]


def test_what_a_reading_tells_besides() -> None:
    """Carriers by code, numbers, language and certainty are told with the topics."""
    reading = read("YT7300998877665 圆通的 拦截要几块 中通呢")
    assert reading.topics == ("fee",)
    assert reading.ids == ("YT7300998877665",)
    assert reading.carriers == ("yto", "zto")
    assert reading.lang == "zh"
    assert reading.sure
    assert 0 < reading.confidence <= 1
    assert read("how much is interception").lang == "en"


def test_a_reading_says_why() -> None:
    """Each topic is explained: how probable, and whether a rule or the judge alone proposed it."""
    asked, fee = read("拦截多少钱").why
    assert asked.startswith("asked ")
    assert fee.startswith("fee ")
    assert fee.endswith(" by rule")


@pytest.mark.parametrize("text", ["那单拦截成功了没", "78120033445566 拦住没", "刚才那个拦截的结果呢"])
def test_the_state_of_one_interception_is_no_topic(text: str) -> None:
    """Whether a certain parcel was stopped is told apart from questions, with its number."""
    reading = read(text)
    assert reading.topics == ()
    assert reading.guesses == ()
    assert reading.asks_state
    assert reading.ids == tuple(part for part in text.split() if part.isdigit())


@pytest.mark.parametrize(
    "text",
    [
        "/拦截 YT7400000000101",
        "/intercept",
        "@拦截助手 /拦截",
        "拦截 YT7400000000109",
        "别拦 YT7400000000110 了",
        "/帮助",
    ],
)
def test_commands_are_no_questions(text: str) -> None:
    """What is a command, or takes one back, is not answered."""
    assert read(text).topics == ()


@pytest.mark.parametrize(
    "text", ["帮我拦一下这单", "能帮我拦一下吗", "拦截可以取消吗", "亲 拦截失败不收费的哦", "电话拦截怎么关"]
)
def test_what_is_not_asked_is_not_guessed_either(text: str) -> None:
    """Orders, answers, other senses and questions without a fact offer no menu of topics."""
    seen = read(text)
    assert seen == Reading(lang="zh", clauses=seen.clauses, unanswered=seen.unanswered)


@pytest.mark.parametrize(
    "text, waits",
    [("拦截可以取消吗", True), ("拦截后退回来要几天", True), ("圆通拦截电话是多少", True)]
    + [
        (text, False)
        for text in ("帮我拦一下这单", "亲 拦截失败不收费的哦", "电话拦截怎么关", "那单拦住没", "拦截多少钱")
    ],
)
def test_what_is_asked_and_has_no_answer_is_told_apart(text: str, *, waits: bool) -> None:
    """A question about interception without a fact waits for the owner; orders, answers and other senses do not."""
    assert read(text).unanswered is waits


def test_quoted_words_are_not_asked() -> None:
    """Lines that quote somebody do not count."""
    assert recognise("> 拦截多少钱\n好的") == []
    assert recognise("「小王：拦截多少钱」\n------\n收到") == []


def test_a_phrase_of_the_operator_decides_its_clause() -> None:
    """A phrase that was added beside the rules gives its topic, whatever the rules say, and only where it stands."""
    extra = {"fee": ["掉头费"], "how_fast": ["出信儿要多会儿"]}
    assert recognise("掉头费", extra) == ["fee"]
    assert recognise("掉头费是啥行情 拦截怎么开通", extra) == ["fee", "signup"]
    assert recognise("掉 头 費?", extra) == ["fee"]
    assert recognise("今天天气不错", extra) == []
    assert recognise("掉头费已经扣了", extra) == []


def test_a_phrase_too_short_to_mean_anything_is_ignored() -> None:
    """A single character decides nothing."""
    assert recognise("费", {"fee": ["费"]}) == []


@given(st.text(max_size=400))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read(text: str) -> None:
    """Nothing raises, and the topics are known ones, each once."""
    topics = read(text).topics
    assert len(topics) == len(set(topics))


ALPHABET = "拦截快递中通多少钱吗怎么失败成功了在哪开通权限，。？! \n@[]「」<>/0123456789abYT攔點唔😀"


@given(st.text(alphabet=ALPHABET, max_size=120))
@settings(max_examples=300, deadline=None)
def test_any_mixture_of_our_words_is_read(text: str) -> None:
    """Nothing raises on fragments of the very words that the rules look for."""
    reading = read(text)
    assert not (reading.topics and reading.guesses)
    assert 0 <= reading.confidence <= 1


@given(
    st.sampled_from(ASKED), st.sampled_from(["  ", "\u3000", "🤔", " 😭😭", "\n", "\u200b", "\ufeff"]), st.booleans()
)
@settings(max_examples=120, deadline=None)
def test_padding_changes_nothing(text: str, padding: str, where: str) -> None:
    """White space, emoji and invisible characters around a message do not change what it asks."""
    padded = padding + text if where == "a" else text + padding
    assert recognise(padded) == recognise(text)


@pytest.mark.parametrize(
    "unit",
    [
        "拦截多少钱吗",
        "拦",
        "截",
        "a",
        "lan jie ",
        "0",
        "「",
        "」\n",
        "\n",
        " ",
        "[",
        "<at>",
        "@拦截",
        "🤔",
        "拦截失败成功派送中",
        "？！",
    ],
)
def test_time_grows_no_faster_than_the_text(unit: str) -> None:
    """Twenty thousand characters take no more than a few times as long as two thousand: no expression explodes."""
    read(unit * 10)

    def seconds(length: int) -> float:
        text = (unit * length)[:length]
        best = 9.0
        for _ in range(3):
            begun = time.perf_counter()
            read(text)
            best = min(best, time.perf_counter() - begun)
        return best

    assert seconds(20_000) < 8 * max(seconds(2_000), 0.004)
