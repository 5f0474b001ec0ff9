"""Does a dry run say what the wall would show differently, and can their event be accepted where a rebuild makes that true?"""

from pathlib import Path
from uuid import uuid4

from flask import Flask
from sqlalchemy import Engine, text

from deploy.local import issuer as local_issuer
from services.reporting.projections.reactions import CONSUMER
from shared.messaging.ports import Message
from shared.service import database
from tests.support.launch import Bus, Launch, Numbering
from tests.support.parked import park

DISTRICT = "440303"


def post(app: Flask, issuer: tuple[str, Path], path: str, body: dict[str, object]) -> dict[str, object]:
    token = local_issuer.mint(issuer[1], role="city", districts=("*",))
    headers = {"Authorization": f"Bearer {token}", "Clearwater-District": DISTRICT, "Idempotency-Key": str(uuid4())}
    found: dict[str, object] = app.test_client().post(f"/api/v1/parked/{path}", json=body, headers=headers).json
    return found


def launched(engine: Engine) -> tuple[Launch, list[Message]]:
    """A project of four units before its first signing, and the messages of that signing."""
    launch, numbering = Launch(units=4), Numbering()
    opening = [*launch.opening(), *launch.register(), *launch.groups(), launch.freeze(), *launch.prepare(0)]
    Bus(engine).deliver(numbering.messages(DISTRICT, opening))
    return launch, numbering.messages(DISTRICT, [launch.sign(0)])


def test_a_dry_run_names_the_figures_that_the_wall_would_show_differently(
    app: Flask, engine: Engine, issuer: tuple[str, Path]
) -> None:
    launch, [signed] = launched(engine)
    park(engine, CONSUMER, DISTRICT, signed)
    body: dict[str, object] = {"topic": signed.topic, "key": signed.key}

    tried = post(app, issuer, "dry-run", body)
    again = post(app, issuer, "dry-run", body)
    done = post(app, issuer, "redrive", body)

    changed = {row["name"]: (row["project"], row["before"], row["after"]) for row in tried["figures"]}
    assert changed["units"] == (launch.name, "0 0.00%", "1 25.00%")
    assert tried["figures"] == again["figures"] == done["figures"]
    assert [row["outcome"] for row in done["tried"]] == ["applied"]
    with database.reading(engine, granted=[DISTRICT]) as tx:
        assert tx.connection.execute(text("select signed_units from tallies")).scalar_one() == 1


def test_their_event_is_recorded_for_the_next_rebuild(app: Flask, engine: Engine, issuer: tuple[str, Path]) -> None:
    _, [signed] = launched(engine)
    ours = uuid4()
    park(engine, CONSUMER, DISTRICT, signed, reason="diverged", ours=ours)
    body: dict[str, object] = {
        "topic": signed.topic,
        "key": signed.key,
        "decision": "accept-theirs",
        "reason": "the paper says so",
    }

    done = post(app, issuer, "redrive", body)

    assert [row["outcome"] for row in done["tried"]] == ["waits-for-rebuild"]
    assert (done["figures"], done["waits"]) == ([], True)
    with database.reading(engine, granted=[DISTRICT]) as tx:
        [kept] = tx.connection.execute(text("select event_id, decision, reason from decisions")).all()
    assert tuple(kept) == (ours, "accept-theirs", "the paper says so")
