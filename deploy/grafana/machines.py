"""Signing desk, Database and broker, SLO: what answers, what it stands on, and what was promised."""

from typing import Final

from deploy.grafana.panels import Board, Panel, Query
from deploy.grafana.queries import SIGNATURES, SIGNING_ACTS, quantile, where_any

_ALL: Final = 'service="signing"'
DESK: Final = Board(
    "desk",
    "Signing desk",
    "What a desk notices: is a signature answered, and how fast?",
    (
        Panel(
            title="Signatures a minute", kind="stat", wide=8,
            queries=(Query(f"60 * sum(rate(clearwater_http_request_seconds_count{{{SIGNATURES}}}[$__rate_interval]))"),),
            says="0 at a launch means that no desk gets through, or that none tries.",
        ),
        Panel(
            title="Signature, 99 of 100", kind="stat", unit="s", wide=8, red_from=0.25, empty="No signature",
            queries=(Query(where_any(quantile(0.99, "clearwater_http_request_seconds", where=SIGNATURES))),),
            says="The objective is 0.25 s. No signature: nobody has signed for a minute.",
        ),
        Panel(
            title="Server errors a minute", kind="stat", wide=8, red_from=1,
            queries=(Query('60 * sum(rate(clearwater_http_errors_total{service="signing"}[$__rate_interval]))'),),
            says="SigningUnavailable pages when these use up the budget.",
        ),
        Panel(
            title="Requests a second, by route", unit="reqps",
            queries=(
                Query(
                    'topk(10, sum by (route, method) (rate(clearwater_http_request_seconds_count{service="signing"}[$__rate_interval])))',
                    "{{method}} {{route}}",
                ),
            ),
            says="What the desks ask for.",
        ),
        Panel(
            title="Answers a second, by status", unit="reqps",
            queries=(
                Query(
                    'sum by (status) (rate(clearwater_http_request_seconds_count{service="signing"}[$__rate_interval]))',
                    "{{status}}",
                ),
            ),
            says="409 and 422 are refusals of the domain and no fault of ours.",
        ),
        Panel(
            title="Slowest routes, 99 of 100", unit="s",
            queries=(Query(f"topk(10, {quantile(0.99, 'clearwater_http_request_seconds', 'route', where=_ALL)})", "{{route}}"),),
            says="Where to look when SigningSlow pages.",
        ),
        Panel(
            title="Connections to the database", queries=(Query('clearwater_pool_used_connections{service="signing"}', "{{pool}}"),),
            says="A pool that is full for minutes: PoolExhausted.",
        ),
        Panel(
            title="Acts refused for a clock that was set", kind="stat", red_from=1,
            queries=(Query("sum by (direction) (increase(clearwater_clock_jumped_total[1h]))", "{{direction}}"),), says="ClockJumped.",
        ),
        Panel(
            title="Rolls that do not match", kind="stat", red_from=1,
            queries=(Query("sum by (district) (clearwater_rolls_unmatched)", "{{district}}"),),
            says="Their projects have no rate. RollUnmatched.",
        ),
    ),
)  # fmt: skip

