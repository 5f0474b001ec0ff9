"""Districts opened as the demo opens them: a workbook each, a frozen roll, some agreements ready to be signed."""

from dataclasses import dataclass

from deploy.demo.desk import Desk
from deploy.demo.opening import District, Opened, open_district
from deploy.local.place import Place

UNITS, READY = 24, 4  # more than the tests of one session sign in a district
SAMPLES = (
    District("440303", "示例一区", "澄水湾片区", seed=1),
    District("440305", "示例二区", "云汀里片区", seed=2),
)


@dataclass
class SampleDistrict:
    """One district with its desk and the agreements that are ready there; a test takes the next."""

    opened: Opened
    desk: Desk
    ready: list[str]

    @property
    def code(self) -> str:
        return self.opened.district.code

    def next_ready(self) -> str:
        """The next agreement to sign. Prepares another one when none is left."""
        if not self.ready:
            self.ready += self.desk.ready(1, show_line=lambda _: None)
        return self.ready.pop(0)


def open_sample(place: Place, district: District, *, units: int = UNITS) -> SampleDistrict:
    opened = open_district(place, district, units=units, show_mistakes=False)
    desk = Desk(place, opened)
    return SampleDistrict(opened, desk, list(desk.ready(READY, show_line=lambda _: None)))
