"""Do the scripts of the pages cut a rate and choose a scale as the server does? Node.js runs the browser's own file on the same cases."""

import json
import random
import subprocess

import pytest

from deploy.local import assets
from deploy.local.place import ROOT
from services.reporting.domain import rates
from services.reporting.domain.rates import Basis
from shared.events import threshold

RULES = ROOT / "services" / "reporting" / "web" / "static" / "rules.js"
SEED = 20261128
# Area of a large project in 0.01 m², at the line and beside it; an empty and an unknown roll.
EDGES = [
    (94_996, 100_000),
    (0, 7),
    (7, 7),
    (2_289, 2_412),
    (1, 3),
    (29, 100),
    (57, 100),
    (1_000_000_000, 1_000_000_001),
    (3, 0),
    (3, None),
]
_RUN = """
import { cut, printed, scale } from "RULES";
let text = "";
for await (const part of process.stdin) text += part;
const { pairs, tables } = JSON.parse(text);
const rates = pairs.map(([n, d]) => cut(n, d));
const answer = { rates, texts: rates.map((rate) => (rate === null ? null : printed(rate))), scales: tables.map(scale) };
process.stdout.write(JSON.stringify(answer));
"""


@pytest.fixture(scope="module")
def pairs() -> list[tuple[int, int | None]]:
    drawn = random.Random(SEED)
    totals = [drawn.randint(1, 20_000_000) for _ in range(2_000)]
    near = [(max(0, total * drawn.randint(0, 100) // 100 + drawn.randint(-2, 2)), total) for total in totals]
    return [*EDGES, *near, *((drawn.randint(0, total), total) for total in totals)]


@pytest.fixture(scope="module")
def tables() -> list[list[Basis]]:
    drawn = random.Random(SEED)
    low = [0, 8_900, 9_300, 9_400, 9_500]
    return [
        [
            Basis(
                name,
                drawn.randint(drawn.choice(low), 10_000),
                drawn.choice((10_000, None)),
                drawn.choice((None, 90, 95)),
            )
            for name in rates.NAMES
        ]
        for _ in range(300)
    ]


@pytest.fixture(scope="module")
def browser(pairs, tables) -> dict[str, list]:
    of_table = [
        [
            {
                "numerator": basis.numerator,
                "denominator": basis.denominator,
                "required": basis.required,
                "percent": basis.percent,
            }
            for basis in bases
        ]
        for bases in tables
    ]
    ran = subprocess.run(
        [assets.node(), "--input-type=module", "-e", _RUN.replace("RULES", RULES.as_uri())],
        input=json.dumps({"pairs": pairs, "tables": of_table}), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_a_rate_is_cut_alike(browser, pairs):
    assert browser["rates"] == [threshold.cut(*pair) for pair in pairs]


def test_a_rate_is_printed_alike(browser, pairs):
    cuts = [threshold.cut(*pair) for pair in pairs]

    assert browser["texts"] == [None if cut is None else threshold.printed(cut) for cut in cuts]


def test_a_scale_is_chosen_alike(browser, tables):
    assert [tuple(ends) for ends in browser["scales"]] == [rates.scale(bases) for bases in tables]
    assert len({tuple(ends) for ends in browser["scales"]}) == 3
