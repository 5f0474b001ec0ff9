"""python -m services.registry api|relay|consumer|worker|migrate|redrive|reconcile|new-epoch|republish|forget-again|contract-check|sample"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from services.registry import wiring
from shared.messaging import roles
from shared.service import database


def sample(arguments: Sequence[str]) -> int:
    """A workbook of invented people, and what to post before importing it."""
    from services.registry.commands.make_sample import MakeSample, make_sample  # noqa: PLC0415 - see wiring.py

    parser = argparse.ArgumentParser(prog="python -m services.registry sample", description=sample.__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--units", type=int, default=20, help="1708 makes the reference project")
    parser.add_argument("--district", default="440303", help="GB/T 2260")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="file.xlsx or file.csv; file.json stands beside it"
    )
    options = parser.parse_args(arguments)
    made = make_sample(MakeSample(options.seed, options.units, options.district, options.output))
    summary = json.dumps(made, ensure_ascii=False, indent=2) + "\n"
    options.output.with_suffix(".json").write_text(summary, encoding="utf-8")
    sys.stdout.write(f"{options.output}: {made['units']} units, {made['rows']} rows\n")
    return 0


def erase(arguments: Sequence[str]) -> int:
    """Forgets again, after a restore, everybody on the list of erasures."""
    from services.registry.commands.forget_again import ForgetAgain, forget_again  # noqa: PLC0415 - see wiring.py

    parser = argparse.ArgumentParser(prog="forget-again", description=erase.__doc__)
    parser.add_argument("file", type=Path, help="one erasure a line, as the archive keeps them")
    engine, outcomes = wiring.SERVICE.app("forget-again"), Counter[str]()
    for line in parser.parse_args(arguments).file.read_text(encoding="utf-8").splitlines():
        command = ForgetAgain.model_validate(json.loads(line))
        with database.begin(engine, district=command.district) as tx:
            outcomes[forget_again(tx, command)] += 1
    counted = ("forgotten", "already", "unknown")
    sys.stdout.write(", ".join(f"{outcomes[outcome]} {outcome}" for outcome in counted) + "\n")
    return 0


def contract_check(arguments: Sequence[str]) -> int:
    """Whom the contract of this code would break: compares it with the one that the installation serves, and names its live grants."""
    from services.registry.commands.check_contract import check_contract  # noqa: PLC0415 - see wiring.py
    from services.registry.gateways import contracts  # noqa: PLC0415 - see wiring.py
    from shared.events import impact  # noqa: PLC0415 - see wiring.py

    parser = argparse.ArgumentParser(prog="contract-check", description=contract_check.__doc__)
    public_url = wiring.SERVICE.settings().public_url
    parser.add_argument(
        "--against", default=public_url, help="an installation, a folder, or - for its xregistry.json, piped in"
    )
    try:
        before = contracts.read(parser.parse_args(arguments).against)
    except contracts.Unreadable as failure:
        sys.stderr.write(f"{failure}\n")
        return 2
    engine = wiring.SERVICE.app("contract-check")
    with database.reading(engine, granted=[database.EVERY]) as tx:
        checked = check_contract(tx, before, impact.current(), now=datetime.now(UTC))
    engine.dispose()
    sys.stdout.writelines(f"{line}\n" for line in checked.lines())
    return 1 if checked.breaks else 0


if __name__ == "__main__":
    roles.main(
        wiring.SERVICE,
        {"worker": wiring.run_worker},
        {"sample": sample},
        {"forget-again": erase, "contract-check": contract_check},
    )
