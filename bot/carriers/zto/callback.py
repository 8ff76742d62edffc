"""中通's trace pushes: who sent it, what it says, what it wants to hear (`protocols/carrier-zto.md`, (d))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.carriers.contract import PushDoor, PushReply, SignedPush
from bot.carriers.zto.mapping import pushed
from bot.carriers.zto.signing import push_matches

if TYPE_CHECKING:
    from bot.carriers.zto.carrier import ZtoSettings
    from bot.domain.parcel import TraceEvent

TRACES: Final = "Traces"
TAKEN: Final = PushReply(b'{"status":true,"message":"","result":"","statusCode":"0000"}', "application/json")
REFUSED: Final = PushReply(
    b'{"status":false,"message":"data_digest does not match","result":"","statusCode":"S211"}', "application/json"
)
MAX_FIELDS: Final = 20


class _Form(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    data: str
    data_digest: str
    company_id: str
    msg_type: str = TRACES


def read(content_type: str, body: bytes) -> SignedPush | None:
    """A push by form or by JSON; None for anything else, and for messages that are no traces."""
    try:
        if "json" in content_type.lower():
            form = _Form.model_validate_json(body)
        else:
            fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
            form = _Form.model_validate({name: values[0] for name, values in fields.items()})
    except (ValidationError, ValueError):
        return None
    return SignedPush(form.company_id, form.data, form.data_digest) if form.msg_type == TRACES else None


def verified(push: SignedPush, settings: ZtoSettings) -> bool:
    """Whether it names this account and was signed with its secret, over the field's very text."""
    return push.account == settings.app_key and push_matches(
        push.text, settings.app_secret.get_secret_value(), push.digest
    )


def events(push: SignedPush) -> list[tuple[str, TraceEvent]]:
    """Tracking number and event of a verified push."""
    return pushed(push.text)


def reply(push: SignedPush | None, taken: bool) -> PushReply:  # noqa: FBT001 - one reply or the other
    """`status: true` ends it; anything else has 中通 push it again."""
    del push
    return TAKEN if taken else REFUSED


DOOR: Final[PushDoor[ZtoSettings]] = PushDoor(read, verified, events, reply)
