"""The tables of teams: what is read, and what is said of what cannot be."""

from __future__ import annotations

import tomllib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.model.document import Kind
from maild.model.team import Attach, Mode, Team
from maild.rules.profiles import PROFILES
from maild.rules.relays import RELAY_PROFILES, RELAYS
from maild.rules.schema import read_teams

GOOD = """
name = "Acme BV"
vat = "BE 0123.456.749"
addresses = ["acme@post.example"]
recipients.an = { via = "relay", address = "An@kantoor.example" }
[[rules]]
name = "all"
to = ["an"]
"""


def problems_of(text: str, *, level: str = "error") -> list[str]:
    tables = {"acme": tomllib.loads(text)}
    _, problems = read_teams(tables, connectors=["relay", "backup"])
    return [str(one) for one in problems if one.level == level]


def test_a_small_team_has_defaults_for_the_rest() -> None:
    [team], problems = read_teams({"acme": tomllib.loads(GOOD)}, connectors=["relay"])
    assert problems == ()
    assert team.vat == ("BE0123456749",)
    assert team.sender == "Acme BV <acme@post.example>"
    assert (team.language, team.mode, team.time_zone) == ("en", Mode.LIVE, "Europe/Brussels")
    assert team.recipients[0].profile.name == "mailbox"
    assert team.recipients[0].address == "An@kantoor.example"
    assert team.rules[0].when == "now"


@pytest.mark.parametrize(
    ("vat", "said", "country"),
    [
        ("BE0123456749", "", "BE"),
        ("NL004495445B01", "", "NL"),
        ("BE0123456749", 'holidays = "NL"', "NL"),
        ("BE0123456749", 'holidays = "none"', ""),
        ("SE556012579001", "", ""),
    ],
)
def test_a_team_keeps_the_holidays_it_names_or_those_of_its_vat_number(
    vat: str, said: str, country: str
) -> None:
    text = f"{said}\n" + GOOD.replace("BE 0123.456.749", vat)
    [team], problems = read_teams({"acme": tomllib.loads(text)}, connectors=["relay"])
    assert [str(one) for one in problems if one.level == "error"] == []
    assert team.holidays == country


