"""SQL of a service stands in its store and its queries (in reporting in its projections too), and nowhere else."""

import ast
import re
from pathlib import Path

import pytest

from deploy.local.place import ROOT
from tests.support.tree import python_files

ITS_PLACES = {"store", "queries", "projections", "gateways", "migrations"}
_SQL = re.compile(
    r"\s*(select\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|with\s+\w+\s+as\s*\()", re.IGNORECASE
)


def outside() -> list[Path]:
    services = [file for file in python_files() if file.parts[0] == "services" and len(file.parts) > 2]
    return [file for file in services if file.parts[2] not in ITS_PLACES]


def statements(source: str) -> list[str]:
    """Texts of a module, without its docstrings, that begin as SQL does."""
    tree = ast.parse(source)
    documented = [
        node for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    ]
    docstrings = {id(node.value) for node in documented}
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [str(node.value) for node in texts if id(node) not in docstrings and _SQL.match(str(node.value))]


def test_sql_stands_in_store_and_queries_only() -> None:
    found = {file.as_posix() for file in outside() if statements((ROOT / file).read_text(encoding="utf-8"))}

    assert found == set()


@pytest.mark.parametrize(
    "planted",
    [
        'text("select 1 from units")',
        'text("""\n    with line as (select 1) select * from line\n""")',
        'connection.exec_driver_sql(f"delete from {table}")',
        'X = "UPDATE units SET area = 0"',
    ],
)
def test_a_planted_statement_is_found(planted: str) -> None:
    assert statements(f'"""select nothing: a docstring."""\n{planted}\n')
