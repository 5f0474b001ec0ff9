"""Topics: their kinds, and their names clearwater.<district>.<kind>, one per kind and district.

Invariant: topics keyed by unit have one partition count, so that a unit's topics can be read side by side; the count
of a kind never changes, or a key would move to another partition and lose its order. No underscores in names: they
collide with dots in Kafka's metric names.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Audience = Literal["public", "internal", "restricted"]
Ordering = Literal["contiguous", "latest"]

DISTRICT = r"[0-9]{6}"  # GB/T 2260
_BY_UNIT = 4  # partitions of every topic that is keyed by unit


@dataclass(frozen=True)
class Kind:
    """What holds for a topic in every district. `compacted`: it keeps the last value of each key, not everything.

    `owner` is the only service that may write it, `readers` are the only ones that may read it: the broker's ACLs are made from this.
    `of_agencies`: it says what other agencies are, have and run, so no grant gives it to one of them.
    """

    kind: str
    owner: str
    key: str
    audience: Audience
    ordering: Ordering = "contiguous"
    partitions: int = 1
    compacted: bool = False
    readers: tuple[str, ...] = ()
    of_agencies: bool = False

    @property
    def grantable(self) -> bool:
        return self.audience != "restricted" and not self.of_agencies


KINDS: dict[str, Kind] = {
    kind.kind: kind
    for kind in (
        Kind("registry-district", "registry", "district", "public", readers=("reporting",)),
        Kind("registry-project", "registry", "project_id", "internal", readers=("signing", "notify", "reporting")),
        Kind(
            "registry-unit",
            "registry",
            "unit_id",
            "internal",
            partitions=_BY_UNIT,
            readers=("signing", "notify", "reporting"),
        ),
        Kind("registry-group", "registry", "project_id", "internal", readers=("signing", "reporting")),
        Kind("registry-agency", "registry", "agency", "internal", readers=("reporting",), of_agencies=True),
        Kind("registry-contact", "registry", "person_id", "restricted", readers=("notify",)),
        Kind(
            "registry-key",
            "registry",
            "person_id",
            "restricted",
            ordering="latest",
            compacted=True,
            readers=("notify",),
        ),
        Kind("signing-case", "signing", "unit_id", "internal", partitions=_BY_UNIT, readers=("notify", "reporting")),
        Kind("signing-project", "signing", "project_id", "public", readers=("reporting",)),
        Kind("notify-message", "notify", "unit_id", "internal", partitions=_BY_UNIT, readers=("reporting",)),
        Kind("notify-key", "notify", "person_id", "internal", readers=("registry", "reporting")),
    )
}


def name(district: str, kind: str) -> str:
    """The topic's full name. Raises ValueError for an unknown kind, or a district that is no code."""
    if not re.fullmatch(DISTRICT, district) or kind not in KINDS:
        raise ValueError(f"no topic {kind!r} in district {district!r}")
    return f"clearwater.{district}.{kind}"


def district(topic: str) -> str:
    """The district of a topic. Raises ValueError for a name that is not ours."""
    return _split(topic)[0]


def kind(topic: str) -> Kind:
    """What holds for a topic. Raises ValueError for a name that is not ours."""
    return KINDS[_split(topic)[1]]


def pattern(*kinds: str) -> str:
    """A regular expression over these kinds, all when none is named, in every district, also those opened later."""
    chosen = kinds or tuple(KINDS)
    for chosen_kind in chosen:
        if chosen_kind not in KINDS:
            raise ValueError(f"no topic kind {chosen_kind!r}")
    return rf"^clearwater\.{DISTRICT}\.({'|'.join(chosen)})$"


def read_by(service: str) -> tuple[str, ...]:
    """The kinds that a service reads."""
    return tuple(kind.kind for kind in KINDS.values() if service in kind.readers)


def written_by(service: str) -> tuple[str, ...]:
    """The kinds that a service, and no other, writes."""
    return tuple(kind.kind for kind in KINDS.values() if kind.owner == service)


def services() -> tuple[str, ...]:
    """Every service that writes or reads a topic, in the order of its first mention."""
    named = [name for kind in KINDS.values() for name in (kind.owner, *kind.readers)]
    return tuple(dict.fromkeys(named))


def matching(pattern: str, districts: Iterable[str]) -> set[str]:
    """The topics of these districts that match a pattern, whether they exist or not."""
    names = (name(district, kind) for district in districts for kind in KINDS)
    return {topic for topic in names if re.search(pattern, topic)}


def _split(topic: str) -> tuple[str, str]:
    found = re.fullmatch(pattern(), topic)
    if not found:
        raise ValueError(f"{topic!r} is not a topic of Clearwater")
    return topic.split(".")[1], found.group(1)
