"""Is the declaration complete: dependencies first, unique ports, and a known kind for every secret?"""

import base64
import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from deploy import declaration
from deploy.declaration import PLATFORM, PORTS, SERVICES
from deploy.local import keys


def test_every_dependency_is_declared_before_its_process():
    started = set(PLATFORM)
    for process in declaration.processes():
        assert set(process.needs) <= started, process.name
        started.add(process.name)


def test_every_process_has_a_port_and_no_port_is_given_twice():
    names = [*PLATFORM, *(process.name for process in declaration.processes())]

    assert set(names) <= set(PORTS)
    assert len(set(PORTS.values())) == len(PORTS)


def test_a_services_ports_stay_within_its_ten():
    owners = {PORTS[service.process(role)] // 10 * 10 for service in SERVICES.values() for role in service.roles}

    assert owners == {service.step for service in SERVICES.values()}
    assert len(owners) == len(SERVICES)


def test_the_port_numbers_are_the_documented_ones():
    """Add ports, never renumber them: people have noted the addresses."""
    assert (PORTS["registry-api"], PORTS["registry-worker"]) == (10, 13)
    assert (PORTS["signing-api"], PORTS["notify-api"], PORTS["reporting-api"]) == (20, 30, 40)
    assert (PORTS["reporting-stream"], PORTS["reporting-consumer"]) == (41, 42)
    assert (PORTS["issuer"], PORTS["messages"], PORTS["smtp"]) == (4, 5, 6)


def test_an_upgrade_keeps_the_secrets_and_the_key_pair(tmp_path: Path):
    first = keys.load(tmp_path)
    stored = json.loads((tmp_path / "secrets.json").read_text())
    del stored["session_secret"]
    (tmp_path / "secrets.json").write_text(json.dumps(stored))

    second = keys.load(tmp_path)

    assert {name for name in first if first[name] != second[name]} == {"session_secret"}
    private = X25519PrivateKey.from_private_bytes(base64.b64decode(second["reader_private_key"]))
    assert private.public_key().public_bytes_raw() == base64.b64decode(second["reader_public_key"])
    assert len(base64.b64decode(second["vault_key"])) == 32
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0
