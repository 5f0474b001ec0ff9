"""python -m services.registry api|relay|consumer|worker|migrate|redrive|reconcile|new-epoch|sample"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from services.registry import wiring
from services.registry.commands.make_sample import MakeSample, make_sample
from shared.messaging import roles


def sample(arguments: Sequence[str]) -> int:
    """A workbook of invented people, and what to post before importing it."""
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


if __name__ == "__main__":
    roles.main(wiring.SERVICE, {"worker": wiring.run_worker}, {"sample": sample})
