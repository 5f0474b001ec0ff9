"""Every environment variable of the service, typed, checked at start."""

from pydantic import Field
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    database_url: str = Field(description="the app role: reads for pages, writes of the consumer")
    database_url_mechanism: str = Field(description="the mechanism role: retention and redrive, sees every district")
    database_url_owner: str = Field(default="", description="the owner: migrations and the swap of a rebuild")
    kafka_bootstrap: str = Field(default="", description="brokers, host:port,…; consumer and rebuild only")
    port: int = Field(default=8080, description="where api and stream listen")
    health_port: int = Field(default=8081, description="where the consumer answers /live, /ready, /metrics")
    bind: str = Field(default="127.0.0.1", description="address that every role listens on")
    issuer_url: str = Field(description="the OpenID provider")
    public_url: str = Field(description="this process as browsers see it")
    session_secret: str = Field(description="signs the login's short-lived state")
    stream_url: str = Field(
        default="", description="the live stream as browsers see it; empty: same origin as the pages"
    )
    pages_url: str = Field(
        default="", description="origin of the pages that may read the stream; empty: those of its own host"
    )
    registry_url: str = Field(default="", description="the registry's pages, linked where a name may be revealed")
    log_level: str = Field(default="info", description="debug, info, warning or error")
    clock_file: str = Field(default="", description="the demo's business clock; empty: real time")
    prometheus_multiproc_dir: str = Field(default="", description="where several workers keep their metrics")
