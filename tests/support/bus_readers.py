"""The worked subscribers of the bus under examples/, built once each, as an agency builds and starts them."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from deploy.local import admin, agencies
from tests.support.languages import LANGUAGES, NODE, Example, copied
from tests.support.platform import Platform

READERS = {
    "java": LANGUAGES["java"]._replace(start=(*LANGUAGES["java"].start[:-1], "KafkaSubscriber")),
    "go": Example("go", ("go", "build", "-o", "subscriber", "."), ("./subscriber",), folder="kafka"),
    "typescript": LANGUAGES["typescript"]._replace(start=(NODE, "kafka-subscriber.mjs")),
}


class Built(NamedTuple):
    folder: Path
    start: Sequence[str]

    def read(self, values: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        """Up to the last record."""
        command, environment = [*self.start, "--once"], {**os.environ, **values}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120, check=False
        )


def built(language: str, folder: Path) -> Built:
    reader = READERS[language]
    made = copied(language, folder) / reader.folder
    subprocess.run(reader.build, cwd=made, check=True, timeout=200)
    return Built(made, reader.start)


def admitted(platform: Platform, agency: str, *names: str) -> dict[str, str]:
    """The variables of its engineer's shell, as `make agency` prints them."""
    connection = platform.connection
    return {
        "KAFKA_BOOTSTRAP": str(connection["bootstrap_servers"]),
        "KAFKA_SECURITY": str(connection["security_protocol"]),
        "KAFKA_CA_FILE": str(connection.get("ssl_cafile") or ""),
        "KAFKA_USER": agencies.user_of(agency),
        "KAFKA_PASSWORD": agencies.admit(admin.as_admin(platform.place), agency, names),
        "KAFKA_TOPICS": ",".join(names),
    }
