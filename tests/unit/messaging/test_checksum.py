"""Is the checksum of every batch taken in C? In Python it gives the same, and costs a relay more than all else (decision 4)."""

from unittest.mock import patch

from kafka.record import util

from shared.messaging import kafka  # noqa: F401 - what the services import


def test_the_checksum_of_a_batch_is_not_computed_in_python():
    with patch("kafka.record._crc32c.crc_update", side_effect=AssertionError("summed up in Python")):
        assert util.calc_crc32c(memoryview(b"123456789")) == 0xE3069283  # the check value that CRC catalogues give
