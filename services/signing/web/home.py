"""/ and /docs: where a person and a programmer start. Signing carries them, and the sign-in, for all services (decision 18)."""

from flask import Blueprint, render_template

from shared.service import identity
from shared.service.running import running
from shared.web import sections
from shared.web.shell import text

home = Blueprint("home", __name__, template_folder="templates")


@home.get("/")
@identity.requires()
def front() -> str:
    open_to = sections.open_to(identity.current().roles)
    return render_template("home.html", title=text("shell.home"), sections=open_to)


@home.get("/docs")
def api_list() -> str:
    """Links to the API descriptions of all services. Public, as they are."""
    return render_template("apis.html", title=text("home.apis"), services=running().settings.services.split())
