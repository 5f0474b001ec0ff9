"""/desk/{unit}/terms, /rights, /mandates, /trace, /paper: the acts of a case that are no step of the signing, each with its trace."""

from collections.abc import Callable
from typing import Final, get_args
from uuid import UUID

from flask import Blueprint, render_template, request

from services.signing.domain.capitals import capitals
from services.signing.domain.mandate import MandateKind, unfit
from services.signing.queries import case_events, case_file, drafting, staff_list
from services.signing.queries.case_events import CaseEvent
from services.signing.queries.case_file import CaseFile
from services.signing.web import desk as desks
from services.signing.web import drafts, paper, signers
from shared.events.day import business_day
from shared.refusal import Unknown
from shared.service import declared, identity
from shared.service.context import context
from shared.service.database import Transaction, reading
from shared.web.shell import AsOf, text, texts_in

_MAY_LOOK: Final = ("desk", "officer", "command")
_LONGEST_FEN: Final = 18  # digits: two hundred lines of the largest amount
REVOKED: Final = ("household_asked", "mandate_void", "recorded_wrongly", "other")
DISPUTED: Final = ("inheritance", "divorce", "co_owner_objects", "seizure", "documents_differ", "other")
AREA: Final = ("measured_otherwise", "household_objects", "other")
_TRACE: Final = {
    "terms": ("drafted", "terms-edited", "superseded", "returned", "locked", "unlocked"),
    "rights": ("rights-taken-up", "rights-confirmed", "rights-disputed", "area-disputed", "area-settled"),
    "mandates": ("mandate-revoked",),
}
Shown = Callable[[Transaction, CaseFile], dict[str, object]]


def add_to(pages: Blueprint) -> None:
    for name, facts, roles in (
        ("terms", _terms, _MAY_LOOK),
        ("rights", _rights, _MAY_LOOK),
        ("mandates", _mandates, _MAY_LOOK),
        ("trace", _trace, identity.ROLES),  # a figure leads there for everybody, as the API does
        ("paper", _paper, _MAY_LOOK),
    ):
        view = identity.requires(*roles)(_page(name, facts))
        pages.add_url_rule(f"/desk/<uuid:unit_id>/{name}", f"case_{name}", view)
    pages.add_url_rule("/desk/capitals", "in_capitals", identity.requires(*_MAY_LOOK)(in_capitals))


def in_capitals() -> tuple[str, dict[str, str]]:
    """The amount of the query in capitals, for the sum under the lines while they are typed."""
    fen = request.args.get("fen", "")
    if not (fen.isascii() and fen.isdecimal() and len(fen) <= _LONGEST_FEN):
        raise Unknown
    return capitals(int(fen)), {"Content-Type": "text/plain; charset=utf-8"}


def _page(name: str, facts: Shown) -> Callable[[UUID], str]:
    def view(unit_id: UUID) -> str:
        with reading(context().engine, granted=identity.current().granted) as tx:
            case = case_file.read(tx, unit_id)
            found = facts(tx, case)
            staff = staff_list.of(tx, (act.by for act in case.acts))
        return render_template(
            f"case-{name}.html",
            title=f"{case.compound} {case.building} {case.door}",
            page=name,
            case=case,
            agreement=case.agreement,
            did=_did(),
            trace=[act for act in reversed(case.acts) if act.kind in _TRACE.get(name, (act.kind,))],
            capitals=capitals,
            staff=staff,
            as_of=AsOf(context().clock.now(), None, None),
            **found,
        )

    return view


def _terms(tx: Transaction, case: CaseFile) -> dict[str, object]:
    return {
        "draft": drafts.of(case, roles=identity.current().roles),
        "drafting": drafting.read(tx, case.project_id),
        "reasons": drafts.REASONS,
    }


def _rights(_: Transaction, case: CaseFile) -> dict[str, object]:
    return {
        "may": _may("cases.confirm"),
        "flaw": signers.rights(case).flaw(),
        "reasons": DISPUTED,
        "area_reasons": AREA,
    }


def _mandates(_: Transaction, case: CaseFile) -> dict[str, object]:
    """`kinds`: by right-holder, the mandates that may be recorded for them. `hands`: who could sign for another, as far as known here."""
    own = {row.person_id: signers.holder(row) for row in case.right_holders}
    return {
        "may": _may("cases.record"),
        "today": business_day(context().clock.now()),
        "kinds": {
            person_id: [kind for kind in get_args(MandateKind) if not unfit(item, kind)]
            for person_id, item in own.items()
        },
        "names": {row.person_id: row.name for row in case.right_holders},
        "hands": [row for row in case.right_holders if row.capable and row.kind == "natural"],
        "others": sorted({row.hand for row in case.mandates} - own.keys()),
        "reasons": REVOKED,
    }


def _paper(_: Transaction, case: CaseFile) -> dict[str, object]:
    """Printed in Chinese whatever the reader's language; there is none before the lock, which gives the terms their digest."""
    agreement = case.agreement
    shown = desks.of(case, today=business_day(context().clock.now()), signing=False)
    return {
        "code": paper.code(agreement.terms_digest) if agreement and agreement.terms_digest else None,
        "signers": shown.signers,
        "cn": texts_in("zh-Hans", "form", "capacity", "term_head"),
    }


def _trace(tx: Transaction, case: CaseFile) -> dict[str, object]:
    """`events`: by the trace of their act. `others`: those without an act on the case, the newest first."""
    events: dict[str | None, list[CaseEvent]] = {act.trace_id: [] for act in case.acts if act.trace_id}
    others: list[CaseEvent] = []
    for event in case_events.of(tx, case.district, case.unit_id):
        events.get(event.trace_id, others).append(event)
    names = {str(row.person_id): row.name for row in case.right_holders}
    return {"names": names, "events": events, "others": others[::-1]}


def _may(route: str) -> bool:
    found = declared.of(route)
    return bool(found and identity.current().roles.intersection(found.roles))


def _did() -> str:
    """What was just done, in one sentence; an address with another word says nothing."""
    did = request.args.get("did", "")
    try:
        return text(f"did.{did}") if did else ""
    except KeyError:
        return ""
