"""Does docs/how-to/subscribe.md say what the code does, where an agency's engineer has nothing but the page?"""

import base64
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from standardwebhooks import Webhook

from deploy.local import quotas
from deploy.local.place import ROOT
from services.reporting.api import watch
from services.reporting.domain import delivering
from services.reporting.gateways import endpoints
from services.reporting.web import guide
from shared.service import openapi
from shared.service.limits import Limits
from tests.support import described

PAGE = (ROOT / "docs" / "how-to" / "subscribe.md").read_text(encoding="utf-8")
FRONT_DOOR = "service-unreachable"  # deploy/front_door: where no service has answered


def section(number: int) -> str:
    return PAGE.partition(f"\n## {number}. ")[2].partition("\n## ")[0]


@cache
def refusals() -> dict[str, int]:
    """Code and status of all that an agency's client may be answered by the two services."""
    found: dict[str, int] = {}
    for service in ("registry", "reporting"):
        app = described.app(service)
        problems = app.extensions["clearwater"].problems.problems
        for route in openapi.routes(app):
            if "agency" in route.declared.roles:
                found |= {code: problems[code].status for code in route.declared.codes}
    return found


def test_the_table_has_every_code_that_an_agency_can_meet_with_its_status_and_no_other() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", section(6), re.MULTILINE)[1:]
    listed = {code: int(row[:3]) for row in rows for code in re.findall(r"`([a-z-]+)`", row)}

    assert listed.pop(FRONT_DOOR) == 502
    assert FRONT_DOOR in (ROOT / "deploy/front_door/pages/problem.json").read_text(encoding="utf-8")
    assert listed == refusals()


def test_the_page_says_which_refusal_to_wait_for_has_no_retry_after() -> None:
    problems = described.app("reporting").extensions["clearwater"].problems.problems
    waited = {code for code, status in refusals().items() if status in (429, 503)}
    without = {code for code in waited if "retry_after_seconds" not in problems[code].facts}

    rows = [row for row in section(6).splitlines() if row.startswith(("| 429", "| 503"))]
    assert {
        code for row in rows if "has no `Retry-After`" in row for code in re.findall(r"`([a-z-]+)`", row)
    } == without
    assert f"{Limits()._per_second:.0f} requests a second" in section(6)
    assert watch.MOST_READERS == 8
    assert "eight waiting readers" in section(6)


def test_the_worked_signature_is_right_by_the_words_and_by_the_library() -> None:
    block = section(10).partition("### The signature")[2].partition("```text\n")[2].partition("```")[0]
    shown = dict(re.split(r"\s+", line, maxsplit=1) for line in block.splitlines())
    named, at, body = shown["webhook-id"], shown["webhook-timestamp"], shown["body"]

    key = base64.b64decode(shown["secret"].removeprefix("whsec_"))
    signed = hmac.new(key, f"{named}.{at}.{body}".encode(), hashlib.sha256).digest()
    assert shown["webhook-signature"] == f"v1,{base64.b64encode(signed).decode()}"
    by_library = Webhook(shown["secret"]).sign(named, datetime.fromtimestamp(int(at), UTC), body)
    assert shown["webhook-signature"] == by_library


def in_words(pause: timedelta) -> str:
    seconds = pause.total_seconds()
    if seconds < 100:
        return f"{seconds:.0f}"
    return f"{seconds / 60:.0f}" if seconds < 3600 else f"{seconds / 3600:.1f}".removesuffix(".0")


