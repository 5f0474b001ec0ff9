"""Expressions that several dashboards use.

Where an API or notify's worker runs twice, both show the facts of one database: such figures are taken with `max by` before they are
added up.
"""

from typing import Final

OF: Final = 'district=~"$district"'
MESSAGES_ONCE: Final = f"max by (state, channel, district) (clearwater_messages_by_channel{{{OF}}})"
# Of the objective: signing in is none.
SIGNING_ACTS: Final = 'service="signing",route!~"/login.*|/callback",method="POST"'
SIGNATURES: Final = 'service="signing",route=~".*/signatures",method="POST"'


def quantile(share: float, metric: str, *labels: str, where: str = "") -> str:
    by = ", ".join(("le", *labels))
    return f"histogram_quantile({share}, sum by ({by}) (rate({metric}_bucket{{{where}}}[$__rate_interval])))"


def per_minute(fact: str, *labels: str, where: str = "") -> str:
    single = ", ".join(dict.fromkeys((*labels, "district", "project")))
    return f"60 * sum by ({', '.join(labels)}) (max by ({single}) (rate({fact}{{{where}}}[$__rate_interval])))"


def where_any(expr: str) -> str:
    """Without the share of nothing, which is no number: its panel says that there is nothing yet."""
    return f"({expr}) > -Inf"
