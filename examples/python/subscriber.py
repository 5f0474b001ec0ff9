"""A subscriber of Clearwater's feed: snapshot, then delta. It keeps its place in a file and goes on from there.

pip install cloudevents httpx
export CLEARWATER_URL=… CLEARWATER_TOKEN_URL=… CLEARWATER_CLIENT=… CLEARWATER_SECRET=… CLEARWATER_DISTRICT=440303
python subscriber.py [--once]        # --once: up to the last event, then end
"""

import json
import os
import sys
import time
from pathlib import Path

import httpx
from cloudevents.core.formats.json import JSONFormat

BASE = f"{os.environ['CLEARWATER_URL']}/api/reporting/v1/districts/{os.environ['CLEARWATER_DISTRICT']}"
STATE = Path(os.environ.get("CLEARWATER_STATE", "subscriber.json"))
ONCE = "--once" in sys.argv
http = httpx.Client(timeout=60)


def main() -> None:
    state = json.loads(STATE.read_text()) if STATE.exists() else begin()
    while state := step(state):
        keep(state)


def step(state: dict) -> dict | None:
    """One part of the feed. What it returns is where to go on; None: the end."""
    query = {"after": state["cursor"]} if state["cursor"] else {}
    answer = get("feed", {**query, "limit": 500, "wait": 0 if ONCE else 25})
    if answer.status_code == 410:  # the log has begun a new epoch
        return begin()
    answer.raise_for_status()
    if state["filter"] and answer.headers["Clearwater-Filter"] != state["filter"]:  # our grants have changed
        return begin()
    for document in answer.json():
        event = JSONFormat().read(None, json.dumps(document))
        print("event", document["lognumber"], event.get_type(), event.get_subject(), event.get_id(), flush=True)
    cursor = answer.headers["Clearwater-Cursor"]
    done = ONCE and cursor == state["cursor"]
    return None if done else {"cursor": cursor, "filter": answer.headers["Clearwater-Filter"]}


def begin() -> dict:
    """The state of all units now. Without a whole fact in our grants there is none: then from the first event."""
    answer = get("snapshot", {})
    if answer.status_code == 403 and answer.json()["code"] == "snapshot-empty":
        return {"cursor": "", "filter": ""}
    answer.raise_for_status()
    head, *units, tail = [json.loads(line) for line in answer.text.splitlines()]
    if tail.get("count") != len(units):
        raise SystemExit("the snapshot was cut off")
    for unit in units:
        print("unit", unit["unit_id"], flush=True)
    state = {"cursor": head["cursor"], "filter": head["filter"]}
    keep(state)
    return state


def keep(state: dict) -> None:
    """After the effects of a part, so that a crash repeats a part and never leaves one out: apply events by their id."""
    unfinished = STATE.with_suffix(".new")
    unfinished.write_text(json.dumps(state))
    unfinished.replace(STATE)


def get(path: str, query: dict) -> httpx.Response:
    """With a new token after 401; patient while the service is busy or away."""
    while True:
        try:
            answer = http.get(f"{BASE}/{path}", params=query)
        except httpx.TransportError:
            time.sleep(5)
            continue
        if answer.status_code == 401:
            http.headers["Authorization"] = f"Bearer {token()}"
        elif answer.status_code in {429, 502, 503, 504}:
            time.sleep(float(answer.headers.get("Retry-After", 5)))
        else:
            return answer


def token() -> str:
    secret = (os.environ["CLEARWATER_CLIENT"], os.environ["CLEARWATER_SECRET"])
    answer = http.post(os.environ["CLEARWATER_TOKEN_URL"], data={"grant_type": "client_credentials"}, auth=secret)
    return str(answer.raise_for_status().json()["access_token"])


if __name__ == "__main__":
    main()
