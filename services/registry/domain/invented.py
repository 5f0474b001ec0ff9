"""Invented people and documents: valid in form, so that they pass every check, but impossible in reality.

Citizen IDs and companies' codes carry the division 440399, which does not exist, and residence permits like citizen IDs the order
number 000 (001 and on only beyond 4,000 people of a kind), which is not given out; permits of Hong Kong and Taiwan begin with four
zeros, passports with ZZ, which no country issues; mobiles have the prefix 1400, which belongs to machines, or the exchange 555, kept
for fiction; mail goes to a domain that can never be registered (RFC 2606).
Held by tests/unit/registry/test_sample.py.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from services.registry.domain.checkdigits import mod_11_2, mod_31
from services.registry.domain.template import letter

_SURNAMES = "陈林黄李张王刘吴周杨郑何梁罗邓叶谢曾许范温钟郭潘蔡彭苏卢江邱"
_GIVEN = "安柏川岱恩帆港瀚禾嘉景凯岚麓茗宁沛琦然澍桐薇溪晓岩怡远云泽昭致舟竹梓"
_ADULT_FROM = date(1942, 1, 1)
_CHILD_FROM = date(2012, 1, 1)
_THREE_CHARACTERS = 0.8  # of all names


@dataclass(frozen=True)
class Invented:
    """One person or organisation, in the words of the template."""

    name: str
    document_type: str
    document_number: str
    mobile: str | None
    email: str | None
    language: str = "简体中文"


class Inventor:
    """Generates different people. The same seed gives the same people in the same order."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - samples, not secrets
        self._count = 0

    def citizen(self) -> Invented:
        return self._person("居民身份证", self._identity("440399", _ADULT_FROM))

    def child(self) -> Invented:
        born = self._person("居民身份证", self._identity("440399", _CHILD_FROM))
        return Invented(born.name, born.document_type, born.document_number, None, None)

    def hong_kong(self) -> Invented:
        return self._person("港澳居民来往内地通行证", f"H{self._next():08d}", "繁体中文")

    def permit_holder(self) -> Invented:
        return self._person("港澳台居民居住证", self._identity("810000", _ADULT_FROM), "繁体中文")

    def taiwan(self) -> Invented:
        return self._person("台湾居民来往大陆通行证", f"{self._next():08d}", "繁体中文")

    def foreigner(self) -> Invented:
        number = self._next()
        return Invented(
            f"Morgan Sample {letter(number - 1)}",
            "护照",
            f"ZZ{number:06d}",
            f"+1604555{number % 10000:04d}",
            self._mail(number),
            "英文",
        )

    def organisation(self) -> Invented:
        number = self._next()
        body = f"91440399MA{number:07d}"
        name = "澄水湾" + self._picked(_GIVEN) + self._picked(_GIVEN) + "物业有限公司"
        return Invented(name, "统一社会信用代码", body + mod_31(body), self._mobile(number), self._mail(number))

    def _person(self, document_type: str, document_number: str, language: str = "简体中文") -> Invented:
        number = self._count
        name = (
            self._picked(_SURNAMES)
            + self._picked(_GIVEN)
            + (self._picked(_GIVEN) if self._random.random() < _THREE_CHARACTERS else "")
        )
        return Invented(name, document_type, document_number, self._mobile(number), self._mail(number), language)

    def _identity(self, division: str, earliest: date) -> str:
        # A birthday of its own for each: 37 is prime to every span used, so no two meet before 20,000 people.
        span = 23_011 if earliest == _ADULT_FROM else 4_001
        born = earliest + timedelta(days=self._next() * 37 % span)
        body = f"{division}{born:%Y%m%d}{self._count // span:03d}"
        return body + mod_11_2(body)

    def _next(self) -> int:
        self._count += 1
        return self._count

    def _picked(self, characters: str) -> str:
        return self._random.choice(characters)

    def _mobile(self, number: int) -> str:
        return f"1400{number:07d}"

    def _mail(self, number: int) -> str:
        return f"owner{number:06d}@owners.invalid"
