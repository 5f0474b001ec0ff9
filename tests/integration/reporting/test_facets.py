"""Does every event of a case change its own facet and no other? The events are the contract's golden examples."""

import pytest

from services.reporting.queries import cells
from shared.events import catalogue, codec, examples
from shared.service import database
from tests.support.launch import Bus, Launch, Numbering

# The facets (rights, agreement) after each event; None before the first event of a facet.
AFTER = {
    "case.opened": (None, None),
    "rights.reviewing": ("reviewing", None),
    "rights.confirmed": ("confirmed", None),
    "rights.disputed": ("disputed", None),
    "agreement.drafted": (None, "drafted"),
    "agreement.revised": (None, "drafted"),
    "agreement.reviewed": (None, "reviewed"),
    "agreement.returned": (None, "returned"),
    "agreement.locked": (None, "locked"),
    "agreement.unlocked": (None, "drafted"),
    "agreement.preregistered": (None, "pre_registered"),
    "agreement.superseded": (None, "superseded"),
    "agreement.signed": (None, "signed"),
    "agreement.effective": (None, "effective"),
    "agreement.performed": (None, "performed"),
    "agreement.rescinded": (None, "rescinded"),
    "agreement.void": (None, "void"),
}
DETACHED = ("agreement.rescinded", "agreement.void")


def golden(name: str):
    kind = catalogue.find(f"clearwater.signing.{name}.v1")
    example = examples.load(examples.of(kind.declared.type)[0])
    return codec.decode(kind, codec.encode(kind.model_validate(example["payload"])), key=example["key"])


def unit_of(event):
    unit = Launch(units=1).unit(0)
    return unit.model_copy(update={"unit_id": event.unit_id, "project_id": event.project_id})


def shown(engine, event) -> cells.Cell:
    with database.reading(engine, granted=["440303"]) as tx:
        return cells.of_units(tx, [event.unit_id])[0]


def test_every_event_of_a_case_is_handled():
    kinds = {event.declared.type for event in catalogue.events() if event.declared.topic == "signing-case"}

    assert kinds == {f"clearwater.signing.{name}.v1" for name in AFTER}


@pytest.mark.parametrize("name", AFTER)
def test_an_event_changes_its_facet(engine, name):
    event = golden(name)

    Bus(engine).deliver(Numbering().messages("440303", [unit_of(event), event]))

    facets = shown(engine, event).facets
    assert (facets.rights, facets.agreement) == AFTER[name]


@pytest.mark.parametrize("name", DETACHED)
def test_a_detached_number_leaves_its_unit(engine, name):
    signed, undone = golden("agreement.signed"), golden(name)

    Bus(engine).deliver(Numbering().messages("440303", [unit_of(signed), signed, undone]))

    assert shown(engine, undone).sequence_number is None