def test_every_key_of_a_rule_is_read() -> None:
    text = GOOD + (
        'kinds = ["invoice"]\nattach = "pdf"\nwhen = "daily 07:30"\nhold = true\nstop = true\n'
        'direction = "sales"\ncounterparty = "BE*"\ntotal = { from = 99.95, to = "1000.00" }\n'
        'currency = "EUR"\nlanguage = ["nl", "fr"]\nsender = ["*@acme.example"]\ntags = "invoice"\n'
        "max_age_days = 30\nmin_age_days = 0\n"
    )
    [team], problems = read_teams({"acme": tomllib.loads(text)}, connectors=["relay"])
    assert problems == ()
    [rule] = team.rules
    assert (rule.attach, rule.when, rule.hold, rule.stop) == (
        (Attach.PDF,), "daily 07:30", True, True,
    )  # fmt: skip
    asked = rule.conditions
    assert asked.kinds == {Kind.INVOICE}
    assert (asked.total_from, asked.total_to) == (Decimal("99.95"), Decimal("1000.00"))
    assert (asked.direction, asked.currency, asked.language) == ("sales", ("EUR",), ("nl", "fr"))
    assert (asked.counterparty, asked.sender) == (("BE*",), ("*@acme.example",))
    assert asked.tags == {"invoice"}
    assert (asked.max_age_days, asked.min_age_days) == (30, 0)


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        ('"Acme BV"', "7", "name", "write text in quotes, not 7"),
        ('name = "Acme BV"', "", "name", "is missing; write the company's name"),
        ('"BE 0123.456.749"', '"BE0123456748"', "vat", "ends in 48, where 49 would be right"),
        ('"BE 0123.456.749"', '"BE123"', "vat", "ten digits after BE"),
        ('"BE 0123.456.749"', '"geen"', "vat", "is no VAT number"),
        ('vat = "BE 0123.456.749"', "", "vat", "is missing"),
        ('["acme@post.example"]', '["acme"]', "addresses", '"acme" is no mail address'),
        ('["acme@post.example"]', '["a+b@post.example"]', "addresses", "leave out the +"),
        ("name = ", "nmae = 1\nname = ", "nmae", 'unknown key; did you mean "name"'),
        ("name = ", "mode = 'shado'\nname = ", "mode", 'did you mean "shadow"'),
        ("name = ", "language = 'it'\nname = ", "language", "write nl, fr, en, de"),
        ("name = ", "time_zone = 'Europe/Brusels'\nname = ", "time_zone", "Europe/Brussels"),
        ("name = ", "holidays = 'UK'\nname = ", "holidays", "is not known here"),
        ("name = ", "time_zone = '../etc'\nname = ", "time_zone", "is no time zone"),
        ("name = ", "from = 'Acme, Sales <a@b.example>'\nname = ", "from", "quotes of its own"),
        ("name = ", "from = 'Acme'\nname = ", "from", "has no mail address"),
        ("name = ", "people = ['an@x', 'a b@x']\nname = ", "people", '"a b@x" is no mail address'),
        ("name = ", "notices_via = 'relais'\nname = ", "notices_via", 'did you mean "relay"'),
        ("name = ", "branding.primary = 'red'\nname = ", "branding.primary", "is no colour"),
        ("name = ", "branding.texts.x.y = 'z'\nname = ", "branding.texts.x.y", "with a language"),
        ("name = ", "branding.texts.nl.x = 3\nname = ", "branding.texts.nl.x", "write a text"),
        ("name = ", "via = 'relais'\nname = ", "via", 'did you mean "relay"'),
        ("name = ", "reply_to = 'an'\nname = ", "reply_to", '"an" is no mail address'),
        ('"relay"', '"rely"', "recipients.an.via", 'no connector "rely"; did you mean "relay"'),
        ('via = "relay", ', "", "recipients.an.via", "is missing"),
        ('"An@kantoor.example"', '"An"', "recipients.an.address", "is no mail address"),
        ("address =", "profile = 'yuky', address =", "recipients.an.profile", '"yuki"'),
        ("address =", "adress =", "recipients.an.adress", 'did you mean "address"'),
        ('{ via = "relay", address = "An@kantoor.example" }', '"x"', "recipients.an", "a table"),
        ('to = ["an"]', 'to = ["ann"]', "rules[0].to", '"ann" is no recipient of team acme; did you'),
        ('to = ["an"]', "", "rules[0].to", "is missing"),
        ('to = ["an"]', 'to = ["an"]\nkinds = ["invoces"]', "rules[0].kinds", '"invoice"'),
        ('to = ["an"]', 'to = ["an"]\nattach = []', "rules[0].attach", "is empty"),
        ('to = ["an"]', 'to = ["an"]\nwhen = "daily 25:00"', "rules[0].when", "no time of day"),
        ('to = ["an"]', 'to = ["an"]\nhold = "yes"', "rules[0].hold", "true or false"),
        ('to = ["an"]', 'to = ["an"]\ntotal_from = "a lot"', "rules[0].total_from", "an amount"),
        ('to = ["an"]', 'to = ["an"]\ntotal_from = nan', "rules[0].total_from", "an amount"),
        ('to = ["an"]', 'to = ["an"]\ntotal = { from = 2, to = 1 }', "rules[0].total", "no total"),
        ('to = ["an"]', 'to = ["an"]\ntotal.frm = 1', "rules[0].total.frm", '"from"'),
        ('to = ["an"]', 'to = ["an"]\ntotal.to = 1\ntotal_to = 1', "rules[0].total_to", "already"),
        ('to = ["an"]', 'to = ["an"]\nmax_age_days = -1', "rules[0].max_age_days", "days such as 30"),
        ('to = ["an"]', 'to = ["an"]\nmax_age_days = 1\nmin_age_days = 2', "rules[0].min_age_days", "2"),
        ('to = ["an"]', 'to = ["an"]\ncurrency = "euro"', "rules[0].currency", 'such as "EUR"'),
        ('to = ["an"]', 'to = ["an"]\ntags = "invioce"', "rules[0].tags", '"invoice"'),
        ('to = ["an"]', 'to = ["an"]\ndirection = "in"', "rules[0].direction", "sales, purchase"),
        ('to = ["an"]', 'to = ["an"]\n[[rules]]\nname = "all"\nto = []', "rules[1].name", "two rules"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_its_key_with_what_to_do(
    old: str, new: str, key: str, said: str
) -> None:
    assert old in GOOD
    found = problems_of(GOOD.replace(old, new, 1))
    assert [one for one in found if one.startswith(f"team.acme.{key}: ") and said in one], found


def test_a_foreign_number_that_looks_wrong_is_a_warning() -> None:
    text = GOOD.replace("BE 0123.456.749", "DE123456789")
    assert problems_of(text) == []
    assert "does not look like a VAT number" in problems_of(text, level="warning")[0]


def test_a_wrong_team_does_not_keep_others_from_being_read() -> None:
    tables = {"Bad Name": tomllib.loads(GOOD), "beta": 7, "good": tomllib.loads(GOOD)}
    teams, problems = read_teams(tables, connectors=["relay"])
    assert [team.slug for team in teams] == ["good"]
    assert {one.key.split(".")[1] for one in problems} == {"Bad Name", "beta"}


def test_a_mistake_in_one_key_does_not_hide_what_is_wrong_with_the_rules() -> None:
    found = problems_of(GOOD.replace("name =", "nmae = 1\nname =", 1) + 'kinds = ["invoice"]\n')
    assert any("unknown key" in one for one in found)
    assert any("no rule says what happens with" in one for one in found)


def test_the_only_connector_need_not_be_named() -> None:
    tables = {"acme": tomllib.loads(GOOD.replace('via = "relay", ', ""))}
    [team], _ = read_teams(tables, connectors=["relay"])
    assert team.recipients[0].via == "relay"


def test_recipients_without_a_connector_take_the_teams_own() -> None:
    text = GOOD.replace("name =", "via = 'm365'\nname =", 1)
    tables = {"acme": tomllib.loads(text)}
    tables["acme"]["recipients"]["bo"] = {"address": "bo@kantoor.example"}
    [team], _ = read_teams(tables, connectors=["relay", "m365"])
    assert team.via == "m365"
    assert [one.via for one in team.recipients] == ["relay", "m365"]


def test_a_recipient_may_have_a_subject_of_its_own() -> None:
    text = GOOD.replace("address =", "profile = 'billtobox', subject = 'Verkoop', address =")
    [team], _ = read_teams({"acme": tomllib.loads(text)}, connectors=["relay"])
    assert team.recipients[0].profile.subject == "Verkoop"


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "vat", "rules", "recipients", "to", "total", "branding", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(tables=st.dictionaries(st.text(max_size=5), TREES, max_size=3))
def test_whatever_stands_in_the_tables_is_answered_with_problems(tables: dict[str, object]) -> None:
    teams, problems = read_teams(tables, connectors=["relay"])
    assert len(teams) + len({one.key for one in problems}) >= len(tables)


KINDS = {"relay": "smtp", "disk": "folder"}


def with_relay(text: str) -> tuple[list[Team], list[str]]:
    """The teams, and the errors, where one connector is a folder."""
    teams, problems = read_teams({"acme": tomllib.loads(text)}, connectors=KINDS, kinds=KINDS)
    return list(teams), [str(one) for one in problems if one.level == "error"]


def test_a_recipient_by_a_relay_has_a_place_there_and_the_relays_profile() -> None:
    text = GOOD.replace(
        "[[rules]]", 'recipients.f = { via = "disk", address = "acme/in" }\n[[rules]]'
    )
    [team], problems = with_relay(text.replace('to = ["an"]', 'to = ["an", "f"]'))
    assert problems == []
    folder = team.recipient("f")
    assert folder is not None
    assert (folder.address, folder.profile.name, folder.profile.relay) == (
        "acme/in",
        "folder",
        True,
    )
    assert team.via == "relay", "the only connector that carries mail is the team's own"


@pytest.mark.parametrize("address", ["/etc", "../up", "a/../b", ".hidden", "a//b", "", "a b"])
def test_a_place_at_a_folder_never_leads_out_of_it(address: str) -> None:
    text = GOOD.replace('via = "relay", address = "An@kantoor.example"',
                        f'via = "disk", address = "{address}"')  # fmt: skip
    assert any("a folder below the connector's own" in one for one in with_relay(text)[1])


def test_a_recipient_by_a_relay_takes_no_profile_of_a_mail_inbox() -> None:
    text = GOOD.replace('via = "relay", address = "An@kantoor.example"',
                        'via = "disk", address = "acme", profile = "yuki"')  # fmt: skip
    assert any("recipients.an.profile" in one for one in with_relay(text)[1])


@pytest.mark.parametrize("key", ["via", "notices_via"])
def test_notices_are_mails_and_go_by_no_relay(key: str) -> None:
    [problem] = with_relay(f'{key} = "disk"\n{GOOD}')[1]
    assert problem == (
        f'team.acme.{key}: "disk" carries no mail, and notices are mails; name a [connector.smtp.NAME]'
    )


def test_profiles_of_relays_and_of_inboxes_never_share_a_name() -> None:
    assert not RELAY_PROFILES.keys() & PROFILES.keys()
    assert all(one.profile.relay for one in RELAYS.values())
    assert not any(one.relay for one in PROFILES.values())
