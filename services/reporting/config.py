"""Every environment variable that reporting reads, typed and checked at start."""

from pydantic import Field

from shared.service.environment import Environment


class Settings(Environment):
    stream_url: str = Field(
        default="", description="the live stream as browsers see it; empty: same origin as the pages"
    )
    pages_url: str = Field(
        default="", description="origin of the pages that may read the stream; empty: those of its own host"
    )
    registry_url: str = Field(default="", description="the registry's pages, linked where a name may be revealed")
