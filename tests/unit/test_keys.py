"""Does each service refuse to begin without the key that seals or opens its secrets?"""

import base64
from collections.abc import Callable

import pytest

from services.notify.store.contacts import Opener
from services.registry.store.vault import Vault
from services.reporting.store.signing_keys import SigningKeys
from services.reporting.store.statement_key import StatementKey
from shared import keys

SETTINGS = {
    "READER_PRIVATE_KEY": Opener,
    "SENDER_PRIVATE_KEY": SigningKeys,
    "STATEMENT_KEY": StatementKey,
    "VAULT_KEY": lambda key: Vault(key, {}),
}


@pytest.mark.parametrize(("setting", "make"), SETTINGS.items(), ids=SETTINGS)
@pytest.mark.parametrize("key", ["", "QUJD", "A" * 60, "no base64", "\u00e9"])
def test_a_key_that_is_none_is_refused_by_the_name_of_its_setting(
    setting: str, make: Callable[[str], object], key: str
) -> None:
    with pytest.raises(ValueError, match=f"^{setting} has to be 32 bytes in base64$"):
        make(key)


def test_a_key_is_read() -> None:
    key = bytes(range(32))

    assert keys.from_setting("VAULT_KEY", base64.b64encode(key).decode()) == key
