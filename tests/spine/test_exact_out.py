"""Into Exact Online, as a team has it: consent, an entry with its files, refusals, a killed daemon."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from maild.simulators.exact.server import USER, ExactOnline
from tests.connectors.exact.mapping import MAPPING
from tests.spine import papers
from tests.spine.conftest import Running
from tests.spine.house import QUICK, House
from tests.spine.post import a_mail
from tests.spine.waiting import PATIENCE, until


def changes(exact: ExactOnline) -> tuple[tuple[str, str], ...]:
    """What the configuration has more: an account, a connector, a recipient, the mapping."""
    account = {
        "provider": "exact",
        "team": "acme",
        "address": USER,
        "site": exact.url,
        "client_id": exact.client.id,
        "client_secret_file": "exact.secret",
        "redirect_uri": exact.client.redirect_uri,
    }
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in account.items())
    account_and_connector = (
        f"[account.acme-exact]\n{lines}\n"
        '[connector.exact.exact]\naccount = "acme-exact"\n\n[team.acme]'
    )
    mapping = MAPPING.replace("\n[", "\n[team.acme.exact.")
    return (
        ("[team.acme]", account_and_connector),
        ("[team.acme.recipients]", f"[team.acme.exact]\n{mapping}\n[team.acme.recipients]"),
        (
            '{ via = "relay", address = "Acme.Verkoop@Inbox.Example", profile = "yuki" }',
            f'{{ via = "exact", address = "{exact.division}" }}',
        ),
        ('to = ["accountant", "books"]', 'to = ["books"]'),
    )


@pytest.fixture
def exact(house: House, exact_online: ExactOnline) -> Iterator[ExactOnline]:
    """Exact Online, and its secret in the house; at the end nothing was done that it would punish."""
    secret = house.folder / "exact.secret"
    secret.write_text(exact_online.client.secret, encoding="utf-8")
    secret.chmod(0o600)
    yield exact_online
    assert exact_online.offences == []


def connect(house: House, exact: ExactOnline) -> dict[str, Any]:
    """`maild connect exact acme`, up to what it says at the end."""
    with house.talking("connect", "exact", "acme", "--json") as process:
        try:
            assert process.stdout is not None
            question = json.loads(process.stdout.readline())
            pasted = exact.approve(question["address"])
            out, errors = process.communicate(pasted + "\n", timeout=PATIENCE)
        finally:
            process.kill()
    assert out, errors
    said: dict[str, Any] = json.loads(out)
    return said


def booked(exact: ExactOnline) -> list[str]:
    """The references of the entries."""
    return sorted(str(row["YourRef"]) for row in exact.rows("salesentry/SalesEntries"))


def test_an_invoice_waits_for_the_consent_and_is_booked_with_its_files(
    house: House, run: Running, exact: ExactOnline
) -> None:
    daemon = run(*changes(exact), more=QUICK)
    assert daemon.hand_in(a_mail(("i.xml", papers.invoice("2026-7")))).code == 250
    assert "maild connect exact acme" in daemon.wait_for("connector.paused")["reply"]
    said = connect(house, exact)
    assert said["connectors"] == [{"connector": "exact", "trouble": None}]
    document = house.settled("2026-7", "handed_over")
    assert booked(exact) == ["2026-7"]
    files = {row["FileName"] for row in exact.rows("documents/DocumentAttachments")}
    assert files == {"factuur-2026-7.pdf", "factuur-2026-7.xml"}
    [proof] = house.json("documents", "proof", document["id"])
    assert proof["deliveries"][0]["reply"].startswith("entry ")
    [shown] = house.maild("doctor", "--json").json()
    [finding] = [one for one in shown["findings"] if one["about"] == "exact"]
    assert (finding["level"], exact.url in finding["said"]) == ("good", True)


def test_a_refusal_is_final_and_told_and_a_division_that_is_shut_is_shown(
    house: House, run: Running, exact: ExactOnline
) -> None:
    daemon = run(*changes(exact), more=QUICK)
    connect(house, exact)
    for row in exact.rows("financial/GLAccounts"):
        row["IsBlocked"] = True
    assert daemon.hand_in(a_mail(("i.xml", papers.invoice("2026-8")))).code == 250
    house.settled("2026-8", "failed")
    failed = daemon.wait_for("delivery.failed")
    assert failed["reply"].startswith("Exact Online refused salesentry/SalesEntries: ")
    assert "(blocked)" in failed["reply"]
    assert exact.counters["POST salesentry/SalesEntries"] == 1
    exact.book().blocked = True
    assert daemon.hand_in(a_mail(("i.xml", papers.invoice("2026-9")))).code == 250
    until(lambda: bool(house.status()["paused"]), explain=daemon.log)
    [rest] = house.status()["paused"]
    assert rest["connector"] == f"exact, division {exact.division}"
    assert "is blocked there; unblock it in Exact Online" in rest["reason"]
    assert booked(exact) == []


def test_a_killed_daemon_books_what_was_under_way_once(
    house: House, run: Running, exact: ExactOnline
) -> None:
    daemon = run(*changes(exact), more=QUICK)
    connect(house, exact)
    numbers = [f"2026-{number}" for number in range(4)]
    for number in numbers:
        assert daemon.hand_in(a_mail(("i.xml", papers.invoice(number)))).code == 250
    until(lambda: "POST documents/Documents" in exact.counters, explain=daemon.log)
    daemon.kill()
    with house.running():
        for number in numbers:
            house.settled(number, "handed_over")
    assert booked(exact) == numbers
    assert len(exact.rows("documents/Documents")) == 4
    assert len(exact.rows("documents/DocumentAttachments")) == 8
    assert len(exact.rows("crm/Accounts")) == 1
