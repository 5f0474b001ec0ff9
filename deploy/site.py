"""Where an installation is: what its declaration needs to know of addresses, files and secrets, and has not itself.

Left to others: which processes there are (declaration.py), and the installations themselves: the local platform (local/processes.py),
containers (images/site.py), pods (kubernetes/site.py).
"""

from typing import Protocol


class Site(Protocol):
    """One installation."""

    @property
    def bind(self) -> str:
        """The address that every process listens on."""

    def host(self, process: str) -> str:
        """The name by which other processes reach it."""

    def port(self, name: str) -> int: ...

    def public_url(self, process: str) -> str:
        """The address by which a browser or a program outside reaches it directly."""

    @property
    def front_url(self) -> str:
        """The one address that people know: the front door's."""

    def secret(self, name: str) -> str: ...

    @property
    def bus_ca_file(self) -> str:
        """The file of the certificate that clients trust for the broker; empty where the bus is not encrypted."""

    def file(self, *parts: str) -> str:
        """A path for a process's own files."""

    @property
    def clock_file(self) -> str:
        """The file of the demo's business clock, which all processes read; empty where there is none."""

    @property
    def events_leave_by(self) -> str:
        """The way that events leave the databases: "relay" or "debezium"."""

    @property
    def collector(self) -> str:
        """Where traces are sent, by OTLP over HTTP; empty where nobody collects them."""
