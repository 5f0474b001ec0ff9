"""Does the table of ports in deploy/README.md name every port of an installation, and no other?"""

import re

from deploy.declaration import PORTS
from deploy.images.monitoring import STEPS
from deploy.local.place import ROOT


def test_the_table_of_ports_is_that_of_the_declaration():
    table = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8").split("### Ports", 1)[1].split("\n## ", 1)[0]
    rows = [row for row in table.splitlines() if row.startswith("| ")]
    listed = re.findall(r"`([a-z0-9-]+)` ([0-9]+)", "".join(rows))

    assert {name: int(step) for name, step in listed} == {**PORTS, **STEPS}
    assert len(listed) == len(PORTS) + len(STEPS)


def test_no_two_processes_have_one_port():
    steps = [*PORTS.values(), *STEPS.values()]

    assert len(set(steps)) == len(steps)
