"""Codes of divisions, units, houses; telephone numbers and addresses."""

import pytest

from services.registry.domain import codes


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("440303", True),
        ("440305", True),
        ("110101", True),
        ("440302", False),  # Shenzhen has no such district
        ("440300", False),  # a city
        ("440000", False),  # a province
        ("990303", False),
        ("44030", False),
        ("4403031", False),
    ],
)
def test_a_district_is_a_division_at_county_level(code, known):
    assert codes.is_district(code) is known


@pytest.mark.parametrize(
    ("code", "valid"),
    [
        ("440303001001GB00001F00010001", True),
        ("440303001001GB00001X00010001", False),
        ("440303001001gb00001F00010001", False),
        ("440303001001GB00001F0001001", False),
    ],
)
def test_a_unit_code_has_its_28_characters(code, valid):
    assert codes.is_unit_code(code) is valid


def test_a_house_code_begins_with_its_building():
    assert codes.is_house_code("4" * 25) and not codes.is_house_code("4" * 24)
    assert codes.is_building_code("4" * 19) and not codes.is_building_code("4" * 25)


@pytest.mark.parametrize(
    ("door", "valid"),
    [
        ("302", True),
        ("13A01", True),
        ("301、302", True),
        ("301、", False),
        ("301,302", False),
        ("1、1", False),
        ("3 01", False),
    ],
)
def test_a_merged_unit_names_each_door_once(door, valid):
    assert codes.is_door(door) is valid


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        ("14000000001", True),
        ("12000000001", False),
        ("1400000000", False),
        ("+85255550000", True),
        ("+16045550000", True),
        ("+8614000000001", False),  # two spellings of one number would be two numbers
        ("85255550000", False),
    ],
)
def test_a_telephone_number_is_of_the_mainland_or_says_its_country(number, valid):
    assert codes.is_mobile(number) is valid


@pytest.mark.parametrize(
    ("address", "valid"),
    [
        ("owner1@owners.invalid", True),
        ("o'neil@owners.invalid", True),
        ("first.last+case@mail.owners.invalid", True),
        ("owner@例子.中国", True),
        ("owner@xn--fsqu00a.xn--fiqs8s", True),
        ("owner1@owners", False),
        ("a b@owners.invalid", False),
        ("a..b@owners.invalid", False),
        (".a@owners.invalid", False),
        ("a.@owners.invalid", False),
        ("陈@owners.invalid", False),
        ("a@owners..invalid", False),
        ("a@-owners.invalid", False),
        ("a@[127.0.0.1]", False),
        ("x" * 65 + "@owners.invalid", False),
        ("Ada <a@owners.invalid>", False),
    ],
)
def test_a_mail_address_has_a_domain(address, valid):
    assert codes.is_email(address) is valid


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("Europe/London", True),
        ("America/Argentina/Buenos_Aires", True),
        ("UTC", True),
        ("europe/london", False),
        ("UTC+8", False),
        ("北京时间", False),
        ("../etc/localtime", False),
        ("localtime", False),
        ("", False),
    ],
)
def test_a_time_zone_is_an_iana_name(name, valid):
    assert codes.is_time_zone(name) is valid
