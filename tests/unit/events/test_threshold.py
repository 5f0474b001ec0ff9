"""Are rates and thresholds whole numbers, cut and never rounded in our favour?"""

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events import threshold

COUNTS = st.integers(0, 10**9)


@pytest.mark.parametrize(
    ("signed", "total", "percent", "reached", "distance"),
    [
        (95, 100, 95, True, 0),
        (94, 100, 95, False, 1),
        (96, 100, 95, True, -1),
        (94_996, 100_000, 95, False, 4),
        (0, 0, 95, False, 0),
        (1, 1, 100, True, 0),
        (0, 1, 1, False, 1),
        (2, 3, 67, False, 1),
        (2, 3, 66, True, 0),
    ],
)
def test_a_threshold_is_reached_from_its_exact_count_on(signed, total, percent, reached, distance):
    assert threshold.reached(signed, total, percent) == reached
    assert threshold.distance(signed, total, percent) == distance


@given(COUNTS, st.integers(1, 10**9), st.integers(1, 100))
def test_the_distance_is_zero_exactly_when_the_threshold_is_reached(signed, total, percent):
    needed = ceil(Fraction(total * percent, 100))

    assert threshold.distance(signed, total, percent) == needed - signed
    assert threshold.reached(signed, total, percent) == (signed >= needed)


@given(COUNTS, st.integers(1, 10**9))
def test_a_rate_is_cut_to_hundredths_of_a_percent(numerator, denominator):
    assert threshold.cut(numerator, denominator) == floor(Fraction(numerator, denominator) * 10_000)


@pytest.mark.parametrize("denominator", [None, 0])
def test_without_a_roll_there_is_no_rate(denominator):
    assert threshold.cut(5, denominator) is None


@pytest.mark.parametrize(
    ("hundredths", "printed"), [(0, "0.00"), (5, "0.05"), (9_490, "94.90"), (9_499, "94.99"), (10_000, "100.00")]
)
def test_a_rate_is_printed_with_two_places(hundredths, printed):
    assert threshold.printed(hundredths) == printed
