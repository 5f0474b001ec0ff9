"""Every environment variable that notify reads, typed and checked at start."""

from pydantic import Field

from shared.service.environment import Environment


class Settings(Environment):
    senders: int = Field(default=2, ge=1, le=64, description="messages under way at once in one worker process")
    reader_private_key: str = Field(
        default="", repr=False, description="X25519, base64 of 32 bytes; opens persons' keys"
    )
    smtp_host: str = Field(default="127.0.0.1", description="the mail server that takes mails over")
    smtp_port: int = Field(default=25, description="its port")
    mail_from: str = Field(default="notice@clearwater.example", description="sender of every mail")
    sms_url: str = Field(default="", description="the gateway for text messages (gateways/sms.py says how it is asked)")
