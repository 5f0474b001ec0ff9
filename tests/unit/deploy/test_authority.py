"""Is the broker's certificate made anew in its last thirty days, together with the authority by which clients know it?"""

from datetime import timedelta
from pathlib import Path

import pytest

from deploy.local import authority
from deploy.local.place import Place


@pytest.mark.parametrize(("days", "is_new"), [(29, True), (31, False)])
def test_a_start_renews_a_certificate_in_its_last_thirty_days_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, is_new: bool
):
    """The drill of CertificateEnds and CertificateEnded, for the broker."""
    place, server = Place(tmp_path, 18_000), tmp_path / "kafka" / "server.pem"
    monkeypatch.setenv("BUS_TLS", "yes")
    with monkeypatch.context() as earlier:
        earlier.setattr(authority, "_LASTS", timedelta(days=days))
        authority.prepare(place)
    before = (place.authority.read_bytes(), server.read_bytes())

    monkeypatch.delenv("BUS_TLS")
    authority.prepare(place)

    after = (place.authority.read_bytes(), server.read_bytes())
    assert [old != new for old, new in zip(before, after, strict=True)] == [is_new, is_new]
