"""A pytest plugin: --shuffle SEED runs the modules of each folder, and the tests of each module, in an order made from the seed.

Folders keep their order, so that those that need every process stay last; a module stays together, so that its fixtures are made once.
"""

import random
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Protocol, TypeVar

import pytest


class _Item(Protocol):
    @property
    def path(self) -> Path: ...


ItemT = TypeVar("ItemT", bound=_Item)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shuffle", type=int, default=None, help="seed of the order within each folder")


def pytest_report_header(config: pytest.Config) -> str | None:
    seed = config.getoption("shuffle")
    return None if seed is None else f"shuffled within each folder by --shuffle {seed}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if (seed := config.getoption("shuffle")) is not None:
        items[:] = shuffled(items, seed)


def shuffled(items: Sequence[ItemT], seed: int) -> list[ItemT]:
    chance = random.Random(seed)
    ordered: list[ItemT] = []
    for _, folder in groupby(items, key=lambda item: item.path.parent):
        modules = [list(module) for _, module in groupby(folder, key=lambda item: item.path)]
        chance.shuffle(modules)
        for module in modules:
            chance.shuffle(module)
            ordered += module
    return ordered
