"""Sending as the team by its own provider: consent asked for, given, used and taken back.

Postfix and Dovecot take the tokens that the provider says are good; `maild connect` is a process, as
a person has it, beside a daemon that runs.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.fixtures import StartPostfix
from tests.servers.identity import SCOPES, Identity
from tests.servers.postfix import Postfix
from tests.servers.tls import Certificates
from tests.servers.world import settings_towards
from tests.spine import papers
from tests.spine.house import House, configured
from tests.spine.post import a_mail
from tests.spine.waiting import PATIENCE

FROM = "facturen@acme.example"


@pytest.fixture
def house(
    house: House,
    mail_identity: Identity,
    start_postfix: StartPostfix,
    dovecot: Dovecot,
    certificates: Certificates,
    fresh_address: str,
) -> House:
    """A house whose relay wants the consent of the team's mailbox; the owner's is a fresh one."""
    settings = settings_towards(dovecot) | dovecot.sasl_settings
    server: Postfix = start_postfix(settings=settings)
    account = {
        "provider": "microsoft",
        "team": "acme",
        "address": FROM,
        "scopes": SCOPES.split(),
        **mail_identity.settings(),
    }
    house.write(
        configured(
            server.port,
            ('host = "127.0.0.1"\nport', 'host = "localhost"\nport'),
            (
                'tls = "none"',
                f'ca_file = "{certificates.authority}"\nauth = "xoauth2"\naccount = "acme-mail"',
            ),
            ("baas@acme.example", fresh_address),
            more="\n[account.acme-mail]\n"
            + "".join(f"{key} = {json.dumps(value)}\n" for key, value in account.items()),
        )
    )
    return house


class Asking:
    """`maild connect` as a process that waits for its answer."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.question: dict[str, Any] = json.loads(process.stdout.readline())  # type: ignore[union-attr]  # it is a pipe

    def answer(self, line: str = "") -> dict[str, Any]:
        """Type a line, and what it says then."""
        out, errors = self._process.communicate(line, timeout=PATIENCE)
        assert out, errors
        said: dict[str, Any] = json.loads(out)
        return said | {"code": self._process.returncode}


@contextlib.contextmanager
def asking(house: House, *options: str) -> Iterator[Asking]:
    """`maild connect microsoft acme`, up to its question; ended with the block."""
    with house.talking("connect", "microsoft", "acme", "--json", *options) as process:
        try:
            yield Asking(process)
        finally:
            process.kill()


def test_a_team_gives_its_consent_takes_it_back_and_gives_it_again(
    house: House, mail_identity: Identity, dovecot: Dovecot, fresh_address: str
) -> None:
    with house.running() as daemon:
        assert daemon.hand_in(a_mail(("a.xml", papers.quote("2026-001")))).code == 250
        assert "maild connect microsoft acme" in daemon.wait_for("connector.paused")["reply"]
        [account] = house.status()["accounts"]
        assert account["state"] == "needs_consent"
        assert account["trouble"] == "nobody gave the consent yet"
        assert "needs consent" in house.maild("status").err

        with asking(house, "--paste") as person:
            said = person.answer(mail_identity.approve(person.question["address"], FROM) + "\n")
        assert said["code"] == 0
        assert said["connectors"] == [{"connector": "relay", "trouble": None}]
        # It need not wait for the end of the connector's rest, which is half a minute at least.
        dovecot.wait_for_mails(fresh_address, 1)
        house.settled("2026-001", "handed_over")
        assert house.status()["accounts"][0]["state"] == "good"
    mail_identity.revoke(FROM)
    with house.running() as daemon:  # anew, since a connection that is kept needs no login
        assert daemon.hand_in(a_mail(("b.xml", papers.quote("2026-002")))).code == 250
        assert "AADSTS50173" in daemon.wait_for("account.needs_consent")["reason"]
        assert house.status()["accounts"][0]["state"] == "needs_consent"

        mail_identity.device_interval = 1
        with asking(house, "--device") as person:
            mail_identity.approve_device(person.question["code"], FROM)
            said = person.answer()
        assert said["code"] == 0
        dovecot.wait_for_mails(fresh_address, 2)
    assert mail_identity.complaints == []
    held = b"".join(path.read_bytes() for path in (house.folder / "state").glob("maild.db*"))
    log = (house.folder / "daemon.log").read_bytes()
    for secret in mail_identity.secrets():
        assert secret.encode() not in held + log


def test_the_consent_of_another_mailbox_is_told_at_once(
    house: House, mail_identity: Identity
) -> None:
    with asking(house, "--paste") as person:
        pasted = mail_identity.approve(person.question["address"], "baas@acme.example")
        said = person.answer(pasted + "\n")
    assert said["code"] == 69
    assert "does not take the consent of facturen@acme.example" in said["connectors"][0]["trouble"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("google", "acme"), 'has no [account.NAME] with provider = "google" and team = "acme"'),
        (("microsoft", "acne"), 'there is no team "acne"; did you mean "acme"?'),
        (("microsoft", "acme", "--account", "acme-mial"), 'did you mean "acme-mail"?'),
        (("microsoft", "acme", "--paste", "--device"), "are two ways; choose one"),
    ],
    ids=["no account", "no team", "no such account", "two ways"],
)
def test_whom_to_ask_must_be_known(house: House, arguments: tuple[str, ...], told: str) -> None:
    said = house.maild("connect", *arguments)
    assert said.code != 0
    assert told in said.err
