"""Writes docs/metrics.md from the declared metrics: name, kind, labels and the one sentence of each.

`python -m deploy.prometheus.metrics` writes it. With `--check` it exits 1 when the file is not as it would be written now.
"""

import sys
from collections.abc import Iterator, Sequence

from prometheus_client import Counter, Gauge, Histogram

from deploy import generated
from deploy.backups import archive
from deploy.doctor import disks, servers, watch
from deploy.local import granting
from deploy.local.place import ROOT
from services.notify.queries import facts as notify
from services.registry.queries import facts as registry
from services.reporting.queries import facts as reporting
from services.signing.queries import facts as signing
from shared.messaging import pipeline
from shared.telemetry import archived, facts, metrics
from shared.telemetry.facts import Fact

Metric = Counter | Gauge | Histogram | Fact
DOCUMENT = ROOT / "docs" / "metrics.md"
_HEAD = """# Metrics

Written by `python -m deploy.prometheus.metrics` from the declarations in the code: change those, not this.
Every process serves its own at `/metrics`, on its own port; the front door does not lead there. The scraper adds `service` and `role`.
Labels are few and bounded: a district, a project, a consumer, a topic, a route template, never an id or a person.
What is read from a database is shown by the API of its service alone, also while the process that it is about
is dead. What is so of the whole server (`clearwater_archive_…`) every API shows. The platform's processes `admin`, `watch` and `archive`
have `service` `platform`; `archive` runs from the first backup on. Where an API runs twice, take `max`, not `sum`.
Beside these, every process of ours shows `process_cpu_seconds_total`, `process_resident_memory_bytes` and `process_start_time_seconds`.
For PostgreSQL, Kafka and the front door `watch` shows memory and processor on the local platform; in containers and in Kubernetes the
engine has them for every container.

| metric | kind | labels | meaning |
|---|---|---|---|
"""


def declared() -> Iterator[Metric]:
    """Every metric of every service, in the order of its declaration."""
    for module in (
        metrics,
        notify,
        signing,
        registry,
        reporting,
        pipeline,
        archived,
        archive,
        granting,
        watch,
        disks,
        servers,
        facts,
    ):
        yield from (value for value in vars(module).values() if isinstance(value, Metric))


def exposed(metric: Metric) -> str:
    """The name under which Prometheus stores it."""
    if isinstance(metric, Fact):
        return metric.name
    (family,) = metric.describe()
    return f"{family.name}_total" if family.type == "counter" else family.name


def labels(metric: Metric) -> tuple[str, ...]:
    if isinstance(metric, Fact):
        return metric.labels
    return tuple(metric._labelnames)  # noqa: SLF001 - prometheus-client has no public way to them


def text() -> str:
    return _HEAD + "".join(map(_row, declared()))


def _row(metric: Metric) -> str:
    kind, meaning = _described(metric)
    named = ", ".join(f"`{label}`" for label in labels(metric))
    return f"| `{exposed(metric)}` | {kind} | {named} | {meaning} |\n"


def _described(metric: Metric) -> tuple[str, str]:
    if isinstance(metric, Fact):
        return metric.kind, metric.meaning
    (family,) = metric.describe()
    return family.type, family.documentation


def main(arguments: Sequence[str]) -> int:
    return generated.settle({DOCUMENT: text()}, arguments, command="deploy.prometheus.metrics")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
