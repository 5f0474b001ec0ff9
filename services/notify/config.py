"""Every environment variable that notify reads, typed and checked at start."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True)

    database_url: str = Field(description="address of the database for the app role: requests, reactions, sending")
    database_url_mechanism: str = Field(default="", description="the same for the mechanism role: relay, retention")
    database_url_owner: str = Field(default="", description="the same for the owner, who runs the migrations")
    kafka_bootstrap: str = Field(default="", description="host:port of the broker; relay and consumer need it")
    bind: str = Field(default="127.0.0.1", description="address that every role listens on")
    port: int = Field(default=18030, description="port of the API")
    health_port: int = Field(default=18031, description="port on which a loop answers /live, /ready and /metrics")
    issuer_url: str = Field(default="", description="the OIDC provider whose tokens are believed")
    public_url: str = Field(default="", description="the address that browsers know this service by")
    session_secret: str = Field(default="", description="seals the login's state cookie")
    clock_file: str = Field(default="", description="file of the demo's business clock; empty means real time")
    log_level: str = Field(default="info", description="debug, info, warning or error")
    api_threads: int = Field(default=8, ge=1, description="requests carried out at once; each may hold one connection")
    senders: int = Field(default=2, ge=1, le=64, description="messages under way at once in one worker process")
    reader_private_key: str = Field(
        default="", repr=False, description="X25519, base64 of 32 bytes; opens persons' keys"
    )
    smtp_host: str = Field(default="127.0.0.1", description="the mail server that takes mails over")
    smtp_port: int = Field(default=25, description="its port")
    mail_from: str = Field(default="notice@clearwater.example", description="sender of every mail")
    sms_url: str = Field(default="", description="the gateway for text messages (gateways/sms.py says how it is asked)")
