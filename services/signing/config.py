"""Every environment variable that signing reads, typed and checked at start."""

from pydantic import Field

from shared.service.environment import Environment


class Settings(Environment):
    api_threads: int = Field(default=16, ge=1, description="more than elsewhere: desks queue at a series")
    settle_batch: int = Field(default=200, ge=1, description="cases that one transaction of the fan-out settles")
    settle_idle_seconds: float = Field(default=0.5, gt=0, description="pause of the fan-out when nothing waits")