def test_the_page_names_the_real_pauses_of_a_delivery_and_of_an_endpoint() -> None:
    text = " ".join(section(10).split())
    of_a_delivery = [in_words(delivering.pause(failures, spread=0.5)) for failures in range(1, 12)]
    break_ = [delivering.pause(n, spread=0.5, longest=delivering._LONGEST_BREAK) for n in range(1, 6)]

    numbers = re.search(r"a delivery waits (.*?) hours, from then on (\d+) hours", text)
    assert numbers is not None
    assert re.findall(r"[\d.]+", numbers[0]) == of_a_delivery
    assert of_a_delivery[-1] == in_words(delivering.LONGEST)
    assert [delivering.pause(1, spread=spread) / delivering.FIRST for spread in (0, 1)] == [0.75, 1.25]
    assert "three days after the first one" in text
    assert timedelta(days=3) == delivering.GIVE_UP
    assert [in_words(it) for it in break_] == ["1", "3", "9", "27", "60"]
    assert "After five failures in a row these tries are 1, 3, 9 and 27 s apart, then a minute" in text
    assert delivering._BREAK_AFTER == 5
    about_the_event = re.search(r"a minute\. ([\d, and]+) are of the event alone", text)
    assert about_the_event is not None
    assert {int(status) for status in re.findall(r"\d+", about_the_event[1])} == endpoints._ABOUT_THE_EVENT
    assert timedelta(days=1) == delivering.LONGEST_RETRY_AFTER


def test_the_page_names_the_quotas_of_an_agency_on_the_bus() -> None:
    assert quotas.LIMITS == {"consumer_byte_rate": 5_000_000.0, "request_percentage": 50.0}
    assert "beyond 5 MB a second and beyond half of one of its threads" in " ".join(section(8).split())


def test_served_documents_link_only_to_served_documents() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", guide.text()) if "://" not in link]
    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("# ")).lower().replace(" ", "-")
        for line in PAGE.splitlines()
        if line.startswith("#")
    }

    files = {link.partition("#")[0] for link in links} - {""}
    assert files == {"EVENTS.md", *guide.examples()}
    assert {link[1:] for link in links if link.startswith("#")} <= headings
    for path in guide.examples():
        assert guide.example(path) == (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["python", "typescript", "go", "java"])
def test_every_file_of_an_example_is_linked(language: str) -> None:
    built = {"target", "node_modules", "__pycache__"}
    files = {
        str(path.relative_to(ROOT)) for path in (ROOT / "examples" / language).rglob("*")
        if path.is_file() and not built & set(path.parts)
    }  # fmt: skip

    assert files <= set(guide.examples())


def test_the_example_in_typescript_is_installed_in_the_versions_that_are_tested() -> None:
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    named = json.loads((ROOT / "examples/typescript/package.json").read_text(encoding="utf-8"))
    wanted = {**named["dependencies"], **named["devDependencies"]}

    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    minimum = locked["node_modules/@platformatic/kafka"]["engines"]["node"].split()[1].rpartition(".")[0]
    assert f"kafka-subscriber.mts), Node.js {minimum} |" in section(9)


@pytest.mark.parametrize("folder", ["go", "go/kafka"])
def test_the_page_names_the_go_that_an_example_needs(folder: str) -> None:
    needed = re.search(
        r"^go (\d+\.\d+)", (ROOT / "examples" / folder / "go.mod").read_text(encoding="utf-8"), re.MULTILINE
    )

    assert needed is not None
    assert f"(../../examples/{folder}/main.go) {needed[1]} " in section(9)


def test_the_image_of_reporting_holds_what_is_served() -> None:
    written = (ROOT / "deploy/images/service.Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (\S+) \1$", written, re.MULTILINE)

    for path in ("docs/how-to/subscribe.md", *guide.examples()):
        assert any(path == source or path.startswith(f"{source}/") for source in copied), path


def test_a_setting_of_the_worked_subscriber_in_java_is_one_of_the_page() -> None:
    source = (ROOT / "examples/java/src/main/java/KafkaSubscriber.java").read_text(encoding="utf-8")
    block = section(8).partition("```properties\n")[2].partition("```")[0]
    shown = {line.partition("=")[0] for line in block.splitlines()}

    assert set(re.findall(r'settings\.put\("([a-z.]+)"', source)) == shown - {"key.deserializer", "value.deserializer"}
