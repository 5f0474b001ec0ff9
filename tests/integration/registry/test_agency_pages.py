"""The pages of agencies and grants: what a role is offered is what the API lets it do, and every act leaves its trace."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.integration.registry.conftest import DISTRICT, Registry

AGENCY = {"agency": "tax", "name": "澄江市税务局", "office": "信息科", "clients": ["agency-tax"]}
SIGNED = "clearwater.signing.agreement.signed.v1"
HOME = f"/register/agencies/{DISTRICT}/tax"
NOW = datetime.now(UTC)


def answer(registry: Registry, path: str, role: str):
    return registry.app.test_client().get(path, headers={**registry.headers(role), "Accept": "text/html"})


def shown(registry: Registry, path: str, role: str = "city") -> str:
    found = answer(registry, path, role)
    assert found.status_code == 200, found.text
    return found.text


def register(registry: Registry) -> None:
    registry.post("/districts", {"district": DISTRICT, "name": "样例区"}, role="city")
    assert registry.post("/agencies", AGENCY, role="city").status_code == 201


def propose(registry: Registry, *, begins: timedelta = timedelta(), days: int = 30) -> str:
    body = {
        "purpose": "核定契税",
        "legal_basis": "样例办法第九条",
        "audiences": ["internal"],
        "event_types": [SIGNED],
        "starts_at": (NOW + begins).isoformat(),
        "ends_at": (NOW + begins + timedelta(days=days)).isoformat(),
    }
    proposed = registry.post("/agencies/tax/grants", body, role="city")
    assert proposed.status_code == 201, proposed.text
    return str(proposed.json["grant_id"])


def approve(registry: Registry, grant_id: str) -> None:
    assert registry.post(f"/grants/{grant_id}/approval", role="command").status_code == 201


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_every_page_stands_in_every_language(registry: Registry, language: str):
    register(registry)
    grant_id = propose(registry)

    for path in (
        "/register/agencies",
        "/register/agencies/new",
        HOME,
        f"{HOME}/change",
        f"{HOME}/grants/new",
        f"/register/grants/{grant_id}/approval",
        f"/register/grants/{grant_id}/revocation",
    ):
        assert f'lang="{language}"' in shown(registry, f"{path}?language={language}")


def test_who_proposed_is_not_offered_the_approval_and_reads_why(registry: Registry):
    register(registry)
    grant_id = propose(registry)
    approval = f"/register/grants/{grant_id}/approval"

    for path in ("/register/agencies", HOME):
        assert approval in shown(registry, path, "command")
        assert approval not in shown(registry, path, "city")
        assert "是您提出的：须由另一人批准。" in shown(registry, path, "city")
    assert "批准给 澄江市税务局 的授权" in shown(registry, approval, "command")
    own = shown(registry, approval, "city")
    assert '<button class="btn main">' not in own and "是您提出的：须由另一人批准。" in own


def test_the_auditor_reads_and_is_offered_no_act(registry: Registry):
    register(registry)
    grant_id = propose(registry)

    for path in ("/register/agencies", HOME):
        page = shown(registry, path, "auditor")
        assert "核定契税" in page
        assert [way for way in ("/new", "/change", "/approval", "/revocation") if f'{way}"' in page] == []
    for path in (
        f"{HOME}/grants/new",
        f"/register/grants/{grant_id}/approval",
        f"/register/grants/{grant_id}/revocation",
    ):
        assert answer(registry, path, "auditor").status_code == 403


@pytest.mark.parametrize("path", ["/register/agencies/new", f"{HOME}/change"])
def test_only_the_city_registers_and_changes(registry: Registry, path: str):
    register(registry)

    assert 'data-act="/api/registry/v1/agencies' in shown(registry, path)
    assert answer(registry, path, "command").status_code == 403
    assert f'href="{path}"' not in shown(registry, "/register/agencies", "command") + shown(registry, HOME, "command")


@pytest.mark.parametrize("role", ["clerk", "desk", "officer"])
def test_who_may_not_read_grants_does_not_see_their_pages(registry: Registry, role: str):
    register(registry)

    assert answer(registry, "/register/agencies", role).status_code == 403
    assert "/register/agencies" not in shown(registry, "/register/units", role)


def test_the_page_of_an_agency_shows_terms_and_who_decided_when(registry: Registry):
    register(registry)
    grant_id = propose(registry)
    approve(registry, grant_id)
    registry.post(f"/grants/{grant_id}/revocation", {"reason": "年度复核未完成"}, role="city")
    grant = registry.get(f"/grants/{grant_id}", role="city").json

    page = shown(registry, HOME)
    for words in ("核定契税", "样例办法第九条", "内部", SIGNED, "年度复核未完成", "agency-tax", "信息科", "已收回"):
        assert words in page, words
    for name in ("proposed_by", "approved_by", "revoked_by"):
        assert grant[name] in page
    assert grant["proposed_by"] != grant["approved_by"]
    assert f"/register/grants/{grant_id}/revocation" not in page


@pytest.mark.parametrize(
    ("begins", "words"),
    [(timedelta(), "有效"), (timedelta(days=3), "已批准，未开始"), (timedelta(days=-60), "已到期")],
)
def test_an_approved_grant_is_shown_by_its_period(registry: Registry, begins: timedelta, words: str):
    register(registry)
    approve(registry, propose(registry, begins=begins))

    for path in ("/register/agencies", HOME):
        assert words in shown(registry, path)


def test_a_proposal_is_withdrawn_in_its_own_words(registry: Registry):
    register(registry)
    grant_id = propose(registry)

    assert "撤回给 澄江市税务局 的提议" in shown(registry, f"/register/grants/{grant_id}/revocation")
    registry.post(f"/grants/{grant_id}/revocation", {"reason": "依据写错了"}, role="city")
    assert "已撤回" in shown(registry, HOME)
    late = shown(registry, f"/register/grants/{grant_id}/approval", "command")
    assert '<button class="btn main">' not in late and "已撤回" in late


def test_an_unknown_agency_and_an_unknown_grant_are_not_found(registry: Registry):
    register(registry)

    for path in (f"/register/agencies/{DISTRICT}/nobody", f"/register/grants/{uuid4()}/approval"):
        assert answer(registry, path, "city").status_code == 404


def test_without_an_agency_the_page_says_what_comes_first(registry: Registry):
    assert "还没有机构" in shown(registry, "/register/agencies", "command")
    assert 'href="/register/districts"' in shown(registry, "/register/agencies", "city")
