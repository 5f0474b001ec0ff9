"""The service over HTTP: request → command → response. No rule and no SQL; every route is declared by http.route."""

from services.signing.api.agreements import agreements
from services.signing.api.cases import cases
from services.signing.api.projects import projects
from services.signing.api.signatures import signatures
from services.signing.api.staff import staff

BLUEPRINTS = (cases, agreements, signatures, projects, staff)
