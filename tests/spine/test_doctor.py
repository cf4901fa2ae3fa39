"""`maild doctor` as a person has it: real servers, a name server of our own, an exit code."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doctor.test_records import a_key
from tests.servers.fixtures import StartPostfix
from tests.servers.names import NameServer
from tests.servers.ports import free_port
from tests.spine.house import House, configured

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
