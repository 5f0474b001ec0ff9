"""What pydantic takes for another value than the one that was written, whatever its settings.

    places(given, read)    `given` as it was written, `read` as the model made it, both as plain values

A bare number in the place of an instant or a day: "2027" is that many seconds after 1970. A whole number of a query written otherwise
than in digits: 1_0 is 10, 1.0 is 1.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Literal

Place = tuple[str | int, ...]
Code = Literal["instant-as-number", "int-parsing"]
_BARE = re.compile(r"\s*[-+]?[0-9]*\.?[0-9]*\s*")
_WHOLE = re.compile(r"-?[0-9]+")


def places(given: object, read: object, place: Place = ()) -> Iterator[tuple[Place, Code]]:
    """Where that has happened."""
    if isinstance(read, date):
        if not isinstance(given, str) or _BARE.fullmatch(given):
            yield place, "instant-as-number"
    elif isinstance(read, int):
        if isinstance(given, str) and not isinstance(read, bool) and not _WHOLE.fullmatch(given):
            yield place, "int-parsing"
    elif isinstance(read, Mapping) and isinstance(given, list | Mapping):
        for name, item in dict(given).items():
            yield from places(item, read.get(name), (*place, name))
    elif isinstance(read, list | tuple) and isinstance(given, list):
        for number, (item, made) in enumerate(zip(given, read, strict=False)):
            yield from places(item, made, (*place, number))
