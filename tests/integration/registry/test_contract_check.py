"""Does the check of a contract name the live grants that a planted break breaks, and no other one?"""

import copy
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from services.registry import __main__ as commands
from services.registry.commands.check_contract import Checked, check_contract
from services.registry.gateways import contracts
from services.reporting import application as reporting
from shared.events import impact
from shared.events.impact import Published
from shared.service import database
from tests.integration.registry.conftest import DISTRICT, Registry
from tests.integration.registry.test_agencies import AGENCY, SIGNED, TERMS
from tests.integration.registry.test_endpoints import granted
from tests.support import serving


def before(**travels: str) -> dict[str, Published]:
    """The contract of a former release, which had one field more in one event."""
    contract = dict(impact.current())
    schema = copy.deepcopy(contract[SIGNED].schema)
    schema["properties"]["gone"] = {"type": "string"}
    contract[SIGNED] = Published(schema, {**contract[SIGNED].travels, **travels})
    return contract


def checked(registry: Registry, contract: dict[str, Published], *, days: int = 0) -> Checked:
    with database.reading(registry.engine, granted=[database.EVERY]) as tx:
        return check_contract(tx, contract, impact.current(), now=datetime.now(UTC) + timedelta(days=days))


def test_a_planted_break_names_agency_district_purpose_type_and_field(registry: Registry):
    grant_id = granted(registry)

    found = checked(registry, before())

    lines = list(found.lines())
    assert lines[0] == f"{SIGNED} .gone: removed or renamed"
    assert f"breaks real-estate in {DISTRICT}: {TERMS['purpose']}" in lines[1] and grant_id in lines[1]
    assert lines[-1] == "1 incompatible changes, 1 live grants, 1 of them broken"
    assert found.changes[0].field == "gone"


def test_a_grant_that_is_proposed_revoked_over_or_of_other_types_is_not_named(registry: Registry):
    grant_id = granted(registry)
    registry.post("/agencies", {**AGENCY, "agency": "tax-bureau", "clients": ["tax"]}, role="city")
    registry.post("/agencies/tax-bureau/grants", TERMS, role="city")
    other = {**TERMS, "event_types": ["clearwater.registry.unit.assigned.v1"]}
    other_id = registry.post("/agencies/real-estate/grants", other, role="city").json["grant_id"]
    registry.post(f"/grants/{other_id}/approval", role="command")

    assert [str(grant.grant_id) for _, grant in checked(registry, before()).breaks] == [grant_id]
    assert checked(registry, before(), days=40_000).breaks == []
    registry.post(f"/grants/{grant_id}/revocation", {"reason": "年度复核"}, role="command")
    assert checked(registry, before()).breaks == []


def test_only_a_grant_of_the_former_audience_had_the_event(registry: Registry):
    granted(registry)

    assert checked(registry, before(audience="restricted")).breaks == []
    moved = checked(registry, before(audience="public", topic="registry-unit")).breaks
    assert {"topic registry-unit became signing-case", "audience public became internal"} <= {
        change.sentence for change, _ in moved
    }


def test_nothing_is_broken_by_the_contract_that_is_served_now(registry: Registry):
    granted(registry)

    assert list(checked(registry, dict(impact.current())).lines()) == [
        "0 incompatible changes, 1 live grants, 0 of them broken"
    ]


def test_the_contract_is_read_from_an_installation_and_from_a_folder(tmp_path: Path):
    with serving.served(reporting.create_unconnected()) as url:
        assert contracts.read(url) == impact.current()
        with pytest.raises(contracts.Unreadable):
            contracts.read(f"{url}/nowhere")
    with pytest.raises(contracts.Unreadable, match="no schemas"):
        contracts.read(str(tmp_path))
    with pytest.raises(contracts.Unreadable):
        contracts.read("http://127.0.0.1:9")

    schema = impact.current()[SIGNED].schema
    (tmp_path / f"{SIGNED}.json").write_text(json.dumps(schema), encoding="utf-8")
    assert contracts.read(str(tmp_path)) == {SIGNED: Published(schema, {})}


def test_the_contract_is_piped_to_a_container_which_does_not_reach_the_front_door(monkeypatch: pytest.MonkeyPatch):
    with serving.served(reporting.create_unconnected()) as url:
        document = httpx.get(f"{url}/events/xregistry.json").content
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(document)))

    assert contracts.read("-") == impact.current()
    with pytest.raises(contracts.Unreadable):
        contracts.read("-")  # nothing is left to read


def test_the_command_names_the_broken_grant_and_exits_with_1(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    granted(registry)
    (tmp_path / f"{SIGNED}.json").write_text(json.dumps(before()[SIGNED].schema), encoding="utf-8")
    monkeypatch.setenv(
        "DATABASE_URL", registry.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    )

    assert commands.contract_check(["--against", str(tmp_path)]) == 1
    assert f"breaks real-estate in {DISTRICT}" in capsys.readouterr().out
    assert commands.contract_check(["--against", str(tmp_path / "none")]) == 2
    assert "no schemas" in capsys.readouterr().err
