"""Does notify begin without the key that opens contacts?"""

import pytest

from services.notify.store.contacts import Opener


@pytest.mark.parametrize("key", ["", "QUJD", "A" * 60, "no base64"])
def test_a_key_that_can_open_nothing_is_refused_at_the_start_and_fails_no_message(key: str) -> None:
    with pytest.raises(ValueError, match=r"READER_PRIVATE_KEY|base64"):
        Opener(key)
