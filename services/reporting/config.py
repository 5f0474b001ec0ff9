"""Every environment variable that reporting reads, typed and checked at start."""

from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from shared.service.environment import Environment


def _networks(value: str) -> str:
    for network in value.split():
        ip_network(network)
    return value


class Settings(Environment):
    """What begins with `webhook_`, and the keys, are for the role `webhooks` alone."""

    sender_private_key: str = Field(
        default="",
        repr=False,
        description="X25519, base64 of 32 bytes; opens the secrets by which endpoints are signed for",
    )
    statement_key: str = Field(
        default="", repr=False, description="base64 of 32 bytes; signs the statements of what agencies were given"
    )
    webhook_allowed_networks: Annotated[str, AfterValidator(_networks)] = Field(
        default="", description="by spaces: networks that are reached although they are private, and without TLS"
    )
    webhook_proxy: str = Field(
        default="", description="egress proxy, http://host:port, through which all endpoints are called"
    )
    webhook_ca_file: str = Field(default="", description="whose certificates are believed; empty: the machine's own")
    webhook_threads: int = Field(default=64, ge=8, le=512, description="deliveries under way at once in one process")

    @property
    def origin(self) -> str:
        """The name under which this installation asks endpoints for permission."""
        return urlsplit(self.public_url).hostname or "clearwater"
