"""The key of this installation that signs statements: ES256 (RFC 7518), which every library of JOSE verifies."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from shared import keys

MEDIA: Final = "application/jose"
_ALGORITHM, _CURVE = "ES256", ec.SECP256R1()
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (SEC 2)


class StatementKey:
    """`private_key`: base64 of 32 random bytes. Raises ValueError for anything else: a key that can be guessed signs nothing."""

    def __init__(self, private_key: str) -> None:
        secret = keys.from_setting("STATEMENT_KEY", private_key)
        scalar = 1 + int.from_bytes(secret, "big") % (_ORDER - 1)
        pem = ec.derive_private_key(scalar, _CURVE).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._key = ECKey.import_key(pem)
        self.key_id = self._key.thumbprint()

    @property
    def public(self) -> dict[str, Any]:
        """As a JWK (RFC 7517)."""
        return {**self._key.as_dict(private=False), "kid": self.key_id, "use": "sig", "alg": _ALGORITHM}

    def sign(self, document: Mapping[str, Any]) -> str:
        """A compact JWS (RFC 7515) that carries the document itself."""
        header = {"alg": _ALGORITHM, "kid": self.key_id, "typ": "clearwater-statement+jws"}
        payload = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        return jws.serialize_compact(header, payload, self._key, algorithms=[_ALGORITHM])


class Checked(NamedTuple):
    """`key_id`: of the key that signed it; None where none of the known keys did."""

    document: Mapping[str, Any]
    key_id: str | None


def checked(signed: str, public_keys: Sequence[Mapping[str, Any]]) -> Checked:
    """As a foreign program checks it: by the public keys alone."""
    try:
        known = KeySet.import_key_set({"keys": [dict(key) for key in public_keys]})
        opened = jws.deserialize_compact(signed, known, algorithms=[_ALGORITHM])
    except (JoseError, ValueError):  # ValueError: the key that its header names is not among them
        return Checked(json.loads(jws.extract_compact(signed.encode()).payload), None)
    return Checked(json.loads(opened.payload), str(opened.headers()["kid"]))
