"""圆通's trace pushes: who sent it, what it says, what it wants to hear (`protocols/carrier-yto.md`, (d))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from bot.carriers.contract import PushDoor, PushReply, SignedPush
from bot.carriers.yto.mapping import pushed, update_info
from bot.carriers.yto.signing import push_matches

if TYPE_CHECKING:
    from bot.carriers.yto.carrier import YtoSettings
    from bot.domain.parcel import TraceEvent

MAX_FIELDS: Final = 20
WHY: Final = "data_digest does not match"


def read(content_type: str, body: bytes) -> SignedPush | None:
    """A push is a form; None for anything else."""
    del content_type
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        return None
    if not {"logistics_interface", "data_digest", "clientId"} <= fields.keys():
        return None
    return SignedPush(fields["clientId"][0], fields["logistics_interface"][0], fields["data_digest"][0])


def verified(push: SignedPush, settings: YtoSettings) -> bool:
    """Whether it names this customer and was signed with the push's secret, over the decoded field's very text."""
    account = settings.push
    return (
        account is not None
        and push.account == account.client_id
        and push_matches(push.text, account.secret.get_secret_value(), push.digest)
    )


def events(push: SignedPush) -> list[tuple[str, TraceEvent]]:
    """Tracking number and event of a verified push."""
    return pushed(push.text)


def reply(push: SignedPush | None, taken: bool) -> PushReply:  # noqa: FBT001 - one reply or the other
    """`success` true ends it; anything else has 圆通 push it again."""
    order = escape(update_info(push.text).get("txLogisticID", "")) if push is not None and taken else ""
    body = (
        "<Response><logisticProviderID>YTO</logisticProviderID>"
        f"<txLogisticID>{order}</txLogisticID><success>{str(taken).lower()}</success>"
        f"<reason>{'' if taken else WHY}</reason></Response>"
    )
    return PushReply(body.encode("utf-8", "replace"), "text/xml; charset=utf-8")


DOOR: Final[PushDoor[YtoSettings]] = PushDoor(read, verified, events, reply)
