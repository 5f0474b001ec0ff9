"""Keys that a setting gives: base64 of 32 bytes.

Invariant: a process ends at its start when its key is none. With an empty or garbled one it would run, and each thing it seals or opens
would fail for good, or be kept under a key that everybody knows.
"""

import base64

_BYTES = 32


def from_setting(name: str, value: str) -> bytes:
    """Raises ValueError, which names the setting and not its value."""
    try:
        key = base64.b64decode(value, validate=True)
    except ValueError:
        key = b""
    if len(key) != _BYTES:
        message = f"{name} has to be {_BYTES} bytes in base64"
        raise ValueError(message) from None
    return key
