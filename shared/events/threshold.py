"""The arithmetic of rates and thresholds: whole numbers only, so 94.996 % is not 95 %.

Invariant: a rate is cut to two decimals, never rounded up to a threshold; a distance is rounded against us. The browser's copy of the
cutting (reporting: web/static/rules.js) gives the same (tests/unit/reporting/test_rules_of_the_browser.py).
Left to others: what is counted (roll.py), by which rule, and what follows.
Held by tests/unit/events/test_threshold.py.
"""

WHOLE = 10_000  # hundredths of a percent


def reached(signed: int, total: int, percent: int) -> bool:
    """False for an empty roll."""
    return total > 0 and signed * 100 >= total * percent


def distance(signed: int, total: int, percent: int) -> int:
    """How many more are needed, rounded up; negative: how many more than needed there are."""
    return -(-total * percent // 100) - signed


def cut(numerator: int, denominator: int | None) -> int | None:
    """The rate in hundredths of a percent, cut: 9490 is 94.90 %. None where the roll is unknown or empty."""
    return numerator * WHOLE // denominator if denominator else None


def printed(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}"
