"""An authority of this installation's own, and the broker's certificate by it: what travels between broker and clients is encrypted.

`BUS_TLS=yes make up` asks for it, `BUS_TLS=no` gives it up; without the variable it stays as it was.
Invariant: the authority's private key is not kept, so that nobody can make a second broker with it; both are made anew together.
"""

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from deploy.local.place import HOST, CannotStart, Place

_LASTS = timedelta(days=365)
_RENEWED = timedelta(days=30)


def prepare(place: Place) -> None:
    """Raises CannotStart for a BUS_TLS that is neither yes nor no."""
    wanted = os.environ.get("BUS_TLS", "")
    if wanted not in {"", "yes", "no"}:
        raise CannotStart(f"BUS_TLS={wanted} is neither yes nor no.")
    if wanted == "no":
        place.authority.unlink(missing_ok=True)
    elif (wanted == "yes" or place.authority.exists()) and not _lasts(place.authority):
        _make(place)


def settings(place: Place) -> dict[str, str]:
    """The broker's settings for encryption; empty when none is wanted."""
    if not place.bus_ca_file:
        return {}
    return {
        "listener.security.protocol.map": "CLIENT:SASL_SSL,INTERNAL:SASL_SSL,CONTROLLER:SASL_SSL",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(_server(place)),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": place.bus_ca_file,
    }


def _server(place: Place) -> Path:
    return place.path("kafka", "server.pem")


def _lasts(authority: Path) -> bool:
    if not authority.exists():
        return False
    return x509.load_pem_x509_certificate(authority.read_bytes()).not_valid_after_utc - datetime.now(UTC) > _RENEWED


def _make(place: Place) -> None:
    above, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer, subject = _name("Clearwater, this installation"), _name("Kafka")
    authority = (
        _certificate(issuer, issuer, above.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(above, hashes.SHA256())
    )
    hosts = [x509.IPAddress(ipaddress.ip_address(HOST)), x509.DNSName("localhost")]
    server = (
        _certificate(subject, issuer, own.public_key())
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .sign(above, hashes.SHA256())
    )
    key = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _server(place).parent.mkdir(parents=True, exist_ok=True)
    _server(place).touch(mode=0o600)
    _server(place).write_bytes(key + server.public_bytes(Encoding.PEM))
    place.authority.write_bytes(authority.public_bytes(Encoding.PEM))


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + _LASTS)
    return builder.serial_number(x509.random_serial_number())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
