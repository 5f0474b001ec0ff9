"""What the domain and the database both define is one definition: the moves of an agreement, what counts as signed, what is live."""

import re
from typing import get_args

import pytest

from services.signing.domain.moves import LIVE, SIGNED, State, steps
from tests.support.signing import District

_EXPRESSION = """
    select pg_get_expr(adbin, adrelid) as expression from pg_attrdef join pg_attribute on attrelid = adrelid and attnum = adnum
    where adrelid = 'agreements'::regclass and attname = :column
"""


def test_the_database_allows_the_moves_of_the_table_and_no_other(district: District) -> None:
    [row] = district.rows("select pg_get_functiondef('agreement_moves'::regproc) as body")
    allowed = set(re.findall(r"'(\w+)>(\w+)'", row.body))

    single = {(source, target) for source, target, _ in steps()}
    # A signature after the declaration is written with its effect, in one transaction.
    at_once = {(source, "effective") for source, target in single if target == "signed"}
    assert allowed == single | at_once


@pytest.mark.parametrize(("column", "states"), [("counts_as_signed", SIGNED), ("live", LIVE)])
def test_a_group_of_states_is_the_same_in_the_database(
    district: District, column: str, states: tuple[State, ...]
) -> None:
    [row] = district.rows(_EXPRESSION, column=column)

    found = district.rows(
        f"select state from unnest(cast(:states as text[])) as state where {row.expression}",
        states=list(get_args(State)),
    )
    assert {row.state for row in found} == set(states)


def test_no_other_function_of_the_database_lists_the_states_that_count_as_signed(district: District) -> None:
    functions = district.rows(
        "select proname from pg_proc where pronamespace = 'public'::regnamespace and prosrc ~ :listed",
        listed=r"\('signed', 'effective', 'performed'\)",
    )
    assert functions == []
