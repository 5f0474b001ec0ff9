"""What a subscriber has to do, one behaviour a line: what it is, what to do when it fails, and the paragraph that says why."""

from typing import Final, NamedTuple

PAGE: Final = "docs/how-to/subscribe.md"


class Behaviour(NamedTuple):
    part: str  # feed, webhooks
    title: str
    advice: str
    paragraph: str  # the anchor of a heading of PAGE


_FIRST, _NEXT, _SNAPSHOT = "3-the-first-event", "4-what-follows", "5-a-snapshot-then-the-feed"
_ANSWERS, _TOKEN, _HOOKS = "6-when-something-else-is-answered", "2-a-token", "10-by-webhook"

BEHAVIOURS: Final = {
    "begins": Behaviour("feed", "begins with a snapshot or the first event", "Send no cursor that you were not given.", _SNAPSHOT),
    "goes-on": Behaviour("feed", "asks on with the cursor of the answer", "Send Clearwater-Cursor as your next `after`.", _FIRST),
    "gaps": Behaviour("feed", "goes on over what the filter left out", "An empty answer with another cursor is not the end.", _NEXT),
    "token": Behaviour("feed", "takes a new token after 401", "After 401 take a token, then repeat the request.", _TOKEN),
    "retry-after": Behaviour("feed", "waits for Retry-After after 429", "Ask again only when Retry-After is over.", _ANSWERS),
    "away": Behaviour("feed", "asks again after 503", "Wait, then repeat the request with the same cursor.", _ANSWERS),
    "slow": Behaviour("feed", "waits for a slow answer", "Let your client wait longer than your `wait` and 10 s.", _NEXT),
    "cut-off": Behaviour("feed", "asks again when an answer breaks off", "Keep a cursor only after its whole answer.", _NEXT),
    "feed-grown": Behaviour("feed", "reads an event with a new field", "Ignore fields that you do not know.", _FIRST),
    "feed-unknown": Behaviour("feed", "reads over a type that it does not know", "Pass over an unknown type; keep its cursor.", _FIRST),
    "feed-tombstone": Behaviour("feed", "reads an event without data", "Accept an event that has no `data`.", _FIRST),
    "filter": Behaviour("feed", "takes a snapshot when the filter changes", "Compare Clearwater-Filter with the last one.", _ANSWERS),
    "epoch": Behaviour("feed", "takes a snapshot when the log begins anew", "After 410 take a snapshot, go on from its cursor.", _ANSWERS),
    "snapshot": Behaviour("feed", "takes no snapshot without its last line", "Compare the last line; else take it again.", _SNAPSHOT),
    "crash": Behaviour("feed", "goes on from its place after a crash", "Keep the cursor in a file or with your data.", _NEXT),
    "feed-state": Behaviour("feed", "holds what it was given", "Apply each event once, those of a unit in order.", _FIRST),
    "handshake": Behaviour("webhooks", "answers the handshake", "Answer OPTIONS with WebHook-Allowed-Origin: *.", _HOOKS),
    "test-event": Behaviour("webhooks", "accepts the test event", "Answer 2xx; it belongs to no unit.", _HOOKS),
    "accepts": Behaviour("webhooks", "accepts and applies events", "Verify, store, answer 2xx within 10 s.", _HOOKS),
    "duplicate": Behaviour("webhooks", "applies a repeated event once", "Drop a webhook-id that you have, and answer 2xx.", _HOOKS),
    "order": Behaviour(
        "webhooks", "an old event that is repeated changes nothing", "Remember every id, not only a case's last.", _HOOKS
    ),
    "late": Behaviour(
        "webhooks", "applies a late event of another case", "Order holds within a case; do not drop a lower lognumber.", _HOOKS
    ),
    "gap": Behaviour("webhooks", "accepts numbers that are left out", "Do not wait for numbers that `skipped` names.", _HOOKS),
    "side-by-side": Behaviour("webhooks", "takes two deliveries at once", "Serve two requests at the same time.", _HOOKS),
    "rotation": Behaviour("webhooks", "accepts one of two signatures", "One matching signature of several is enough.", _HOOKS),
    "signature": Behaviour("webhooks", "refuses a wrong signature", "Verify before you read; answer 401.", _HOOKS),
    "timestamp": Behaviour("webhooks", "refuses an old timestamp", "Refuse what was signed over five minutes ago.", _HOOKS),
    "grown": Behaviour("webhooks", "accepts an event with a new field", "Ignore fields that you do not know.", _HOOKS),
    "unknown": Behaviour("webhooks", "accepts a type that it does not know", "Answer 2xx, or the case is held.", _HOOKS),
    "tombstone": Behaviour("webhooks", "accepts an event without data", "Accept an event that has no `data`.", _HOOKS),
    "log-anew": Behaviour("webhooks", "goes on under a new epoch of the log", "Know an event by its id, not by lognumber.", _HOOKS),
    "in-time": Behaviour("webhooks", "answers within 10 seconds", "Store the event, answer, then work on it.", _HOOKS),
}  # fmt: skip
