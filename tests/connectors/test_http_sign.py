"""Calls that are signed: whoever has the secret can tell that a body is ours, whole and of now."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from maild.config.http_map import HttpConnector
from maild.connectors.http_sign import signature
from maild.errors import Unavailable
from tests.connectors.conftest import Crossing
from tests.connectors.goods import a_relay_parcel
from tests.connectors.office import Office

JSON = {"body": "json", "template": '{"id": "{reference}", "ubl": "{ubl}"}'}


@pytest.fixture
def office() -> Iterator[Office]:
    one = Office()
    one.listener.start()
    yield one
    one.listener.stop()


def test_the_example_of_the_standard_gives_its_signature() -> None:
    # standard-webhooks/spec, the vector of its reference libraries.
    headers = signature(
        b'{"test": 2432232314}',
        secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        called="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=1614265330,
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_call_can_be_verified_by_whoever_has_the_secret(
    office: Office, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret of twenty-four\n", "utf-8")
    connector = office.connector(sign_file=secret, send=JSON)
    await connector.deliver(a_relay_parcel(), point_of_no_return=Crossing())
    asked = office.asked[-1]
    named = {name.lower(): value for name, value in asked.headers.items()}
    assert abs(int(named["webhook-timestamp"]) - time.time()) < 60
    signed = f"{named['webhook-id']}.{named['webhook-timestamp']}.".encode() + asked.body
    digest = hmac.new(b"a secret of twenty-four", signed, hashlib.sha256).digest()
    assert named["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


@pytest.mark.parametrize("secret", ["", "whsec_not base64"])
async def test_a_secret_that_is_none_keeps_everything_waiting(
    office: Office, tmp_path: Path, secret: str
) -> None:
    path = tmp_path / "secret"
    path.write_text(secret, "utf-8")
    connector = office.connector(sign_file=path, send=JSON)
    with pytest.raises(Unavailable, match="sign_file"):
        await connector.deliver(a_relay_parcel(), point_of_no_return=Crossing())
    assert office.kept == []


def test_a_body_of_many_parts_cannot_be_signed() -> None:
    with pytest.raises(ValidationError, match="sign_file signs a body that is one piece"):
        HttpConnector.model_validate(
            {"url": "https://x.example/", "sign_file": "s", "send": {"path": "x"}}
        )
