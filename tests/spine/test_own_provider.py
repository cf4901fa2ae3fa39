"""Several ways out: a team's own provider for what names no other, and another where it is named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.spine import papers
from tests.spine.conftest import Running
from tests.spine.house import ACCOUNTANT, BOOKS, House
from tests.spine.post import a_mail
from tests.spine.sinks import Sink


@pytest.fixture
def own() -> Iterator[Sink]:
    """The team's own provider."""
    one = Sink()
    one.start()
    yield one
    one.stop()


def test_a_teams_mail_leaves_by_its_own_provider_and_answers_go_where_it_wants(
    house: House, run: Running, sink: Sink, own: Sink
) -> None:
    connector = f"""
[connector.smtp.own]
host = "127.0.0.1"
port = {own.port}
tls = "none"
from_domains = ["acme.example"]

[team.acme]
via = "own"
reply_to = ["vragen@acme.example"]
"""
    daemon = run(
        ("[team.acme]\n", connector), ('accountant = { via = "relay", ', "accountant = { ")
    )
    assert daemon.hand_in(a_mail(("a.xml", papers.invoice("2026-001")))).code == 250
    shown = house.settled("2026-001", "handed_over", "handed_over")
    assert {one["recipient"]: one["connector"] for one in shown["deliveries"]} == {
        "accountant": "own",
        "books": "relay",
    }
    [mail] = own.to(ACCOUNTANT)
    assert mail["From"] == "Acme BV <facturen@acme.example>"
    assert mail["Reply-To"] == "vragen@acme.example"
    assert [one.sender for one in own.mails] == ["facturen@acme.example"]
    assert [one.recipients for one in sink.mails] == [(BOOKS,)]
