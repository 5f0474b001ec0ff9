"""Every environment variable that notify reads, typed and checked at start."""

from typing import Literal, Self

from pydantic import Field, model_validator

from shared.service.environment import Environment


class Settings(Environment):
    senders: int = Field(
        default=2, ge=1, le=64, description="messages under way at once per channel and district in one worker process"
    )
    lanes: int = Field(default=16, ge=1, le=64, description="threads at most per channel in one worker process")
    reader_private_key: str = Field(
        default="", repr=False, description="X25519, base64 of 32 bytes; opens persons' keys"
    )
    smtp_host: str = Field(default="127.0.0.1", description="the mail server that takes mails over")
    smtp_port: int = Field(default=25, description="its port")
    smtp_security: Literal["none", "starttls", "tls"] = Field(
        default="none", description="starttls: the server must offer it; tls: from the first byte"
    )
    smtp_user: str = Field(default="", description="logs in to the mail server; empty: it asks for no login")
    smtp_password: str = Field(default="", repr=False, description="of smtp_user")
    smtp_ca_file: str = Field(default="", description="whose certificates are believed; empty: the machine's own")
    mail_from: str = Field(default="notice@clearwater.example", description="sender of every mail")
    sms_url: str = Field(default="", description="the gateway for text messages (gateways/sms.py says how it is asked)")
    sms_token: str = Field(default="", repr=False, description="bearer token for that gateway, where it asks for one")

    @model_validator(mode="after")
    def password_is_sealed(self) -> Self:
        if self.smtp_user and self.smtp_security == "none":
            message = "SMTP_USER needs SMTP_SECURITY=starttls or tls: a password never goes out in clear"
            raise ValueError(message)
        return self
