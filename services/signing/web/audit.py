"""/desk/acts: for the auditor: every act on a case, the latest first."""

from flask import Blueprint, render_template, request

from services.signing.queries import act_list, staff_list
from services.signing.queries.act_list import ActsQuery
from shared.service import http, identity
from shared.service.context import context
from shared.service.database import reading
from shared.web.shell import AsOf, text

_SHOWN = 50


def add_to(pages: Blueprint) -> None:
    pages.add_url_rule("/desk/acts", "acts", identity.requires("auditor")(acts))


def acts() -> str:
    with reading(context().engine, granted=identity.current().granted) as tx:
        found = act_list.read(tx, ActsQuery(limit=_SHOWN, cursor=request.args.get("cursor")))
        staff = staff_list.of(tx, (act.by for act in found))
    return render_template(
        "acts.html",
        title=text("acts.all"),
        acts=found[:_SHOWN],
        staff=staff,
        after=http.cursor([found[_SHOWN - 1].act_id]) if len(found) > _SHOWN else None,
        as_of=AsOf(context().clock.now(), None, None),
    )
