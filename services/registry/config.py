"""Every environment variable that the registry reads, typed and checked at start."""

from pydantic import Field

from shared.service.environment import Environment


class Settings(Environment):
    vault_key: str = Field(default="", repr=False, description="base64 of 32 bytes; wraps every data key at rest")
    reader_public_keys: dict[str, str] = Field(
        default_factory=dict, description="reading service → its X25519 public key, base64 of 32 bytes"
    )
    sender_public_key: str = Field(
        default="", description="X25519, base64 of 32 bytes: of the service that signs what is sent to endpoints"
    )
