"""`make alerts`: the tools that read our files accept them, and every alert fires when it must and is silent when it must.

promtool reads the configurations of `make ops` and of the containers, the rules and their cases, and the queries of the dashboards;
amtool, where there is one, reads the routes. Without promtool it prints how to get it, and exits with 2.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.grafana import panels
from deploy.grafana.boards import BOARDS
from deploy.images.site import SITE
from deploy.local.place import CannotStart
from deploy.prometheus import scraping

FOLDER = Path(__file__).parent
CONTAINERS = FOLDER.with_name("images")


def main() -> int:
    try:
        return check()
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return 2


def check() -> int:
    """Returns the first exit code that is not 0. Raises CannotStart without promtool."""
    promtool, amtool = shutil.which("promtool"), shutil.which("amtool")
    if not promtool:
        raise CannotStart("There is no promtool on the PATH: Debian has it in its package prometheus.")
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder, "prometheus.yml")
        written.write_text(scraping.configuration(SITE), encoding="utf-8")
        queries = Path(folder, "panels.yml")
        queries.write_text(_panels(), encoding="utf-8")
        commands = [
            [promtool, "check", "rules", str(queries)],
            [promtool, "check", "config", str(written)],
            # Its rules are where the container has them.
            [promtool, "check", "config", "--syntax-only", str(CONTAINERS / "prometheus.yml")],
            [promtool, "test", "rules", str(FOLDER / "alerts.test.yml")],
            *(
                [[amtool, "check-config", *(str(folder / "alertmanager.yml") for folder in (FOLDER, CONTAINERS))]]
                if amtool
                else []
            ),
        ]
        codes = (subprocess.run(command, check=False).returncode for command in commands)
        return next((code for code in codes if code), 0)


def _panels() -> str:
    """The queries of every panel as rules: promtool reads rules, and a query is one."""
    queries = [query.expr for board in BOARDS for panel in board.panels for query in panel.queries]
    rules = [{"record": f"panel:{number}", "expr": panels.with_variables(expr)} for number, expr in enumerate(queries)]
    return json.dumps({"groups": [{"name": "panels", "rules": rules}]})


if __name__ == "__main__":
    sys.exit(main())
