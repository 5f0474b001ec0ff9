"""Does the local issuer give a token to an agency's client that knows its secret, and to no other?"""

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet

from deploy.local import issuer

ASKED = {"grant_type": "client_credentials", "client_id": "agency-real-estate"}


@pytest.fixture
def provider(tmp_path: Path) -> FlaskClient:
    return issuer.create(tmp_path, issuer="http://127.0.0.1:1").test_client()


def new_secret(local_dir: Path) -> str:
    return issuer.add_clients(local_dir, ["agency-real-estate"])["agency-real-estate"]


def test_a_client_gets_a_token_without_any_district(provider: FlaskClient, tmp_path: Path) -> None:
    secret = new_secret(tmp_path)

    answer = provider.post("/token", data={**ASKED, "client_secret": secret}).get_json()

    keys = KeySet.import_key_set(provider.get("/jwks.json").get_json())
    claims = jwt.decode(answer["access_token"], keys, algorithms=["ES256"]).claims
    assert (claims["sub"], claims["roles"], claims["districts"]) == ("agency-real-estate", ["agency"], [])
    assert secret not in (tmp_path / "issuer" / "clients.json").read_text(encoding="utf-8")


def test_the_secret_may_come_by_basic_authentication(provider: FlaskClient, tmp_path: Path) -> None:
    secret = new_secret(tmp_path)

    given = provider.post("/token", data={"grant_type": "client_credentials"}, auth=("agency-real-estate", secret))

    assert given.status_code == 200


@pytest.mark.parametrize("secret", ["", "wrong"])
@pytest.mark.parametrize("client_id", ["agency-real-estate", "agency-unknown", ""])
def test_another_secret_or_client_is_refused(
    provider: FlaskClient, tmp_path: Path, client_id: str, secret: str
) -> None:
    new_secret(tmp_path)

    answer = provider.post("/token", data={**ASKED, "client_id": client_id, "client_secret": secret})

    assert (answer.status_code, answer.get_json()) == (401, {"error": "invalid_client"})


def test_a_new_secret_ends_the_old_one(provider: FlaskClient, tmp_path: Path) -> None:
    old = new_secret(tmp_path)
    new_secret(tmp_path)

    assert provider.post("/token", data={**ASKED, "client_secret": old}).status_code == 401
