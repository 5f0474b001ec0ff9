"""A process of loops imports no web framework: routes, pages and their models take a third of its memory."""

import subprocess
import sys

import pytest

from deploy.declaration import SERVICES
from tests.support.tree import ROOT

_FRAMEWORKS = {"flask", "jinja2", "gunicorn", "alembic"}
_IMPORTED = "import sys, services.{0}.{1}; print(*sorted({2} & sys.modules.keys()))"


@pytest.mark.parametrize("service", SERVICES)
def test_the_wiring_of_a_service_imports_no_web_framework(service: str) -> None:
    assert imported(service, "wiring") == set()


def test_the_application_of_a_service_imports_the_web_framework() -> None:
    assert "flask" in imported("signing", "application")


def imported(service: str, module: str) -> set[str]:
    program = _IMPORTED.format(service, module, _FRAMEWORKS)
    return set(subprocess.check_output([sys.executable, "-c", program], cwd=ROOT, text=True).split())
