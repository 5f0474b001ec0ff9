"""Every environment variable that the registry reads, typed and checked at start."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True)

    database_url: str = Field(description="address of the database for the app role: requests, reactions, imports")
    database_url_mechanism: str = Field(default="", description="the same for the mechanism role: the relay")
    database_url_owner: str = Field(default="", description="the same for the owner, who runs the migrations")
    kafka_bootstrap: str = Field(default="", description="host:port of the broker; relay and consumer need it")
    bind: str = Field(default="127.0.0.1", description="address that every role listens on")
    port: int = Field(default=18010, description="port of the API")
    health_port: int = Field(default=18011, description="port on which a loop answers /live, /ready and /metrics")
    issuer_url: str = Field(default="", description="the OIDC provider whose tokens are believed")
    public_url: str = Field(default="", description="the address that browsers know this service by")
    session_secret: str = Field(default="", description="seals the login's state cookie")
    clock_file: str = Field(default="", description="file of the demo's business clock; empty means real time")
    log_level: str = Field(default="info", description="debug, info, warning or error")
    api_threads: int = Field(default=8, ge=1, description="requests carried out at once; each may hold one connection")
    vault_key: str = Field(default="", repr=False, description="base64 of 32 bytes; wraps every data key at rest")
    reader_public_keys: dict[str, str] = Field(
        default_factory=dict, description="reading service → its X25519 public key, base64 of 32 bytes"
    )
