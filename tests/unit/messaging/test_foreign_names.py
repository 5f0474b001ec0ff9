"""A foreign client may give a header any name. Are its record and the later records read?"""

from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from shared.messaging import kafka_python


def a_batch(name: bytes) -> DefaultRecordBatch:
    """Two records; the first has a header of this name, which must have four bytes."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=9999,
    )
    builder.append(0, timestamp=1, key=b"k", value=b"one", headers=[("name", b"1"), ("ce_id", b"2")])
    builder.append(1, timestamp=1, key=b"k", value=b"two", headers=[])
    return DefaultRecordBatch(bytearray(builder.build()).replace(b"name", name))


def test_a_header_name_that_is_not_utf_8_stops_no_reader():
    assert kafka_python.DefaultRecordBatch is DefaultRecordBatch

    first, second = a_batch(b"\xff\xfe\x00\xc3")

    assert first.headers == [("\\xff\\xfe\x00\\xc3", b"1"), ("ce_id", b"2")]
    assert [(item.offset, item.key, item.value) for item in (first, second)] == [(0, b"k", b"one"), (1, b"k", b"two")]


def test_a_header_name_in_utf_8_is_read_unchanged():
    first, _ = a_batch("名a".encode())

    assert first.headers[0] == ("名a", b"1")
