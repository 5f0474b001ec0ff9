"""What the entries of docker-compose.yml are put together from, and how a document is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from deploy.images.site import SITE

Entry = dict[str, Any]


@dataclass(frozen=True)
class Limits:
    """Far above what is used: they end a process that runs away before it ends its neighbours."""

    memory: str
    processes: int


def guards(limits: Limits, *, user: int, writes: Sequence[str] = ()) -> Entry:
    """What no process needs, whoever takes it over. `writes`: folders beside its volumes, in memory, gone when it ends.

    Without `uid` such a folder belongs to root, with the mode that it has in the image.
    """
    return {
        "user": f"{user}:{user}",
        "read_only": True,
        "tmpfs": [f"{folder}:uid={user}" for folder in ("/tmp", *writes)],  # noqa: S108 - the container's own
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "mem_limit": limits.memory,
        "pids_limit": limits.processes,
    }


def waits_for(conditions: Mapping[str, str]) -> Entry:
    return {name: {"condition": condition} for name, condition in conditions.items()}


def healthcheck(*command: str) -> Entry:
    """One interval for all its life: Docker before 25 refuses a file that asks for a shorter one at the start.

    In the first ten minutes a container may be unready for as long as a busy machine takes, without `--wait` giving it up.
    Each look starts a program, 46 ms of a processor; with twenty containers that is a tenth of one.
    """
    check = {"interval": "10s", "timeout": "10s", "retries": 6, "start_period": "600s"}
    return {"test": ["CMD", *command], **check}


def secret_variables(*names: str) -> dict[str, str]:
    return {name.upper(): SITE.secret(name) for name in names}


def as_yaml(*documents: Entry | list[Entry]) -> str:
    return yaml.dump_all(documents, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=200)


class _Plain(yaml.SafeDumper):
    """No anchors: every process stands written out."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True