MACHINES: Final = Board(
    "machines",
    "Database and broker",
    "What everything stands on, and what each process uses.",
    (
        Panel(
            title="Processes that do not answer", kind="stat", wide=8, red_from=1,
            queries=(Query('count(up{job="clearwater"} == 0) or vector(0)'),), says="ProcessDown.",
        ),
        Panel(
            title="Doors that do not answer", kind="stat", wide=8, red_from=1,
            queries=(Query("count(clearwater_reachable == 0) or vector(0)"),), says="FrontDoorDown, IssuerDown.",
        ),
        Panel(
            title="Processes that are not ready", kind="stat", wide=8, red_from=1,
            queries=(Query("count(clearwater_process_ready == 0) or vector(0)"),), says="NotReady, SchemaBehind, TopicsUnseen.",
        ),
        Panel(
            title="Disk that is free", kind="stat", unit="percentunit", wide=8, red_below=0.15,
            queries=(Query("min by (place) (clearwater_disk_free_bytes / clearwater_disk_bytes)", "{{place}}"),),
            says="DiskFilling below 15 %, DiskFull below 5 %.",
        ),
        Panel(
            title="Databases that cannot be read", kind="stat", wide=8, red_from=1,
            queries=(Query('count(clearwater_facts_readable{source="database"} == 0) or vector(0)'),), says="DatabaseUnreadable.",
        ),
        Panel(
            title="Sessions of all services", kind="stat", unit="percentunit", wide=8, red_from=0.8,
            queries=(Query("sum(max by (service) (clearwater_database_connections)) / max(clearwater_database_limit_connections)"),),
            says="Of those that PostgreSQL allows.",
        ),
        Panel(
            title="Rights on the bus: behind the grants", kind="stat", unit="s", wide=6, red_from=75,
            queries=(Query("time() - max(max_over_time(clearwater_grants_kept_timestamp_seconds[1d]))"),),
            says="A grant that was revoked in this time may still be open. GrantsNotKept.",
        ),
        Panel(
            title="Failures of the process admin, last hour", kind="stat", wide=6, red_from=1,
            queries=(
                Query("sum by (reason) (increase(clearwater_grants_failed_total[1h]))", "{{reason}}"),
                Query("sum(increase(clearwater_grants_unreadable_total[1h])) or vector(0)", "unreadable records"),
            ),
            says="GrantsRefused and GrantUnreadable. Times without an answer come with a restart of the broker.",
        ),
        Panel(
            title="Archive: not in it yet", kind="stat", unit="bytes", wide=6, red_from=16_777_216,
            queries=(Query("max(clearwater_archive_missing_bytes)"),),
            says="Written by the databases, and lost with their disk. 0 before the first backup. ArchiveStill.",
        ),
        Panel(
            title="Age of the newest backup", kind="stat", unit="s", wide=6, red_from=129_600, empty="No backup",
            queries=(Query("time() - max(last_over_time(clearwater_backup_timestamp_seconds[7d]))"),),
            says="No backup: none was ever taken, or none in seven days. NoBackup, BackupOld.",
        ),
        Panel(
            title="Archive: written a second", unit="Bps",
            queries=(Query("max(rate(clearwater_archive_position_bytes[$__rate_interval]))"),),
            says="A line at 0 while the databases write is an archive that stands still.",
        ),
        Panel(
            title="Size of each database", unit="bytes", queries=(Query("max by (service) (clearwater_database_bytes)", "{{service}}"),),
            says="Compare it with the disk: a full disk stops everything.",
        ),
        Panel(
            title="Transactions a second", unit="ops",
            queries=(
                Query(
                    "max by (service, outcome) (rate(clearwater_database_transactions_total[$__rate_interval]))",
                    "{{service}} {{outcome}}",
                ),
            ),
            says="Many that are rolled back are deadlocks or refusals.",
        ),
        Panel(
            title="Deadlocks and repeats",
            queries=(
                Query("max by (service) (increase(clearwater_database_deadlocks_total[5m]))", "{{service}} deadlocks"),
                Query("sum by (service, consumer) (increase(clearwater_transient_total[5m]))", "{{service}} {{consumer}} tried again"),
            ),
            says="Both are resolved by themselves; many slow the desks.",
        ),
        Panel(
            title="Pools", unit="percentunit", red_from=1,
            queries=(Query("clearwater_pool_used_connections / clearwater_pool_limit_connections", "{{pool}}"),),
            says="Connections in use, of those allowed.",
        ),
        Panel(
            title="Broker: unread events, by topic",
            queries=(Query("topk(10, sum by (consumer, topic) (clearwater_consumer_lag_events))", "{{consumer}} {{topic}}"),),
            says="As the running consumers count them.",
        ),
        Panel(
            title="Memory", unit="bytes",
            queries=(
                Query("process_resident_memory_bytes", "{{service}} {{role}}"),
                Query("clearwater_server_memory_bytes", "{{place}}"),
            ),
            says="In containers the limit is 768 MiB each.",
        ),
        Panel(
            title="Processors", unit="percentunit",
            queries=(
                Query("rate(process_cpu_seconds_total[$__rate_interval])", "{{service}} {{role}}"),
                Query("rate(clearwater_server_cpu_seconds_total[$__rate_interval])", "{{place}}"),
            ),
            says="100 % is one processor.",
        ),
        Panel(
            title="Running since", kind="table",
            queries=(
                Query("time() - process_start_time_seconds", "for", "s"),
                Query("max by (service, role, version, python) (clearwater_build_info)"),
            ),
            says="A short time is a restart; one version everywhere, except during an upgrade.",
        ),
    ),
)  # fmt: skip

