"""The claims that a token must have before a request is accepted. Its signature is already checked (provider.py).

Invariant: a token with a malformed claim is not valid (401), never an error of ours; the log names
the claim and never its value.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.refusal import Refused
from shared.service import edge
from shared.telemetry import log

_log = log.get(__name__)


class Claims(BaseModel):
    """`districts`: codes of GB/T 2260, or `*` for the whole city. Callers ignore roles that are not ours."""

    model_config = ConfigDict(frozen=True, strict=True)
    sub: str = Field(min_length=1, max_length=255)  # OpenID Connect Core, section 2
    name: str | None = Field(default=None, max_length=1_000)
    roles: list[Annotated[str, Field(max_length=255)]] = Field(max_length=1_000)
    districts: list[Annotated[str, Field(pattern=r"^([0-9]{6}|\*)$")]] = Field(max_length=1_000)
    staff_number: str | None = Field(default=None, max_length=40)  # as the registry has it


def read(claims: Mapping[str, Any]) -> Claims:
    """Refused token-invalid."""
    try:
        found = Claims.model_validate(claims)
    except ValidationError as failure:
        raise _malformed(failure.errors()[0]["loc"], failure.errors()[0]["type"]) from None
    for fault in edge.faults(found.model_dump()):
        raise _malformed(fault.place, fault.code)
    return found


def _malformed(place: tuple[int | str, ...], code: str) -> Refused:
    _log.warning("a token's claim is not of the agreed form", claim=".".join(map(str, place)), reason=code)
    return Refused("token-invalid")
