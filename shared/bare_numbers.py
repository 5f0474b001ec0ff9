"""A bare number in the place of an instant or a day: pydantic reads "2027" as that many seconds after 1970, whatever its settings.

places(given, read)    `given` as it was written, `read` as the model made it, both as plain values
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date

Place = tuple[str | int, ...]
_BARE = re.compile(r"\s*[-+]?[0-9]*\.?[0-9]*\s*")


def places(given: object, read: object, place: Place = ()) -> Iterator[Place]:
    """Where such a number was taken for an instant or a day."""
    if isinstance(read, date):
        if not isinstance(given, str) or _BARE.fullmatch(given):
            yield place
    elif isinstance(read, Mapping) and isinstance(given, list | Mapping):
        for name, item in dict(given).items():
            yield from places(item, read.get(name), (*place, name))
    elif isinstance(read, list | tuple) and isinstance(given, list):
        for number, (item, made) in enumerate(zip(given, read, strict=False)):
            yield from places(item, made, (*place, number))
