"""Which domains are sent as, and what the servers behind the connectors are known to need."""

from __future__ import annotations

from maild.config.settings import Account, SmtpConnector
from maild.doctor.sender import sendings
from tests.builders_rules import a_recipient, a_team

ACCOUNT = Account(provider="google", team="acme", address="facturen@acme.example", client_id="x")
CONNECTORS = {
    "m365": SmtpConnector(host="SMTP.office365.com"),
    "box": SmtpConnector(host="mail.example", auth="xoauth2", account="mail"),
    "relay": SmtpConnector(host="smtp.example", spf="include:spf.example", dkim_selectors=("k1",)),
    "idle": SmtpConnector(host="smtp.gmail.com"),
}
ENVELOPES = {"relay": "bounces@post.relay.example", "box": ""}


def test_a_domain_is_sent_as_through_every_connector_of_its_teams() -> None:
    teams = [
        a_team(recipients=(a_recipient("an", via="m365"), a_recipient("bo", via="relay"))),
        a_team(slug="other", sender="Other <b@ACME.example>", via="box"),
        a_team(slug="third", sender="Boeken <c@bücher.example>", notices_via="relay"),
    ]
    acme, third = sendings(teams, CONNECTORS, accounts={"mail": ACCOUNT}, envelopes=ENVELOPES)
    assert (acme.domain, acme.teams) == ("acme.example", ("acme", "other"))
    needs = {one.connector: (one.spf, one.selectors) for one in acme.through}
    assert needs == {
        "m365": ("include:spf.protection.outlook.com", ("selector1", "selector2")),
        "relay": ("include:spf.example", ("k1",)),
        "box": ("include:_spf.google.com", ("google",)),
    }
    assert {one.connector: one.envelope for one in acme.through} == {
        "m365": "",
        "relay": "post.relay.example",
        "box": "",
    }
    assert third.domain == "xn--bcher-kva.example"
    assert [one.connector for one in third.through] == ["relay"]


def test_a_team_whose_mail_nobody_carries_sends_as_nothing() -> None:
    assert sendings([a_team()], CONNECTORS, accounts={}, envelopes={}) == ()
