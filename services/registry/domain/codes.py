"""Codes of places, telephone numbers and mail addresses, each by its standard.

Divisions GB/T 2260, real-estate units 28 characters (GB/T 37346), houses 25 digits (Shenzhen; the first 19 are the building),
mobiles of mainland China, other telephone numbers E.164.
Held by tests/unit/registry/test_codes.py.
"""

import re
import zoneinfo
from functools import cache, lru_cache

import email_validator
from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from services.registry.domain.documents import PROVINCES

# A code is checked against the list where the whole list is known, else by its form.
_DISTRICTS_OF_CITY = {
    "4403": frozenset({"440303", "440304", "440305", "440306", "440307", "440308", "440309", "440310", "440311"}),
}
# The library has a list of reserved domains. Remove this one: invented people use it, because no mail can reach it.
email_validator.SPECIAL_USE_DOMAIN_NAMES[:] = [
    name for name in email_validator.SPECIAL_USE_DOMAIN_NAMES if name != "invalid"
]
_DIVISION = re.compile(r"[0-9]{6}")
_UNIT = re.compile(r"[0-9]{12}[GJZ][ABCDEFGHSWXY][0-9]{5}[FLQW][0-9]{8}")
_HOUSE = re.compile(r"[0-9]{25}")
_BUILDING = re.compile(r"[0-9]{19}")
# Doors of a merged unit are separated by 、 only. Another separator would make them look like a different door.
_DOORS = re.compile(r"[^、，,;；/\s]+(、[^、，,;；/\s]+)*")
# Otherwise 1, 01单元, 1 单元 and 一单元 would be different stairwells from 1单元.
_STAIRWELL = re.compile(r"(?![0-9]+$|0|[一二三四五六七八九十]+单元$)\S+")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_ABROAD = re.compile(r"\+(?!86)[1-9][0-9]{6,14}")
_PLAIN_LOCAL = re.compile(r"(?=.{1,64}$)[A-Za-z0-9]+([._-][A-Za-z0-9]+)*")
_NO_PLACE = frozenset({"Factory", "localtime", "posixrules"})  # in the time zone tables, but not a zone of a place


def is_district(code: str) -> bool:
    """True for a division at county level, with province, city and county."""
    if not _DIVISION.fullmatch(code) or code[:2] not in PROVINCES or "00" in (code[2:4], code[4:]):
        return False
    known = _DISTRICTS_OF_CITY.get(code[:4])
    return known is None or code in known


def is_unit_code(code: str) -> bool:
    return _UNIT.fullmatch(code) is not None


def is_house_code(code: str) -> bool:
    return _HOUSE.fullmatch(code) is not None


def is_building_code(code: str) -> bool:
    """The first 19 digits of its houses' codes."""
    return _BUILDING.fullmatch(code) is not None


def is_door(door: str) -> bool:
    """302, or 301、302 of a merged unit; none of them twice."""
    doors = door.split("、")
    return _DOORS.fullmatch(door) is not None and len(set(doors)) == len(doors)


def is_stairwell(name: str) -> bool:
    """1单元, 东单元 or A座: one spelling each."""
    return _STAIRWELL.fullmatch(name) is not None


def is_mobile(number: str) -> bool:
    return bool(_MOBILE.fullmatch(number) or _ABROAD.fullmatch(number))


def is_email(address: str) -> bool:
    """Checks the form only, without DNS. The domain may be internationalised."""
    local, _, domain = address.rpartition("@")
    if _PLAIN_LOCAL.fullmatch(local):  # then only the domain can be wrong, and a workbook has few domains
        return _is_domain(domain)
    return _address(address) is not None


def deliverable(address: str) -> str:
    """The form that every mail server accepts: an internationalised domain in ASCII."""
    found = None if address.isascii() else _address(address)
    return address if found is None else found.ascii_email or address


def is_time_zone(name: str) -> bool:
    """An IANA name as it is written there: Europe/London."""
    return name in _time_zones()


def _address(address: str) -> ValidatedEmail | None:
    try:
        return validate_email(address, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        return None


@lru_cache(maxsize=1_000)
def _is_domain(domain: str) -> bool:
    return _address(f"a@{domain}") is not None


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones()) - _NO_PLACE
