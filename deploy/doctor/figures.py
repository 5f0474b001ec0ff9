"""The finding that what is shown is not what signing has counted.

Invariant: as in findings.py. While people sign the two differ for moments, so whoever asks looks again after SETTLED_SECONDS: a finding
that is the same then, with the same amounts, has lasted.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from deploy.doctor.finding import Finding
from deploy.doctor.seen import Seen

FIGURES: Final = "FiguresDiffer"
SETTLED_SECONDS: Final = 20.0  # the services read both anew every fifteen


def differ(seen: Seen) -> Iterator[Finding]:
    """Of each project the first basis that differs."""
    counted = {_basis(sample.labels): sample.value for _, sample in seen.samples("clearwater_signed_amount")}
    found: dict[str, Finding] = {}
    for _, sample in seen.samples("clearwater_shown_amount"):
        district, project, basis = of = _basis(sample.labels)
        if of in counted and counted[of] != sample.value:
            wrong = (
                f"{project} in district {district}: the {sample.labels['view']} of reporting shows {sample.value:.0f} as signed "
                f"({basis}), and signing has {counted[of]:.0f}."
            )
            do = "Where nothing waits or is parked, `service rebuild` of reporting makes its read model anew from the topics."
            place = f"{district} {project}"
            found.setdefault(place, Finding(FIGURES, "page", place, wrong, do))
    yield from found.values()


def lasting(before: list[Finding], now: list[Finding]) -> list[Finding]:
    """What is wrong now, without figures that have moved meanwhile."""
    return [finding for finding in now if finding.entry != FIGURES or finding in before]


def _basis(labels: Mapping[str, str]) -> tuple[str, str, str]:
    return labels["district"], labels["project"], labels["basis"]
