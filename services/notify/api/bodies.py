"""Bodies of requests and of answers to commands, and lists. What a GET answers is declared beside its query."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from services.notify.domain.message import State
from services.notify.domain.wording import Channel
from services.notify.queries.channels import ChannelState, Failure
from services.notify.queries.conservation import Conservation
from shared.service import http
from shared.text import Line


class Asked(http.Page):
    """Filters of the message list."""

    unit_id: UUID | None = Field(default=None, description="Only messages about this unit.")
    project_id: UUID | None = Field(default=None, description="Only messages of this project.")
    state: list[State] = Field(default_factory=list, description="Only these states; all when none is named.")
    place: str = Field(
        default="", max_length=120, description="Words of a place (5-503), a masked name or a number; each must occur."
    )


class OfProject(http.Body):
    project_id: UUID | None = Field(default=None, description="Only this project.")


class Outcome(http.Body):
    """The outcome of an unknown message, as a person found it."""

    outcome: Literal["arrived", "not_arrived"]


class ResendFailed(http.Body):
    """All messages of this district that failed with one code. `dry_run` only counts them."""

    code: str = Field(pattern=r"^[a-z0-9-]{1,64}$", description="The code that they have failed with.")
    channel: Channel | None = Field(default=None, description="Only those of this channel.")
    dry_run: bool = Field(default=False, description="true: nothing is sent.")
    reason: Line | None = Field(default=None, validate_default=True, description="Why; a dry run needs none.")

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["dry_run"], "properties": {"dry_run": {"const": True}}},
            "else": {"required": ["reason"], "properties": {"reason": {"type": "string"}}},
        }
    )

    @field_validator("reason")
    @classmethod
    def _is_given_for_an_act(cls, reason: str | None, info: ValidationInfo) -> str | None:
        if reason is None and not info.data.get("dry_run"):
            raise PydanticCustomError("missing", "an act needs a reason")
        return reason


class NoBody(http.Body):
    """An empty object: `{}`."""


class ResentState(BaseModel):
    """The result of an order to resend failed messages."""

    resend_id: UUID | None = Field(description="Of the record of it; null where nothing was sent again.")
    code: str
    channel: Channel | None
    dry_run: bool
    messages: int = Field(description="How many are, or in a dry run would be, sent again.")


class Channels(BaseModel):
    channels: list[ChannelState]


class Failures(BaseModel):
    failures: list[Failure]


class MessageState(BaseModel):
    """The state of a message after a command."""

    message_key: str
    state: State
    tries: int


class ConservationByDistrict(BaseModel):
    districts: list[Conservation]
