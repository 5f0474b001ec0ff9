"""What every service reads from its environment. A service's config.py adds what is its own."""

import os
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Environment(BaseSettings):
    """Checked at start. A role may leave out what it does not need: only the app role's database is required of all.

    SECRETS_DIR names a folder with a file for each setting that shall not be a variable, as Docker and Kubernetes mount secrets.
    """

    model_config = SettingsConfigDict(frozen=True, secrets_dir=os.environ.get("SECRETS_DIR"))

    database_url: str = Field(description="address of the database for the app role: requests, reactions, work")
    database_url_mechanism: str = Field(default="", description="the same for the mechanism role, which sees every row")
    database_url_owner: str = Field(default="", description="the same for the owner, who runs the migrations")
    database_url_debezium: str = Field(default="", description="the same for Debezium's role, which reads the log")
    events_leave_by: Literal["relay", "debezium"] = Field(
        default="relay", description="the way that events leave the database; `migrate` makes the database follow"
    )
    kafka_bootstrap: str = Field(default="", description="host:port of the broker; relay and consumer need it")
    kafka_user: str = Field(default="", description="the role's user on the broker, by SCRAM-SHA-512")
    kafka_password: str = Field(default="", repr=False, description="its password")
    kafka_security: Literal["SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="SASL_PLAINTEXT", description="SASL_SSL encrypts what travels between broker and service"
    )
    kafka_ca_file: str = Field(default="", description="PEM file of the authority that signed the broker's certificate")
    kafka_allow_anonymous: Literal["", "development"] = Field(
        default="", description="development: this process may open a broker that asks nobody who they are"
    )
    bind: str = Field(default="127.0.0.1", description="address that every role listens on")
    port: int = Field(default=8080, description="where what is served over HTTP listens")
    health_port: int = Field(default=8081, description="port on which a loop answers /live, /ready and /metrics")
    issuer_url: str = Field(default="", description="the OIDC provider whose tokens are believed")
    issuer_internal_url: str = Field(default="", description="where this process reaches the provider, if elsewhere")
    oidc_client_id: str = Field(default="clearwater-pages", description="the client that the provider knows us as")
    oidc_client_secret: str = Field(default="", repr=False, description="its secret; empty for a public client")
    public_url: str = Field(default="", description="the front door: the one address that browsers know")
    session_secret: str = Field(default="", repr=False, description="seals the session's cookie; one for all services")
    front_door_secret: str = Field(
        default="",
        repr=False,
        description="by which the front door shows itself; empty: no forwarded header is believed",
    )
    services: str = Field(default="", description="names of all services, by spaces: whose APIs /docs lists")
    clock_file: str = Field(default="", description="file of the demo's business clock; empty means real time")
    log_level: str = Field(default="info", description="debug, info, warning or error")
    otel_exporter_otlp_endpoint: str = Field(
        default="", pattern=r"^(https?://\S+)?$", description="where traces are sent, by OTLP over HTTP; empty: nowhere"
    )
    api_threads: int = Field(default=8, ge=1, description="requests carried out at once; each may hold one connection")
    prometheus_multiproc_dir: str = Field(default="", description="where several workers keep their metrics")
