"""What happens to a subscriber of the feed, one scene after another; each is one behaviour.

A scene is a generator: it gets the request that waits, yields an answer to it and gets the next request. It returns what was wrong, empty
if nothing was, and leaves its last request to the next scene. What a subscriber may do in different ways is right in all of them: it
may take a snapshot first or read from the first event, in parts of any size.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

from deploy.sandbox.feed import LATER_TYPE, Answer, Feed, FeedRequest, refusal
from deploy.sandbox.story import OPENING, RESCISSION, SIGNING, Story, unit_of
from shared.events.registry import UnitRegistered
from shared.events.signing import AgreementSigned, CaseOpened
from shared.messaging.ports import Message

BUSY_SECONDS, AWAY_SECONDS = 2, 1  # Retry-After
_EARLY: Final = 0.95  # timers of some languages end some milliseconds early


class Unseen(Exception):  # noqa: N818 - it is an answer, not an error
    """Why this behaviour cannot be seen with this subscriber."""


@dataclass(frozen=True)
class Stage:
    """What the scenes share. `expire`: ends the token that was given. `kill`: ends the subscriber; None: it is not ours to end."""

    feed: Feed
    story: Story
    slow_seconds: float
    expire: Callable[[], None]
    kill: Callable[[], None] | None


Scene = Generator[Answer, FeedRequest, str]
_Reading = Generator[Answer, FeedRequest, tuple[FeedRequest, str]]


def _read(feed: Feed, request: FeedRequest, answer: Answer | None = None) -> _Reading:
    """The subscriber reads up to the last event. `answer`: another one than the feed's, at first."""
    while True:
        again = yield answer or feed.answer(request)
        if again.path != "feed" or again.cursor != feed.given:
            return again, f"It asked for {_words(again)}, not with the cursor that it was given."
        if again.after.number >= feed.last:
            return again, ""
        request, answer = again, None


def _written(stage: Stage, request: FeedRequest, messages: Sequence[Message]) -> Scene:
    """The subscriber reads what is written now."""
    while request.path == "snapshot":
        request = yield stage.feed.answer(request)
    stage.feed.write(messages)
    return (yield from _read(stage.feed, request))[1]


def begins(stage: Stage, request: FeedRequest) -> Scene:
    if request.cursor:
        return "It sent a cursor at its first request: begin with an empty state."
    return (yield from _read(stage.feed, request))[1]


def goes_on(stage: Stage, request: FeedRequest) -> Scene:
    return (yield from _written(stage, request, [*stage.story.case(*SIGNING), *stage.story.case(*OPENING)]))


def gaps(stage: Stage, request: FeedRequest) -> Scene:
    """An empty answer with another cursor, then an event that names what was left out before it."""
    hidden = (UnitRegistered, CaseOpened)
    fault = yield from _written(stage, request, stage.story.case(*hidden))
    return fault


def token(stage: Stage, request: FeedRequest) -> Scene:
    stage.expire()
    again = yield refusal(401, "token-invalid")
    return _same(request, again)


def retry_after(_: Stage, request: FeedRequest) -> Scene:
    again = yield refusal(429, "readers-too-many", Retry_After=str(BUSY_SECONDS))
    waited = again.at - request.at
    if waited < BUSY_SECONDS * _EARLY:
        return f"It asked again after {waited:.1f} s; Retry-After was {BUSY_SECONDS} s."
    return _same(request, again)


def away(_: Stage, request: FeedRequest) -> Scene:
    again = yield refusal(503, "log-not-whole", Retry_After=str(AWAY_SECONDS))
    return _same(request, again)


def slow(stage: Stage, request: FeedRequest) -> Scene:
    stage.feed.write(stage.story.case(*OPENING))
    answer = replace(stage.feed.answer(request), delay=stage.slow_seconds)
    fault = (yield from _read(stage.feed, request, answer))[1]
    return f"An answer took {stage.slow_seconds:.0f} s. {fault}" if fault else ""


def cut_off(stage: Stage, request: FeedRequest) -> Scene:
    stage.feed.write(stage.story.case(*OPENING))
    again = yield replace(stage.feed.answer(request), cut=True)
    return _same(request, again) or (yield from _read(stage.feed, again))[1]


def grown(stage: Stage, request: FeedRequest) -> Scene:
    case = stage.story.case(*OPENING)
    return (yield from _special(stage, request, [*case, stage.story.grown(AgreementSigned, unit_of(case))]))


