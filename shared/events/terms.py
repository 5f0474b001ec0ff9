"""The types of the fields of events, so that all events write the same thing in the same form.

Invariant: money is in fen and area in 0.01 m², both whole numbers; instants carry their offset, are written in
UTC and exist in every time zone; a share is an exact fraction; a person is a pseudonymous id or a masked name, never more.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

Basis = Literal["units", "households", "right_holders", "area"]
Channel = Literal["sms", "mail"]
CountingRule = Literal["all_units_signed", "any_unit_signed"]
Language = Literal["zh-Hans", "zh-Hant", "en"]
Ownership = Literal["sole", "joint", "shares"]
PersonKind = Literal["natural", "organisation"]
Series = Literal["exchange", "cash"]
Use = Literal["residential", "commercial", "office", "industrial", "storage", "parking", "other"]


_EDGE = timedelta(days=2)  # of the calendar: days that a reader cannot show in its own zone, or step over


def _in_utc(instant: datetime) -> datetime:
    try:
        found = instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("at the edge of the calendar") from None
    _within(found.date())
    return found


def _within(day: date) -> date:
    if not date.min + _EDGE <= day <= date.max - _EDGE:
        raise ValueError("at the edge of the calendar")
    return day


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Day = Annotated[date, AfterValidator(_within)]
District = Annotated[str, Field(pattern=r"^[0-9]{6}$")]
Fen = Annotated[int, Field(ge=0)]
AreaHundredths = Annotated[int, Field(ge=0)]
Percent = Annotated[int, Field(ge=1, le=100)]
# A second check after the registry's masking: a name without an asterisk was not masked.
MaskedName = Annotated[str, Field(pattern=r"\*", max_length=80)]
Share = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,8}(/[1-9][0-9]{0,8})?$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
# As the identity provider knows a member of staff. A mail address or a name is no such id, and does not travel.
StaffId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:|-]{0,254}$")]
# As the operator names an agency; its users on the bus and its groups begin with it.
AgencyId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")]
# A client of the identity provider.
ClientId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]
GrantedAudience = Literal["public", "internal"]
EventType = Annotated[str, Field(pattern=r"^clearwater(\.[a-z]+){3}\.v[0-9]+$", max_length=100)]
Ordering = Literal["case", "endpoint", "none"]
# An absolute address without user, password and fragment. Whether it may be reached is decided where it is reached.
EndpointUrl = Annotated[
    str,
    Field(
        pattern=r"^https?://([A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?"
        r"([/?][A-Za-z0-9._~:/?@!$&'()*+,;=%-]*)?$",
        max_length=500,
    ),
]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Base64 = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]+={0,2}$")]