OBJECTIVES: Final = Board(
    "slo",
    "SLO",
    "What the product promises (docs/objectives.md) and how much of the budget is used.",
    (
        Panel(
            title="signing-available: errors", unit="percentunit", red_from=0.001,
            queries=(
                Query("clearwater:signing_errors:ratio_rate5m", "5 min"),
                Query("clearwater:signing_errors:ratio_rate1h", "1 h"),
                Query("clearwater:signing_errors:ratio_rate6h", "6 h"),
            ),
            says="The budget is 0.1 %; SigningUnavailable pages at 14.4 times that.",
        ),
        Panel(
            title="signing-fast: later than 0.25 s", unit="percentunit", red_from=0.01,
            queries=(
                Query("clearwater:signing_slow:ratio_rate5m", "5 min"),
                Query("clearwater:signing_slow:ratio_rate1h", "1 h"),
                Query("clearwater:signing_slow:ratio_rate6h", "6 h"),
            ),
            says="The budget is 1 %; SigningSlow pages at 14.4 times that, SigningSlowPersists is a ticket at 3 times.",
        ),
        Panel(
            title="wall-fresh: later than 2 s", unit="percentunit", red_from=0.01,
            queries=(
                Query("clearwater:wall_late:ratio_rate5m", "{{district}} 5 min"),
                Query("clearwater:wall_late:ratio_rate1h", "{{district}} 1 h"),
                Query("clearwater:wall_late:ratio_rate6h", "{{district}} 6 h"),
            ),
            says="The budget is 1 % in each district.",
        ),
        Panel(
            title="feed-fresh: time with an event later than 5 s", unit="percentunit", red_from=0.01,
            queries=(
                Query("clearwater:feed_late:ratio_rate5m", "{{district}} 5 min"),
                Query("clearwater:feed_late:ratio_rate1h", "{{district}} 1 h"),
                Query("clearwater:feed_late:ratio_rate6h", "{{district}} 6 h"),
            ),
            says="The budget is 1 % of the time in each district. FeedStale pages at 14.4 times that.",
        ),
        Panel(
            title="nothing-missing", kind="stat", wide=6, red_from=1, queries=(Query("sum(clearwater_unreconciled_events)"),),
            says="0, without an exception.",
        ),
        Panel(
            title="Budget of signing-available left, 30 days", kind="stat", unit="percentunit", wide=6, red_below=0, empty="No act yet",
            queries=(
                Query(
                    where_any(
                        f"1 - (sum(increase(clearwater_http_errors_total{{{SIGNING_ACTS}}}[30d]))"
                        f" / sum(increase(clearwater_http_request_seconds_count{{{SIGNING_ACTS}}}[30d]))) / 0.001"
                    )
                ),
            ),
            says="Below 0 the objective of these thirty days is missed.",
        ),
        Panel(
            title="Budget of signing-fast left, 30 days", kind="stat", unit="percentunit", wide=6, red_below=0, empty="No signature",
            queries=(
                Query(
                    where_any(
                        f'1 - (1 - sum(increase(clearwater_http_request_seconds_bucket{{{SIGNATURES},le="0.25"}}[30d]))'
                        f" / sum(increase(clearwater_http_request_seconds_count{{{SIGNATURES}}}[30d]))) / 0.01"
                    )
                ),
            ),
            says="Below 0 the objective of these thirty days is missed.",
        ),
        Panel(
            title="message-handed-over: held, failed, uncertain", kind="stat", wide=6, red_from=1,
            queries=(
                Query("sum(max by (channel, district) (clearwater_channel_held))", "channels held"),
                Query('sum(max by (channel, district) (clearwater_messages_by_channel{state="failed"}))', "failed"),
                Query('sum(max by (channel, district) (clearwater_messages_by_channel{state="unknown"}))', "uncertain"),
            ),
            says="Without an exception: a person has seen each the same day.",
        ),
    ),
)  # fmt: skip
