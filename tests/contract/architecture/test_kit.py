"""Does the kit hold what at least two services run, and nothing else (decision 10)? Imports are followed to their end."""

import grimp
import pytest

from deploy.declaration import SERVICES

KIT = ("shared.messaging.", "shared.service.")
# Why a module that no two services import stands in the kit all the same.
EXCEPTIONS = {
    "shared.messaging.memory": "the broker of tests, beside the real one whose tests it answers",
    "shared.messaging.schema": "the declaration to which every service's migrations are held",
    "shared.service.buffering": "the worker of every API; gunicorn loads it by its name",
    "shared.service.login": "one service carries the sign-in for all, and any can (decision 18)",
}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("shared", "services")


@pytest.fixture(scope="module")
def users(graph) -> dict[str, set[str]]:
    """The services that run each module of the kit."""
    found: dict[str, set[str]] = {module: set() for module in graph.modules if module.startswith(KIT)}
    for service in SERVICES:
        own = [module for module in graph.modules if module.startswith(f"services.{service}.")]
        for module in set().union(*(graph.find_upstream_modules(module) for module in own)) & found.keys():
            found[module].add(service)
    return found


def test_at_least_two_services_run_each_module_of_the_kit(users):
    assert len(users) > 40
    assert {module for module, services in users.items() if len(services) < 2} == set(EXCEPTIONS)


def test_the_kit_knows_messaging_above_service(graph):
    upwards = [
        module
        for module in graph.modules
        if module.startswith("shared.service.")
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.startswith("shared.messaging")
    ]
    assert upwards == []
