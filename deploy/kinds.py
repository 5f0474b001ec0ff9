"""What the declaration is made of: services with their roles, and the processes that run.

Imports the standard library only, as the declaration does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from deploy.site import Site

Environment = Callable[[Site], dict[str, str]]


@dataclass(frozen=True)
class Role:
    """What one process of a service does. `serves`: it answers people over HTTP; a loop answers for its health only.

    `bus`: it opens the broker, with users of its own there (deploy/local/access.py says what they may do).
    `paths`: those of the service's API that lead to it and not to the first role; `*` stands for one part of a path.
    `calls`: what it calls outside beside database, broker and issuer: MESSAGES (mail and text messages) or AGENCIES (their endpoints).
    `waiting`: how much waits for it or is on its way to it, as queries of Prometheus. Only of a role of which any number of processes
    may work side by side.
    """

    name: str
    serves: bool = False
    bus: bool = False
    paths: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True)
class Service:
    """`step`: from PORT_BASE to the port of its first role; the others follow. Add roles at the end, never renumber.

    `pages`: the paths at which the front door leads to its pages. `environment`: what it reads beside what all services read.
    `needs`: processes that must be ready before its own, beside PostgreSQL, Kafka and the issuer. `secrets`: by name, of one of
    the kinds that deploy/local/keys.py makes.
    """

    name: str
    step: int
    roles: tuple[Role, ...]
    pages: tuple[str, ...] = ()
    environment: Environment = lambda _: {}
    needs: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)

    def process(self, role: Role) -> str:
        return f"{self.name}-{role.name}"


@dataclass(frozen=True, kw_only=True)
class Process:
    """One running process of ours. `ready`: the path that answers 200 on its port once it is ready; empty: the open port says so.

    `image`: the service whose image holds it; empty: the platform's own. `published`: people reach it from outside.
    `keeps_files`: it has files of its own that outlive it.
    """

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    image: str = ""
    environment: Environment
    ready: str = "/ready"
    needs: tuple[str, ...] = ()
    published: bool = False
    keeps_files: bool = False
