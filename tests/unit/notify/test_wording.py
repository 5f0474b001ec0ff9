"""The text of a message; a published version never changes."""

import hashlib
from datetime import UTC, datetime

import pytest

from services.notify.domain import templates
from services.notify.domain.wording import LANGUAGES, Particulars, instant, render

EVENING = datetime(2026, 11, 28, 16, 5, tzinfo=UTC)  # five past midnight in Shanghai, the next day
UNIT = Particulars("澄水湾片区", "和丰苑4栋206", "范**", 1424, EVENING)

# People have read the published versions. A better sentence is a new version: add a line, change none.
PUBLISHED = {
    ("effective", 1): "fc9107e3470ee7b6",
    ("rescinded", 1): "3f9df6dbc211eba2",
    ("signed-cash", 1): "39e3316d81c6d66d",
    ("signed-exchange", 1): "5d2418f95b1a7893",
    ("void", 1): "c18ba16d6e60f904",
}


def test_published_template_versions_never_change():
    assert {key: _digest(template) for key, template in templates.every().items()} == PUBLISHED


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", ["mail", "sms"])
@pytest.mark.parametrize("name", ["signed-exchange", "signed-cash", "rescinded", "effective", "void"])
def test_every_template_says_who_what_and_when_in_every_language(name, channel, language):
    rendered = render(templates.newest(name), language=language, channel=channel, particulars=UNIT)

    for fact in ("范**", "和丰苑4栋206", instant(EVENING, language)):
        assert fact in rendered.body
    assert "{" not in rendered.title + rendered.body


@pytest.mark.parametrize(
    ("name", "language", "means"),
    [
        ("signed-exchange", "zh-Hans", "选房按顺序号先后进行"),
        ("signed-exchange", "zh-Hant", "選房按順序號先後進行"),
        ("signed-exchange", "en", "Homes are chosen in the order of these numbers"),
        ("signed-cash", "zh-Hans", "不用于选房"),
        ("signed-cash", "zh-Hant", "不用於選房"),
        ("signed-cash", "en", "does not order house selection"),
    ],
)
def test_an_exchange_number_orders_house_selection_and_a_cash_number_does_not(name, language, means):
    rendered = render(templates.newest(name), language=language, channel="mail", particulars=UNIT)

    assert "1424" in rendered.title and "1424" in rendered.body  # no comma in a number that people compare
    assert means in " ".join(rendered.body.split())


def test_instants_have_the_time_zone_of_the_place():
    assert instant(EVENING, "zh-Hans") == "2026年11月29日00:05"
    assert instant(EVENING, "en") == "29 Nov 2026, 00:05 (Beijing time)"


def test_a_chinese_text_message_fits_into_two_parts():
    for name in ("signed-exchange", "signed-cash"):
        rendered = render(templates.newest(name), language="zh-Hans", channel="sms", particulars=UNIT)
        assert len(rendered.body) <= 2 * 67


def test_stored_particulars_are_read_back_unchanged():
    assert Particulars.of(UNIT.stored()) == UNIT


def _digest(template):
    joined = "".join(f"{wording}|{w.title}|{w.short}|{w.body}" for wording, w in sorted(template.wordings.items()))
    return hashlib.sha256(joined.encode()).hexdigest()[:16]
