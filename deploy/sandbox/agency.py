"""python -m deploy.sandbox.agency [--containers]: a test agency with a grant of everything in the demo's district.

Its variables, secrets among them, go to one file that only its owner reads. Run again it gives new secrets under the same grant.
"""

import os
import shlex
import sys
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from deploy.demo.people import Person, Stuck
from deploy.images import running as containers
from deploy.images.admitting import InContainers
from deploy.local import admission
from deploy.local import place as places
from deploy.local.place import CannotStart, Place
from shared.events import catalogue

AGENCY, CLIENT, DISTRICT = "sandbox", "agency-sandbox", "440303"
_PERIOD = timedelta(days=400)


def main() -> int:
    try:
        contained = "--containers" in sys.argv
        place = containers.place() if contained else places.from_environment()
        give(place, DISTRICT, AGENCY, CLIENT)
        variables = admission.admit(place, AGENCY, InContainers() if contained else None)
    except (CannotStart, Stuck) as reason:
        print(reason, file=sys.stderr)
        return 2
    file = containers.KEPT_IN / "sandbox.env" if contained else place.path("sandbox.env")
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as opened:
        opened.write(admission.as_shell(variables))
    print(f"client   {variables['CLEARWATER_CLIENT']}")
    print(f"secrets  {file}")
    print(f"feed     {variables['CLEARWATER_URL']}/api/reporting/v1/districts/{variables['CLEARWATER_DISTRICT']}/feed")
    print(f"try it   . {shlex.quote(str(file))} && .venv/bin/python examples/python/subscriber.py --once")
    return 0


def give(place: Place, district: str, agency: str, client: str) -> str:
    """The id of a grant in force of everything that may be given; made if there is none. Raises Stuck."""
    with Person(place, "city", district) as city, Person(place, "command", district) as command:
        if all(known["agency"] != agency for known in city.every("registry", "/agencies")):
            city.post("registry", "/agencies", _about(agency, client), key=f"{agency} itself")
        for grant in city.every("registry", "/grants"):
            if grant["agency"] == agency and admission.in_force([grant], now=datetime.now(UTC)):
                return str(grant["grant_id"])
        grant = city.post("registry", f"/agencies/{agency}/grants", _terms(), key=str(uuid4()))
        command.post("registry", f"/grants/{grant['grant_id']}/approval", {}, key=str(uuid4()))
        return str(grant["grant_id"])


def _about(agency: str, client: str) -> dict[str, object]:
    return {
        "agency": agency,
        "name": "样例登记中心",
        "office": "信息科",
        "email": "it@registry.example",
        "clients": [client],
    }


def _terms() -> dict[str, object]:
    now = datetime.now(UTC)
    return {
        "purpose": "注销原房产证",
        "legal_basis": "样例条例第十二条",
        "audiences": ["public", "internal"],
        "event_types": [event.declared.type for event in catalogue.grantable()],
        "starts_at": (now - _PERIOD).isoformat(),
        "ends_at": (now + _PERIOD).isoformat(),
    }


if __name__ == "__main__":
    sys.exit(main())