def unknown(stage: Stage, request: FeedRequest) -> Scene:
    case = stage.story.case(*OPENING)
    return (yield from _special(stage, request, [*case, stage.story.unknown(unit_of(case))]))


def tombstone(stage: Stage, request: FeedRequest) -> Scene:
    return (yield from _special(stage, request, [stage.story.tombstone()]))


def _special(stage: Stage, request: FeedRequest, messages: Sequence[Message]) -> Scene:
    """The last of the messages is what it is about."""
    fault = yield from _written(stage, request, messages)
    if not stage.feed.gives(stage.feed.last, request):
        raise Unseen("Its `types` leave this event out.")
    return fault


def filter_changes(stage: Stage, request: FeedRequest) -> Scene:
    former = stage.feed.filter(request)
    stage.feed.granted |= {LATER_TYPE}
    if stage.feed.filter(request) == former:
        raise Unseen("Its `types` are the same under more grants.")
    again = yield stage.feed.answer(request)
    return (yield from _anew(stage.feed, again))


def epoch(stage: Stage, request: FeedRequest) -> Scene:
    stage.feed.begin_anew()
    again = yield stage.feed.answer(request)
    return (yield from _anew(stage.feed, again))


def cut_snapshot(stage: Stage, request: FeedRequest) -> Scene:
    """It ends without its last line, as a proxy may end it. The subscriber may end, too: then it is started again."""
    stage.feed.begin_anew()
    again = yield stage.feed.answer(request)
    if again.path != "snapshot":
        return f"It asked for {_words(again)}, not for a snapshot."
    answer = stage.feed.answer(again)
    if answer.status != HTTPStatus.OK:
        raise Unseen("Its `types` give no snapshot.")
    lines = answer.body.splitlines(keepends=True)
    again = yield replace(answer, body=b"".join(lines[:-1]))
    if again.path == "feed" and again.cursor == stage.feed.given:
        return "It went on from a snapshot that lacked its last line."
    while again.path == "feed" and again.after.epoch != stage.feed.epoch:
        again = yield stage.feed.answer(again)
    return (yield from _anew(stage.feed, again))


def _anew(feed: Feed, request: FeedRequest) -> Scene:
    """A snapshot, then its cursor; where there is no snapshot, from the first event."""
    if request.path != "snapshot":
        return f"It asked for {_words(request)}, not for a snapshot."
    answer = feed.answer(request)
    again = yield answer
    wanted = feed.given if answer.status == HTTPStatus.OK else ""
    return "" if (again.path, again.cursor) == ("feed", wanted) else f"After the snapshot it asked for {_words(again)}."


def crash(stage: Stage, request: FeedRequest) -> Scene:
    if stage.kill is None:
        raise Unseen("The player did not start the subscriber: give --run.")
    stage.feed.write(stage.story.case(*SIGNING))
    request, fault = yield from _read(stage.feed, request)
    if fault:
        return fault
    stage.kill()
    again = yield Answer(503)  # nobody is there to read it
    if again.path == "feed" and again.cursor:
        return ""
    return f"After a crash it asked for {_words(again)}, and had a cursor before."


def state(stage: Stage, request: FeedRequest) -> Scene:
    return (yield from _written(stage, request, stage.story.case(*RESCISSION)))


def _same(request: FeedRequest, again: FeedRequest) -> str:
    if (again.path, again.cursor) == (request.path, request.cursor):
        return ""
    return f"It asked for {_words(again)}, not for the same part again."


def _words(request: FeedRequest) -> str:
    if request.path == "snapshot":
        return "a snapshot"
    return f"the feed after number {request.after.number}" if request.cursor else "the feed without a cursor"


MAY_END: Final = "snapshot"  # the scene in which a subscriber may end
# The epoch and a crash last: who does not come through them is not asked for anything after them.
SCENES: Final[dict[str, Callable[[Stage, FeedRequest], Scene]]] = {
    "begins": begins, "goes-on": goes_on, "gaps": gaps, "token": token, "retry-after": retry_after, "away": away, "slow": slow,
    "cut-off": cut_off, "feed-grown": grown, "feed-unknown": unknown, "feed-tombstone": tombstone, "filter": filter_changes,
    "epoch": epoch, "snapshot": cut_snapshot, "crash": crash, "feed-state": state,
}  # fmt: skip
