"""City and District: what the command post and whoever is paged looks at first."""

from typing import Final

from deploy.grafana.panels import Board, Panel, Query
from deploy.grafana.queries import MESSAGES_ONCE, OF, per_minute

_ALERTS = Panel(
    title="Open alerts",
    kind="alertlist",
    wide=8,
    says="Each leads to its entry of docs/runbook.md. Begin with what pages.",
)

CITY: Final = Board(
    "city",
    "City",
    "All districts in one look, what needs attention first.",
    (
        _ALERTS,
        Panel(
            title="Latest place in a district's pipeline", kind="bargauge", unit="s", wide=8, red_from=60, most=60, leads="pipeline",
            queries=(Query("sort_desc(max by (district) (clearwater_consumer_age_seconds))", "{{district}}"),),
            says="The district with the highest bar needs you first: something has not been read there. Go on with Pipeline.",
        ),
        Panel(
            title="Distance to the threshold", kind="bargauge", unit="percentunit", wide=8, most=1, leads="district",
            queries=(
                Query(
                    "sort(max by (district, project) (clearwater_threshold_ratio - clearwater_signed_ratio))",
                    "{{district}} {{project}}",
                ),
            ),
            says="Of the basis that is farthest. Below 1 % it is near, and below 0 all bases are reached.",
        ),
        Panel(
            title="Signed", kind="stat", wide=6,
            queries=(Query("sum(max by (district, project, series) (clearwater_signings_total))"),),
            says="All agreements that have a number.",
        ),
        Panel(
            title="Rescinded", kind="stat", wide=6,
            queries=(Query("sum(max by (district, project) (clearwater_rescissions_total))"),), says="Agreements that were given up.",
        ),
        Panel(
            title="Thresholds reached", kind="stat", wide=6,
            queries=(Query("sum(max by (district, project) (clearwater_threshold_reached))"),), says="Projects that have made their call.",
        ),
        Panel(
            title="Live browsers", kind="stat", wide=6, queries=(Query("sum(clearwater_live_readers)"),),
            says="Browsers with walls or maps open now. They fall to 0 when the stream is down.",
        ),
        Panel(
            title="Signings a minute",
            queries=(Query(per_minute("clearwater_signings_total", "district", "series"), "{{district}} {{series}}"),),
            says="How busy each district is.",
        ),
        Panel(
            title="Projects", kind="table", leads="district",
            queries=(
                Query("max by (district, project, basis) (clearwater_to_go)", "to go", "locale"),
                Query("max by (district, project) (clearwater_period_left_seconds)", "period left", "s"),
                Query("max by (district, project) (clearwater_days_unclosed)", "days not closed"),
            ),
            says="What is to go in each basis (area in 0.01 m²), how long the period lasts, days that are not closed.",
        ),
    ),
)  # fmt: skip

DISTRICT: Final = Board(
    "district",
    "District",
    "One district: its projects, and how fresh its pages and messages are.",
    (
        Panel(
            title="Share signed, by basis", unit="percentunit",
            queries=(
                Query(f"max by (project, basis) (clearwater_signed_ratio{{{OF}}})", "{{project}} {{basis}}"),
                Query(f"max by (project, basis) (clearwater_threshold_ratio{{{OF}}})", "{{project}} {{basis}} asked for"),
            ),
            says="Each basis and the line that it has to reach.",
        ),
        Panel(
            title="To go until the threshold",
            queries=(Query(f"max by (project, basis) (clearwater_to_go{{{OF}}})", "{{project}} {{basis}}"),),
            says="Area in 0.01 m². It falls with each household and rises with a rescission.",
        ),
        Panel(
            title="Acts a minute",
            queries=(
                Query(per_minute("clearwater_signings_total", "project", "series", where=OF), "{{project}} signed, {{series}}"),
                Query(per_minute("clearwater_drafts_total", "project", where=OF), "{{project}} drafted"),
                Query(per_minute("clearwater_rescissions_total", "project", where=OF), "{{project}} rescinded"),
            ),
            says="What the desks do.",
        ),
        Panel(
            title="How old the pages are", unit="s", red_from=60,
            queries=(Query(f"max by (consumer, district) (clearwater_consumer_age_seconds{{{OF}}})", "{{consumer}} {{district}}"),),
            says="ConsumerLate pages from 60 s on: a consumer is dead, paused or too slow.",
        ),
        Panel(
            title="Messages",
            queries=(Query(f"sum by (state) ({MESSAGES_ONCE})", "{{state}}"),),
            says="Every message once, by what became of it.",
        ),
        Panel(
            title="Running imports", unit="percentunit",
            queries=(Query(f"max by (district) (clearwater_import_progress_ratio{{{OF}}})", "{{district}}"),),
            says="How far the running import is; 100 % when none runs. ImportStuck pages when it does not move.",
        ),
        Panel(
            title="Live browsers", queries=(Query(f"sum by (district) (clearwater_live_readers{{{OF}}})", "{{district}}"),),
            says="Browsers with walls or maps open.",
        ),
        Panel(
            title="Parked keys", red_from=1,
            queries=(Query(f"max by (consumer, district) (clearwater_parked_keys{{{OF}}})", "{{consumer}} {{district}}"),),
            says="Households whose later events wait. EventParked says what to do.",
        ),
    ),
)  # fmt: skip
