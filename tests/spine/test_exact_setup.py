"""`maild connect exact` and `maild exact setup` as a person has them, beside the stand-in."""

from __future__ import annotations

import json
import tomllib

import pytest

from maild.simulators.exact.server import USER, ExactOnline
from tests.connectors.exact.mapping import MAPPING
from tests.spine.house import House, configured
from tests.spine.waiting import PATIENCE


@pytest.fixture
def house(house: House, exact_online: ExactOnline) -> House:
    """A house whose team has a user of Exact Online, who said yes."""
    secret = house.folder / "exact.secret"
    secret.write_text(exact_online.client.secret, encoding="utf-8")
    secret.chmod(0o600)
    account = {
        "provider": "exact",
        "team": "acme",
        "site": exact_online.url,
        "address": USER,
        "client_id": exact_online.client.id,
        "client_secret_file": str(secret),
        "redirect_uri": exact_online.client.redirect_uri,
    }
    keys = "".join(f"{key} = {json.dumps(value)}\n" for key, value in account.items())
    house.write(configured(25, more=f"\n[account.acme-exact]\n{keys}"))
    with house.talking("connect", "exact", "acme", "--json") as process:
        assert process.stdout is not None
        question = json.loads(process.stdout.readline())
        landing = exact_online.approve(question["address"])
        _, errors = process.communicate(f"{landing}\n", timeout=PATIENCE)
    assert process.returncode == 0, errors
    return house


def test_a_person_is_shown_a_mapping_to_paste(house: House, exact_online: ExactOnline) -> None:
    asked = house.maild("exact", "setup", "acme")
    assert asked.code == 2
    assert "740001  Acme BV" in asked.err
    assert "740002" not in asked.err  # blocked
    assert "maild exact setup acme --division NUMBER" in asked.err
    shown = house.maild("exact", "setup", "acme", "--division", "740001")
    assert shown.code == 0, shown.err
    pasted = tomllib.loads(shown.out)["team"]["acme"]["exact"]
    assert pasted["sales"]["journal"] == "70"
    assert pasted["sales"]["vat"]["AE domestic"] == "CC"
    assert "lines are for you to choose" in shown.err
    [found] = house.json("exact", "setup", "acme", "--division", "740001")
    assert (found["team"], found["division"], found["name"]) == ("acme", "740001", "Acme BV")
    [journal] = [
        one for one in found["lines"] if (one["table"], one["key"]) == ("sales", "journal")
    ]
    assert journal == {
        "table": "sales",
        "key": "journal",
        "value": "70",
        "reason": "Verkoopfacturen: a journal of sales",
        "sure": True,
        "others": [],
    }
    # The mapping is good enough to be checked by maild itself.
    house.write(house.config.read_text(encoding="utf-8") + "\n" + shown.out)
    checked = house.maild("check")
    assert checked.code == 0, checked.err
    # And every code of it is there; one that is not is told with its key.
    held = house.maild("exact", "check", "acme", "--division", "740001")
    assert (held.code, held.out) == (0, "every code of [team.acme.exact] is there\n")
    house.write(house.config.read_text(encoding="utf-8").replace('"70"', '"77"'))
    held = house.maild("exact", "check", "acme", "--division", "740001", "--json")
    assert (held.code, held.json()) == (
        1,
        [
            {
                "key": "team.acme.exact.sales.journal",
                "problem": 'there is no journal "77", or it is blocked',
            }
        ],
    )
    assert exact_online.offences == []


def test_who_has_no_user_of_exact_is_told_so(house: House) -> None:
    said = house.maild("exact", "setup", "acne")
    assert said.code == 67
    assert 'did you mean "acme"?' in said.err


def test_the_administration_that_a_recipient_names_need_not_be_said_again(house: House) -> None:
    text = house.config.read_text(encoding="utf-8")
    books = '{ via = "relay", address = "Acme.Verkoop@Inbox.Example", profile = "yuki" }'
    assert books in text
    text = text.replace(books, '{ via = "exact", address = "740001" }')
    text += '\n[connector.exact.exact]\naccount = "acme-exact"\n'
    house.write(text + "\n[team.acme.exact]\n" + MAPPING.replace("\n[", "\n[team.acme.exact."))
    held = house.maild("exact", "check", "acme", "--json")
    assert [one["key"] for one in held.json()] == ['team.acme.exact.sales.vat."S 5.5"']
    assert held.code == 1
