"""/api/v1/staff/{login}"""

from flask import Blueprint

from services.signing.queries import staff_list
from services.signing.queries.staff_list import Member
from shared.service import database, http, identity
from shared.service.context import context

staff = Blueprint("staff", __name__, url_prefix="/api/v1")


@http.route(staff, "GET", "/staff/<path:login>", roles=identity.ROLES, answers=Member)
def show_member(login: str) -> http.Answer:
    """The name, roles and staff number under which a login acts."""
    with database.reading(context().engine, granted=identity.current().granted) as tx:
        return http.ok(staff_list.one(tx, login))
