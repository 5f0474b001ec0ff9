"""Plays Clearwater to a subscriber, and marks what it does: one command for the CI of another agency.

    python -m deploy.sandbox.player --to http://127.0.0.1:9000/hook --secret whsec_… --state http://127.0.0.1:9000/state
    python -m deploy.sandbox.player --run 'python subscriber.py' --junit report.xml

--to    the player delivers webhooks to this endpoint.
--run   the player serves a feed and starts this command with CLEARWATER_URL, CLEARWATER_TOKEN_URL, CLEARWATER_CLIENT, CLEARWATER_SECRET
        and CLEARWATER_DISTRICT; --feed serves the feed for a subscriber that was started by somebody else.
Exit code: 0 no behaviour failed, 1 one failed, 2 the command is wrong. docs/how-to/subscribe.md, section 11.
"""

import argparse
import sys
from pathlib import Path

from deploy.sandbox import pull, webhooks
from deploy.sandbox.holdings import Holdings
from deploy.sandbox.report import Report


def main(words: list[str] | None = None) -> int:
    parser = _parser()
    arguments = parser.parse_args(words)
    if not _parts(arguments):
        parser.error("give --to for webhooks, or --run or --feed for the feed")
    if len(_parts(arguments)) > 1:
        parser.error("play webhooks and the feed in two runs, each with a state of its own")
    if arguments.to and not arguments.secret:
        parser.error("--to needs --secret, the secret that the endpoint knows")
    if arguments.slow >= arguments.patience and not arguments.to:
        parser.error("--slow has to be less than --patience")
    report = Report(_parts(arguments))
    state = Holdings(arguments.state, patience=arguments.patience)
    if arguments.to:
        webhooks.Webhooks(arguments.to, arguments.secret, report, holdings=state, seconds=arguments.seconds).play()
    if arguments.run or arguments.feed:
        try:
            pull.play(
                report,
                state,
                command=arguments.run,
                bind=arguments.feed or ("127.0.0.1", 0),
                patience=arguments.patience,
                slow_seconds=arguments.slow,
            )
        except OSError as failure:  # its command is not there, or the port is taken
            parser.error(str(failure))
    print(report.table())
    if arguments.report:
        report.write_json(arguments.report)
    if arguments.junit:
        report.write_junit(arguments.junit)
    return 0 if report.passed else 1


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host or "127.0.0.1", int(port)


def _parts(arguments: argparse.Namespace) -> tuple[str, ...]:
    feed, hooks = arguments.run or arguments.feed, arguments.to
    return (*(("feed",) if feed else ()), *(("webhooks",) if hooks else ()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox.player", description=__doc__.splitlines()[0])
    parser.add_argument("--to", default="", help="the subscriber's endpoint for webhooks")
    parser.add_argument("--secret", type=webhooks.secret_of, default=b"", help="of the endpoint, whsec_…")
    parser.add_argument("--run", default="", help="the command that starts a subscriber of the feed")
    parser.add_argument(
        "--feed", type=_address, metavar="HOST:PORT", help="where to serve the feed; 127.0.0.1 and a free port"
    )
    parser.add_argument("--state", default="", help="an address or a file: what the subscriber holds")
    parser.add_argument("--report", type=Path, help="writes the report as JSON")
    parser.add_argument("--junit", type=Path, help="writes the report as JUnit XML")
    parser.add_argument("--patience", type=float, default=30.0, help="seconds to wait for the subscriber's next step")
    parser.add_argument("--slow", type=float, default=12.0, help="seconds of the slow answer of the feed")
    parser.add_argument("--seconds", type=float, default=10.0, help="in which an endpoint has to answer")
    return parser


if __name__ == "__main__":
    sys.exit(main())
