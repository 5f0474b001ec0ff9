"""The cursor of the exchange log: opaque to its reader, not secret. It never expires.

Rights are asked at each request, so a forged one gains nothing.
"""

import base64
import json

from services.reporting.queries.exchange import Place
from shared.refusal import Refused
from shared.service import edge


def encode(district: str, place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps([district, place.epoch, place.number]).encode()).decode().rstrip("=")


def decode(district: str, cursor: str | None) -> Place | None:
    """Refused cursor-invalid."""
    if cursor is None:
        return None
    try:
        named, epoch, number = edge.read_json(base64.urlsafe_b64decode(cursor.encode() + b"=="))
    except (ValueError, TypeError) as failure:
        raise Refused("cursor-invalid") from failure
    if named != district or not (_counts(epoch) and _counts(number)):
        raise Refused("cursor-invalid")
    return Place(epoch, number)


def _counts(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63
