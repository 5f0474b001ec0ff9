"""What a member of staff did to the register, for the trace on its page.

Held by tests/integration/registry/test_acts.py.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

Kind = Literal[
    "district-opened",
    "project-opened",
    "group-formed",
    "officer-added",
    "units-assigned",
    "commit-ordered",
    "import-abandoned",
    "tenancy-ended",
]


@dataclass(frozen=True)
class Act:
    """`of`: the id of the group, import or tenancy that it was done to; `name`: what that is called, never a right-holder or tenant."""

    kind: Kind
    done_by: str
    done_at: datetime
    project_id: UUID | None = None
    of: UUID | None = None
    name: str | None = None
    units: int | None = None
    changed: int | None = None
