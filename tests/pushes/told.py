"""What carriers and the platform tell: signed as they sign, about parcels of our own."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

APP_KEY, APP_SECRET = "7000000000000000000", "00000000-0000-4000-8000-000000000000"
ZTO_SECRET, YTO_SECRET = "demo-zto-secret", "demo-yto-secret"
SALE, ORDER, NUMBER = "7300000000000000001", "6900000000000000001", "75400000000001"

Form = tuple[bytes, dict[str, str]]


def detail(after_sale_id: str = SALE, number: str = NUMBER, **info: Any) -> dict[str, Any]:
    """The platform's answer about an after-sale with one parcel."""
    return {
        "process_info": {
            "after_sale_info": {
                "after_sale_id": int(after_sale_id),
                "after_sale_type": 1,
                "after_sale_status": 6,
                "refund_total_amount": 12900,
                "apply_time": 1795480000,
                "aftersale_status_to_final_time": 0,
                **info,
            },
            "logistics_info": {"order": [{"tracking_no": number, "company_code": "zhongtong"}]},
        },
        "order_info": {
            "shop_order_id": int(ORDER),
            "sku_order_infos": [{"product_name": "短袖", "item_quantity": 1, "pay_amount": 12900}],
        },
    }


def zto(action: str = "RETURN_SCAN", *, at: str = "2026-11-24 12:00:00", secret: str = ZTO_SECRET) -> Form:
    """中通's trace push."""
    scan = {"billCode": NUMBER, "action": action, "actionTime": at, "desc": f"【上海市】{action}"}
    data = json.dumps(scan, ensure_ascii=False)
    digest = base64.b64encode(hashlib.md5((data + secret).encode()).digest()).decode()
    form = {"data": data, "data_digest": digest, "company_id": "demo-zto-key", "msg_type": "Traces"}
    return urlencode(form).encode(), {"Content-Type": "application/x-www-form-urlencoded"}


def yto(code: str = "TMS_RETURN", *, secret: str = YTO_SECRET) -> Form:
    """圆通's trace push."""
    fields = f"<mailNo>{NUMBER}</mailNo><infoContent>{code}</infoContent><acceptTime>2026-11-24 12:00:00</acceptTime>"
    text = f"<UpdateInfo><txLogisticID>T1</txLogisticID>{fields}</UpdateInfo>"
    digest = base64.b64encode(hashlib.md5((text + secret).encode()).digest()).decode()
    form = {"logistics_interface": text, "data_digest": digest, "clientId": "DEMO", "type": "online"}
    return urlencode(form).encode(), {"Content-Type": "application/x-www-form-urlencoded"}


def doudian(*messages: tuple[str, str], tag: str = "200", secret: str = APP_SECRET) -> Form:
    """The platform's news: message id and after-sale id of each."""
    told = [{"tag": tag, "msg_id": m, "data": json.dumps({"aftersale_id": sale})} for m, sale in messages]
    raw = json.dumps(told).encode()
    signed = hmac.new(secret.encode(), APP_KEY.encode() + raw + secret.encode(), hashlib.sha256).hexdigest()
    headers = {"app-id": APP_KEY, "event-sign": signed, "sign-method": "hmac-sha256"}
    return raw, {**headers, "Content-Type": "application/json"}
