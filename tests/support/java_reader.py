"""The worked subscriber of the bus in Java, built once, as an agency starts it."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from deploy.local import admin, agencies
from tests.support.languages import LANGUAGES, copied
from tests.support.platform import Platform


def built(folder: Path) -> Path:
    made = copied("java", folder)
    subprocess.run(LANGUAGES["java"].build, cwd=made, check=True, timeout=200)
    return made


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


def read(folder: Path, values: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Up to the last record."""
    command = ["java", "-cp", "target/classes:target/dependency/*", "KafkaSubscriber", "--once"]
    environment = {**os.environ, **values}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
