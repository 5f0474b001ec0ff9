"""Every metric, declared once, with one sentence of help.

Labels are few and bounded: a district, a consumer, a topic, a route template, never an id. The scraper adds service
and role. Under gunicorn the API's workers write to PROMETHEUS_MULTIPROC_DIR and health.py adds them up.
"""

import os
from pathlib import Path

from prometheus_client import Counter, Gauge, Histogram

# Before the first metric: one that has no labels opens its file when it is declared. What a former process left is of no use.
if directory := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    Path(directory).mkdir(parents=True, exist_ok=True)
    for left in Path(directory).glob("*.db"):
        left.unlink(missing_ok=True)  # another process of the same start was faster

_LATENCY = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 120.0)

# requests
REQUEST_SECONDS = Histogram(
    "clearwater_http_request_seconds",
    "How long requests took, by route template, method and status; its count is the request rate.",
    ["route", "method", "status"],
    buckets=_LATENCY,
)
ERRORS = Counter(
    "clearwater_http_errors_total",
    "Requests that ended with a server error; every route from the start, at 0.",
    ["route", "method"],
)
REPLAYED = Counter(
    "clearwater_http_replayed_total", "Requests answered with the stored answer of an earlier one.", ["route"]
)
LIMITED = Counter("clearwater_http_limited_total", "Requests refused because their subject sent too many.", ["route"])
RETRIED = Counter(
    "clearwater_http_retried_total",
    "Requests carried out again after a deadlock or a serialization failure.",
    ["route"],
)

IDENTITY_FAILED = Counter(
    "clearwater_identity_failed_total",
    "Tries at which the identity provider was not reached, could not be used, or its clock and ours differed, by reason.",
    ["reason"],
)
for failure in ("unreachable", "issuer", "address", "keys", "clock"):
    IDENTITY_FAILED.labels(failure)

# journal and relay
UNSENT = Gauge(
    "clearwater_unsent_events",
    "Events written but not yet acknowledged by the broker.",
    ["district"],
    multiprocess_mode="max",
)
RELAY_SENT = Counter("clearwater_relay_sent_total", "Events acknowledged by the broker.", ["district"])
RELAY_HELD = Gauge(
    "clearwater_relay_held_keys",
    "Keys that wait because the broker refused an event.",
    ["district"],
    multiprocess_mode="max",
)

# loops
FAILED = Counter(
    "clearwater_item_failed_total", "Times that a loop could not carry on one of its items.", ["loop", "district"]
)
FAILING = Gauge(
    "clearwater_failing_items",
    "Items that a loop could not carry on at their last try, and tries again at longer and longer intervals.",
    ["loop", "district"],
    multiprocess_mode="max",
)
ROUND_AT = Gauge(
    "clearwater_round_timestamp_seconds",
    "When the loop last went through all its items, or has begun, as Unix time.",
    ["loop"],
    multiprocess_mode="max",
)

# projects
ROLLS_UNMATCHED = Gauge(
    "clearwater_rolls_unmatched",
    "Frozen rolls of which every unit has come, and whose units give another digest: no rate is evaluated.",
    ["district"],
    multiprocess_mode="max",
)

# the clock
CLOCK_JUMPED = Counter(
    "clearwater_clock_jumped_total",
    "Acts that were refused because the clock had been set, by the direction in which it was.",
    ["direction"],
)
for direction in ("back", "forward"):
    CLOCK_JUMPED.labels(direction)

# messages and live pages
HANDED_OVER_SECONDS = Histogram(
    "clearwater_message_handed_over_seconds",
    "From the planning of a message to its acceptance by the gateway, by the business clock, nights included.",
    ["channel", "district"],
    buckets=(1.0, 5.0, 15.0, 60.0, 300.0, 3600.0, 43_200.0),
)
MESSAGES_FAILED = Counter(
    "clearwater_message_failed_total",
    "Messages that failed for good, by channel and code; every known code from the start, at 0, any other one as `other`.",
    ["channel", "code"],
)
GATEWAY_SECONDS = Histogram(
    "clearwater_gateway_seconds",
    "How long a gateway took to answer, by channel and outcome.",
    ["channel", "outcome"],
    buckets=_LATENCY,
)
WEBHOOK_ATTEMPTS = Counter(
    "clearwater_webhook_attempts_total", "Deliveries tried at endpoints of agencies.", ["outcome", "district"]
)
WEBHOOK_SECONDS = Histogram(
    "clearwater_webhook_delivered_seconds",
    "From the entry of an event in the exchange log to its acceptance by an endpoint, retries and rests included.",
    ["district"],
    buckets=(0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 600.0, 3600.0, 86_400.0),
)
LIVE_READERS = Gauge(
    "clearwater_live_readers",
    "Browsers that read the live stream of a district now: the tabs of one share it.",
    ["district"],
    multiprocess_mode="livesum",
)

# consumers
CONSUMER_LAG = Gauge(
    "clearwater_consumer_lag_events",
    "Events in the topic that the consumer has not read yet.",
    ["consumer", "topic"],
    multiprocess_mode="max",
)
APPLIED = Counter("clearwater_consumer_applied_total", "Events whose effect is committed.", ["consumer", "district"])
REPEATED = Counter(
    "clearwater_consumer_repeated_total", "Events read again and skipped as repeats.", ["consumer", "district"]
)
REJECTED = Counter("clearwater_consumer_rejected_total", "Events that a reaction rejected.", ["consumer", "district"])
PARKED = Gauge(
    "clearwater_parked_events",
    "Events that wait in parking, rejected ones and those behind them.",
    ["consumer", "district"],
    multiprocess_mode="max",
)
DIVERGED = Gauge(
    "clearwater_diverged_events",
    "Events that wait because another one was applied under their number. Somebody else writes, or a database lost events it had sent.",
    ["consumer", "district"],
    multiprocess_mode="max",
)
QUARANTINED = Counter("clearwater_quarantined_total", "Records that could not be read at all.", ["consumer", "topic"])
PROJECTION_SECONDS = Histogram(
    "clearwater_journal_to_projection_seconds",
    "From the writing of an event in its journal to the commit of its effect here.",
    ["consumer", "district"],
    buckets=_LATENCY,
)
TRANSIENT = Counter(
    "clearwater_transient_total", "Transactions tried again after a deadlock or a serialization failure.", ["consumer"]
)
UNRECONCILED = Gauge(
    "clearwater_unreconciled_events",
    "Events that one hop has and the next one misses, by the conservation equation that fails.",
    ["equation", "district"],
    multiprocess_mode="max",
)
