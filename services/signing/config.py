"""Every environment variable that signing reads, typed and checked at start."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True)

    database_url: str = Field(description="address of the database for the app role: requests, reactions, fan-out")
    database_url_mechanism: str = Field(default="", description="the same for the mechanism role: relay, reconciler")
    database_url_owner: str = Field(default="", description="the same for the owner, who runs the migrations")
    kafka_bootstrap: str = Field(default="", description="host:port of the broker; relay and consumer need it")
    bind: str = Field(default="127.0.0.1", description="address that every role listens on")
    port: int = Field(default=18020, description="port of the API")
    health_port: int = Field(default=18021, description="port on which a loop answers /live, /ready and /metrics")
    issuer_url: str = Field(default="", description="the OIDC provider whose tokens are believed")
    public_url: str = Field(default="", description="the address that browsers know this service by")
    session_secret: str = Field(default="", description="seals the login's state cookie")
    clock_file: str = Field(default="", description="file of the demo's business clock; empty means real time")
    log_level: str = Field(default="info", description="debug, info, warning or error")
    api_threads: int = Field(default=16, ge=1, description="requests carried out at once; each may hold one connection")
    settle_batch: int = Field(default=200, ge=1, description="cases that one transaction of the fan-out settles")
    settle_idle_seconds: float = Field(default=0.5, gt=0, description="pause of the fan-out when nothing waits")
