"""A subscriber of the feed, as small as it may be: python reader.py <state file> [fault …]. Each fault breaks one behaviour of it.

impatient   asks again at once after 429
stops       ends at 410
unknown     crashes at a type that it does not know
strict      crashes at a field that it does not know
data        crashes at an event without data
forgets     begins anew after a crash
deaf        does not see that its filter has changed
early       keeps the cursor of an answer before it has read it
hasty       waits a second for an answer
trusting    takes a snapshot without its last line
stale       never takes a second token
sated       ends at an empty answer
narrow      no fault: it asks for signings and their ends only
counting    counts an event of a unit as two
"""

import json
import os
import sys
import time
from pathlib import Path

import httpx

STATE, FAULTS = Path(sys.argv[1]), set(sys.argv[2:])
BASE = f"{os.environ['CLEARWATER_URL']}/api/reporting/v1/districts/{os.environ['CLEARWATER_DISTRICT']}"
ENDS = [f"clearwater.signing.agreement.{act}.v1" for act in ("signed", "rescinded", "void")]
TYPES = {"types": ENDS} if "narrow" in FAULTS else {}
http = httpx.Client(timeout=1 if "hasty" in FAULTS else 60, trust_env=False)


def main() -> None:
    place = Path(f"{STATE}.place")
    known = "forgets" not in FAULTS and place.exists()
    kept = json.loads(place.read_text()) if known else begin()
    while True:
        keep(kept)
        kept = step(kept)


def keep(kept: dict) -> None:
    for file, value in ((STATE, kept["units"]), (Path(f"{STATE}.place"), kept)):
        file.with_suffix(".new").write_text(json.dumps(value))
        file.with_suffix(".new").replace(file)


def step(kept: dict) -> dict:
    answer = get("feed", {"after": kept["cursor"], "wait": 1, **TYPES}, kept)
    if answer.status_code == 410:
        if "stops" in FAULTS:
            raise SystemExit("410")
        return begin()
    answer.raise_for_status()
    if "deaf" not in FAULTS and answer.headers["Clearwater-Filter"] != kept["filter"]:
        return begin()
    cursor = answer.headers["Clearwater-Cursor"]
    if "sated" in FAULTS and not answer.json() and cursor != kept["cursor"]:
        raise SystemExit("nothing more")
    for event in answer.json():
        take(kept["units"], event)
    return {**kept, "cursor": cursor}


def take(units: dict, event: dict) -> None:
    words = event["type"].split(".")
    if "unknown" in FAULTS and words[2] == "sandbox":
        raise KeyError(event["type"])
    if "data" in FAULTS:
        event["data"]["unit_id"]
    if "data" not in event:
        return
    if "strict" in FAULTS and "added_by_the_sandbox" in event["data"]:
        raise TypeError
    unit = units.setdefault(event["subject"], {"status": None, "applied": 0})
    if "applied" in unit:  # it counts from the first event on, and does not know what a snapshot has counted
        unit["applied"] += 2 if "counting" in FAULTS else 1
    if words[2] == "agreement":
        unit["status"] = words[3]


def begin() -> dict:
    while True:
        answer = get("snapshot", TYPES, None).raise_for_status()
        head, *units = [json.loads(line) for line in answer.text.splitlines()]
        if units[-1].get("count") == len(units) - 1:
            break
        if "trusting" in FAULTS:
            units.append({})
            break
    known = {unit["unit_id"]: {"status": unit.get("agreement")} for unit in units[:-1]}
    return {"cursor": head["cursor"], "filter": head["filter"], "units": known}


def get(path: str, query: dict, kept: dict | None) -> httpx.Response:
    while True:
        try:
            with http.stream("GET", f"{BASE}/{path}", params=query) as answer:
                if "early" in FAULTS and kept and answer.status_code == 200 and path == "feed":
                    kept["cursor"] = query["after"] = answer.headers["Clearwater-Cursor"]
                answer.read()
        except httpx.TransportError:
            continue
        if answer.status_code == 401:
            if "stale" in FAULTS and "Authorization" in http.headers:
                raise SystemExit("401")
            http.headers["Authorization"] = f"Bearer {token()}"
        elif answer.status_code in {429, 503}:
            time.sleep(0 if "impatient" in FAULTS else float(answer.headers["Retry-After"]))
        else:
            return answer


def token() -> str:
    secret = (os.environ["CLEARWATER_CLIENT"], os.environ["CLEARWATER_SECRET"])
    answer = http.post(os.environ["CLEARWATER_TOKEN_URL"], data={"grant_type": "client_credentials"}, auth=secret)
    return str(answer.raise_for_status().json()["access_token"])


if __name__ == "__main__":
    main()
