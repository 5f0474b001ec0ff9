"""Which errors of kafka-python are an outage, which a consumer waits out, and which end it?"""

from collections.abc import Iterator

import pytest
from kafka import errors

from shared.messaging import kafka
from shared.messaging.ports import Unavailable


def kinds(kind: type[errors.KafkaError] = errors.KafkaError) -> Iterator[type[errors.KafkaError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from kinds(narrower)


def raised(kind: type[errors.KafkaError]) -> type[Exception]:
    """What a consumer gets of it."""
    with pytest.raises((errors.KafkaError, Unavailable)) as failure, kafka._outages():
        raise kind.__new__(kind)  # some want arguments
    return failure.type


def test_an_error_that_passes_by_itself_is_an_outage() -> None:
    assert {kind for kind in kinds() if raised(kind) is Unavailable} == {kind for kind in kinds() if kind.retriable}
    assert raised(errors.MetadataEmptyBrokerList) is raised(errors.CoordinatorNotAvailableError) is Unavailable


@pytest.mark.parametrize(
    "kind", [errors.TopicAuthorizationFailedError, errors.SaslAuthenticationFailedError, errors.IllegalStateError]
)
def test_a_refusal_ends_the_consumer(kind: type[errors.KafkaError]) -> None:
    assert raised(kind) is kind
