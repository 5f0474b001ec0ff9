"""Checks the statement of a day against what subscriber.py took: the signature, whose it is, then every event by its number and id.

pip install cloudevents httpx joserfc
python subscriber.py --once >> taken.txt; python statement.py 2026-11-27 real-estate < taken.txt
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Mapping

from joserfc import jws
from joserfc.jwk import KeySet


def check(signed: str, keys: dict, lines: Iterable[str], wanted: Mapping[str, str]) -> str:
    """`wanted`: district, agency and business_on. Raises BadSignatureError for a statement that is not the city's, SystemExit where it is
    another one than that, or an event is missing or too many.
    """
    statement = json.loads(jws.deserialize_compact(signed, KeySet.import_key_set(keys), algorithms=["ES256"]).payload)
    for name, value in wanted.items():
        if statement[name] != value:
            raise SystemExit(f"this statement is of the {name} {statement[name]}, not {value}")
    taken = {int(line.split()[1]): line.split()[4] for line in lines if line.startswith("event ")}
    mine = sorted(number for number in taken if statement["after_number"] < number <= statement["last_number"])
    digest = hashlib.sha256("".join(f"{number} {taken[number]}\n" for number in mine).encode()).hexdigest()
    if digest != statement["digest"]:
        raise SystemExit(f"taken {len(mine)} events, stated {statement['events']}: {statement['by_type']}")
    return f"complete: {len(mine)} events of {statement['business_on']}, {statement['left_out']} left out"


def main() -> None:
    from subscriber import get  # noqa: PLC0415 - it needs the variables of the shell; check() does not

    day, agency = sys.argv[1:3]
    signed = get("statement", {"day": day})
    if signed.is_error:
        raise SystemExit(signed.json()["title"])
    wanted = {"district": os.environ["CLEARWATER_DISTRICT"], "agency": agency, "business_on": day}
    print(check(signed.text, get("statement-keys", {}).json(), sys.stdin, wanted))


if __name__ == "__main__":
    main()
