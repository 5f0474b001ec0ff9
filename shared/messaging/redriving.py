"""The command for a person at a terminal: `python -m services.<service> redrive …` (deploy/README.md says when and how)."""

import argparse
import getpass
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal
from uuid import UUID

from shared.messaging import divergence
from shared.messaging.decisions import Decided
from shared.messaging.ports import Reader, Unavailable
from shared.messaging.redrive import DONE, Ambiguous, Redrive

ShowLine = Callable[[str], None]
History = Callable[[], Reader]


def command(
    argv: Sequence[str],
    consumers: Mapping[str, Redrive],
    *,
    show_line: ShowLine,
    history: History | None = None,
    rebuild: str | None = None,
) -> int:
    """Returns the exit code: 0 = no selected event waits any more, 1 = some still wait, 2 = nothing was done.

    `history` makes readers that begin at the first record. `rebuild` is the command that makes a decision for their event take effect;
    None where the service cannot be rebuilt.
    """
    parser = _parser(consumers, with_theirs=rebuild is not None)
    options = parser.parse_args(argv)
    options.decided = _decided(parser, options)
    redrive = consumers[options.consumer]
    districts = [options.district] if options.district else redrive.districts()
    act: Callable[[str], bool] = partial(_redriven, redrive, options=options, show_line=show_line)
    if options.compare and history:
        act = partial(_compared, redrive, options=options, history=history, show_line=show_line)
    elif options.decision == "accept-theirs":
        act = partial(_accepted, redrive, options=options, rebuild=f"{rebuild}", show_line=show_line)
    try:
        waits = [act(district) for district in districts]
        return int(any(waits))
    except (Unavailable, Ambiguous) as refusal:
        show_line(f"nothing was done: {refusal}")
        return 2


def _parser(consumers: Mapping[str, Redrive], *, with_theirs: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="redrive", description="Give parked keys their turn again.")
    parser.add_argument("--consumer", required=True, choices=sorted(consumers))
    parser.add_argument("--district", help="all districts with anything parked, when left out")
    parser.add_argument("--topic")
    parser.add_argument("--key")
    parser.add_argument("--dry-run", action="store_true", help="try it, show what would change, and roll back")
    parser.add_argument("--requeue", action="store_true", help="first read again what was quarantined")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--accept-epoch", action="store_true", help="the source was restored: go on with what it says now"
    )
    what.add_argument("--compare", action="store_true", help="show the events that bear one number, ours and theirs")
    for decision, meaning in (
        ("keep-ours", "the other event is recorded and passed over"),
        ("accept-theirs", "a rebuild puts the other event in place of ours"),
    ):
        if with_theirs or decision != "accept-theirs":
            what.add_argument(f"--{decision}", dest="decision", action="store_const", const=decision, help=meaning)
    parser.set_defaults(decision=None)
    parser.add_argument("--event", type=UUID, action="append", help="decide about this event of theirs only")
    parser.add_argument("--reason", help="of a decision; stays with it")
    parser.add_argument("--by", help="who decides; the user of this terminal when left out")
    return parser


def _decided(parser: argparse.ArgumentParser, options: argparse.Namespace) -> Decided | None:
    if options.decision is None:
        return None
    if not (options.key or options.event or (options.district and options.topic)):
        parser.error("a decision needs --key, or --event, or --district and --topic for every key of a topic")
    if not (reason := (options.reason or "").strip()):
        parser.error("a decision needs a --reason")
    if not (person := (options.by or _user()).strip()):
        parser.error("this terminal has no user: say who decides with --by")
    return Decided(options.decision, reason, person, frozenset(options.event) if options.event else None)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return ""


def _compared(
    redrive: Redrive, district: str, *, options: argparse.Namespace, history: History, show_line: ShowLine
) -> bool:
    waits = False
    for key, waiting in redrive.diverged(district, topic=options.topic, key=options.key):
        waits = True
        for line in divergence.compared(history(), key, waiting):
            show_line(line)
    return waits


def _accepted(
    redrive: Redrive, district: str, *, options: argparse.Namespace, rebuild: str, show_line: ShowLine
) -> bool:
    waits = False
    for key, _ in redrive.diverged(district, topic=options.topic, key=options.key):
        for row in redrive.accept_theirs(key, district=district, decided=options.decided, dry_run=options.dry_run):
            waits, number = True, f"{row.message.epoch}/{row.message.sequence}"
            show_line(
                f"{key.topic} {key.key} {number}: {row.ours} is passed over, {row.message.event_id} takes its place"
            )
    if waits:
        show_line("dry run: nothing was kept" if options.dry_run else f"recorded; it takes effect with: {rebuild}")
    return waits


def _redriven(redrive: Redrive, district: str, *, options: argparse.Namespace, show_line: ShowLine) -> bool:
    if options.requeue:
        for record, outcome in redrive.requeue(district, topic=options.topic, dry_run=options.dry_run):
            show_line(f"{record.topic:40} partition {record.partition} offset {record.offset:<10} {outcome}")
    waits = False
    decision: Literal["accept-epoch"] | Decided | None = "accept-epoch" if options.accept_epoch else options.decided
    for key in redrive.keys(district, topic=options.topic, key=options.key):
        tried, changes = redrive.key(key, district=district, dry_run=options.dry_run, decision=decision)
        for message, outcome in tried:
            show_line(
                f"{key.topic:40} {key.key:36} {message.epoch:>3}/{message.sequence:<8} {message.type:50} {outcome}"
            )
        for change in changes:
            show_line(f"    {change.table:30} +{change.inserted} ~{change.updated} -{change.deleted}")
        waits = waits or any(outcome not in DONE for _, outcome in tried)
    if options.dry_run:
        show_line("dry run: nothing was kept")
    return waits
