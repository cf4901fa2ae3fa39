"""`maild doctor` as a person has it: real servers, a name server of our own, an exit code."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.doctor.test_records import a_key
from tests.servers.clamd import Clamd
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.fixtures import StartPostfix
from tests.servers.names import NameServer
from tests.servers.ports import free_port
from tests.spine import papers
from tests.spine.house import House, configured
from tests.spine.mailboxes import section

Found = dict[tuple[str, str], list[dict[str, Any]]]
ZONE: dict[str, list[str] | str] = {
    "acme.example": ["v=spf1 include:spf.relay.example -all"],
    "spf.relay.example": ["v=spf1 ip4:127.0.0.1 -all"],
    "s1._domainkey.acme.example": [a_key()],
    "_dmarc.acme.example": ["v=DMARC1; p=reject"],
}
KNOWN = 'spf = "include:spf.relay.example"\ndkim_selectors = ["s1"]\n'


@pytest.fixture(autouse=True)
def zone(name_server: NameServer) -> None:
    name_server.zone = dict(ZONE)


def fresh() -> str:
    return f"m{uuid4().hex[:10]}@inbox.test"


def written(house: House, *, relay: int, resolver: int, more: str = "") -> None:
    house.write(
        configured(
            relay,
            ("[smtpd]", f'resolver = "127.0.0.1:{resolver}"\n\n[smtpd]'),
            ("[team.acme]", f"{KNOWN}\n[team.acme]"),
            more=more,
        )
    )


def examined(house: House) -> tuple[int, Found]:
    """The exit code, and the findings by area and what they are about."""
    said = house.maild("doctor", "--json")
    [shown] = said.json()
    found: Found = {}
    for one in shown["findings"]:
        found.setdefault((one["area"], one["about"]), []).append(one)
    levels = [one["level"] for ones in found.values() for one in ones]
    assert (shown["errors"], shown["warnings"]) == (levels.count("error"), levels.count("warning"))
    assert (said.code == 0) == (shown["errors"] == 0)
    assert all(one["next"] for ones in found.values() for one in ones if one["level"] != "good")
    return said.code, found


def test_a_house_in_order_has_no_error(
    house: House, start_postfix: StartPostfix, name_server: NameServer
) -> None:
    written(house, relay=start_postfix().port, resolver=name_server.port)
    code, found = examined(house)
    assert code == 0
    assert {one["level"] for one in found["dns", "acme.example"]} == {"good"}
    assert "accepted" in found["connector", "relay"][0]["said"]
    assert {"disk", "clock", "sqlite", "connector", "dns"} <= {area for area, _ in found}


def test_what_is_wrong_comes_with_what_to_do_and_an_exit_code(
    house: House, name_server: NameServer
) -> None:
    account = (
        '[account.box]\nprovider = "google"\nteam = "acme"\naddress = "a@acme.example"\n'
        'client_id = "x"\n'
    )
    written(house, relay=free_port(), resolver=name_server.port, more=account)
    del name_server.zone["s1._domainkey.acme.example"]
    name_server.zone["acme.example"] = ["v=spf1 mx -all"]
    code, found = examined(house)
    assert code == 1
    assert found["connector", "relay"][0]["level"] == "error"
    assert found["account", "box"][0]["next"] == "maild connect google acme --account box"
    records = [record for one in found["dns", "acme.example"] for record in one["records"]]
    assert 'acme.example. IN TXT "v=spf1 mx include:spf.relay.example -all"' in records
    said = house.maild("doctor").out
    assert "✕ dns acme.example: DMARC: policy reject, mail through relay is not aligned" in said
    assert said.rstrip().splitlines()[-1].startswith("3 errors, ")


def test_what_an_inbox_wants_is_told_as_a_thing_to_look_at(
    house: House, start_postfix: StartPostfix, name_server: NameServer
) -> None:
    written(house, relay=start_postfix().port, resolver=name_server.port)
    text = house.config.read_text()
    house.write(text.replace('profile = "yuki"', 'profile = "exact"'))
    _, found = examined(house)
    [hint] = found["inbox", "acme.books"]
    assert hint["level"] == "note"
    assert "facturen@acme.example" in hint["said"]
    assert "allowed senders" in hint["next"]


def test_each_mailbox_is_entered_and_its_folders_are_listed(
    house: House, start_postfix: StartPostfix, name_server: NameServer, dovecot: Dovecot
) -> None:
    address = fresh()
    with dovecot.login(address) as client:
        client.append("INBOX", papers.invoice("1"))
    shut = free_port()
    more = "".join(
        (
            section("right", dovecot, address),
            section("password", dovecot, address, password_file="wrong", folders=["A"]),
            section("clear", dovecot, address, tls="implicit", folders=["B"]),
            section("folder", dovecot, address, folders=["C", "Invoices/Old"]),
            section("shut", dovecot, address, port=shut, folders=["D"]),
            '\n[mailbox.here]\nmaildir = "nothing"\nteam = "acme"\n',
        )
    )
    (house.folder / "secret").write_text(PASSWORD)
    (house.folder / "wrong").write_text("guess")
    for name in ("secret", "wrong"):
        (house.folder / name).chmod(0o600)
    with dovecot.login(address) as client:
        client.create_folder("C")
    written(house, relay=start_postfix().port, resolver=name_server.port, more=more)
    code, found = examined(house)
    assert code == 1
    [right] = found["mailbox", "right"]
    assert (right["level"], "INBOX: 1 message" in right["said"]) == ("good", True)
    said = {name: found["mailbox", name][-1] for name in ("password", "clear", "folder", "shut")}
    assert all(one["level"] == "error" for one in said.values())
    assert "Authentication failed" in said["password"]["said"]
    assert "password_file of [mailbox.password]" in said["password"]["next"]
    assert "host, port and tls of [mailbox.clear]" in said["clear"]["next"]
    assert found["mailbox", "folder"][0]["level"] == "good"
    assert '"Invoices/Old" cannot be opened' in said["folder"]["said"]
    assert "correct folders of [mailbox.folder]" in said["folder"]["next"]
    assert "cannot be reached" in said["shut"]["said"]
    [here] = found["mailbox", "here"]
    assert (here["level"], "is no Maildir" in here["said"]) == ("error", True)
    with dovecot.login(address) as client:
        client.select_folder("INBOX", readonly=True)
        assert client.search("UNSEEN")  # nothing was marked


def test_a_mailbox_by_consent_names_the_consent(
    house: House, start_postfix: StartPostfix, name_server: NameServer, dovecot: Dovecot
) -> None:
    more = (
        '[account.box]\nprovider = "google"\nteam = "acme"\naddress = "a@acme.example"\n'
        f'client_id = "x"\n[mailbox.box]\nhost = "127.0.0.1"\nport = {dovecot.imap_port}\n'
        'tls = "none"\nauth = "xoauth2"\naccount = "box"\nteam = "acme"\n'
    )
    written(house, relay=start_postfix().port, resolver=name_server.port, more=more)
    _, found = examined(house)
    [box] = found["mailbox", "box"]
    assert (box["level"], box["next"]) == ("error", "maild connect google acme --account box")


@pytest.mark.parametrize("fail", ["closed", "open"])
def test_a_scanner_that_is_gone_or_too_small_is_told_with_what_it_means(
    house: House, start_postfix: StartPostfix, name_server: NameServer, clamd: Clamd, fail: str
) -> None:
    level = {"closed": "error", "open": "warning"}[fail]
    for port, why in ((free_port(), "see that clamd runs"), (clamd.port, "StreamMaxLength")):
        more = f'[antivirus]\nclamd = "127.0.0.1:{port}"\nfail = "{fail}"\n'
        written(house, relay=start_postfix().port, resolver=name_server.port, more=more)
        _, found = examined(house)
        [one] = found["antivirus", f"127.0.0.1:{port}"]
        assert (one["level"], why in one["said"]) == (level, True)
        assert f'antivirus.fail = "{fail}"' in one["next"]


def test_a_scanner_that_takes_the_largest_mail_is_good(
    house: House, start_postfix: StartPostfix, name_server: NameServer, clamd: Clamd
) -> None:
    written(
        house,
        relay=start_postfix().port,
        resolver=name_server.port,
        more=f'[antivirus]\nclamd = "{clamd.socket}"\n',
    )
    text = house.config.read_text()
    house.write(text.replace("[smtpd]\n", '[smtpd]\nmax_size = "900kB"\n', 1))
    code, found = examined(house)
    [one] = found["antivirus", str(clamd.socket)]
    assert (code, one["level"]) == (0, "good")
