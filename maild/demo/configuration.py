"""Writes the configuration that the demo lives by: the whole, and one file of each team.

A team's file is left alone once it is there: its people change it on the pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from maild.demo.world import COMPANIES, OPERATOR, OTHER_PARTNER, OWNER, PARTNER, Company

DIVISION: Final = 740001  # Acme's administration at Exact Online (simulators/exact/sample.toml)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the outside world of a demo is: ports on loopback, addresses, and how it knows maild."""

    relay: int
    web: int
    exact: str = "http://127.0.0.1:1"
    codabox: str = "http://127.0.0.1:1/v2/"
    exact_user: str = PARTNER
    exact_client: str = "demo"
    exact_secret: str = "demo"  # noqa: S105 - of a stand-in
    redirect_uri: str = "http://127.0.0.1:1/consent"
    software_company: str = "demo"


def write(folder: Path, around: Surroundings) -> Path:
    """Write everything below `folder`; the path of the configuration."""
    config, teams = folder / "maild.toml", folder / "state" / "teams.d"
    teams.mkdir(parents=True, exist_ok=True)
    secret = folder / "exact.secret"
    secret.write_text(around.exact_secret, encoding="utf-8")
    secret.chmod(0o600)
    config.write_text(_HEAD.format(around=around, operator=OPERATOR), encoding="utf-8")
    for one in COMPANIES:
        path = teams / f"{one.slug}.toml"
        if not path.exists():
            path.write_text(_team(one), encoding="utf-8")
    return config


def _team(one: Company) -> str:
    owner = OWNER if one.slug == "acme" else f"info@{one.slug}.example"
    office = OTHER_PARTNER if one.slug == "dubois" else PARTNER
    road, more = _ROADS.get(one.slug, (_BY_MAIL, ""))
    books = road.format(one=one, vat=f"BE{one.number}", division=DIVISION)
    both = '"accountant", "books"'
    bought = both if one.slug == "acme" else '"accountant"'
    return _TEAM.format(
        one=one,
        owner=owner,
        office=office,
        vat=f"BE{one.number}",
        books=books,
        sold=both,
        bought=bought,
        more=more,
    )


_HEAD: Final = """\
# The demo's configuration; its three companies are in state/teams.d.
[maild]
data_dir = "state"
hostname = "post.example"

[smtpd]
listen = "127.0.0.1:0"
allow = ["127.0.0.0/8"]

# Stand-ins of this machine: the mail of the outside world, Exact Online, and CodaBox.
[account.acme-exact]
provider = "exact"
team = "acme"
address = "{around.exact_user}"
site = "{around.exact}"
client_id = "{around.exact_client}"
client_secret_file = "exact.secret"
redirect_uri = "{around.redirect_uri}"

[connector.smtp.relay]
host = "127.0.0.1"
port = {around.relay}
tls = "none"
return_path = "verp"

[connector.exact.exact]
account = "acme-exact"

[connector.codabox.codabox]
url = "{around.codabox}"
software_company = "{around.software_company}"

[connector.codabox.codabox.send]
path = "invoices/sales/"
error = "/detail"
id = "/id"
parts = [{{ name = "file", content = "ubl" }}, {{ name = "pdf", content = "pdf" }}]
duplicate = [{{ status = 409, at = "/code", contains = "duplicate" }}]

[web]
listen = "127.0.0.1:{around.web}"
operators = ["{operator}"]
via = "relay"
from = "maild <portal@post.example>"
# Whoever looks around has no passkey yet; outside of a demo a second factor is asked for.
second_factor = "optional"
"""
_BY_MAIL: Final = (
    '{{ via = "relay", address = "{one.slug}.verkoop@inbox.example", profile = "yuki" }}'
)
_BY_CODABOX: Final = '{{ via = "codabox", address = "{vat}" }}'
_BY_EXACT: Final = '{{ via = "exact", address = "{division}" }}'
_MAPPING: Final = """
# How documents are booked at Exact Online: `maild exact setup acme` proposes such tables.
[team.acme.exact]
rounding_account = "657000"
payment_conditions = { "30" = "30" }

[team.acme.exact.sales]
journal = "70"
credit_note_journal = "71"
account = "704000"
[team.acme.exact.sales.vat]
"S 21" = "1"
"S 6" = "3"

[team.acme.exact.purchases]
journal = "60"
account = "612000"
[team.acme.exact.purchases.vat]
"S 21" = "P1"
"S 6" = "P3"
"""
# By company: how its books are reached, and what its file has besides.
_ROADS: Final = {"acme": (_BY_EXACT, _MAPPING), "northsea": (_BY_CODABOX, "")}
_TEAM: Final = """\
[team.{one.slug}]
name = "{one.name}"
vat = "{vat}"
language = "{one.language}"
addresses = ["{one.slug}@post.example"]
from = "{one.name} <facturen@{one.slug}.example>"
via = "relay"
people = ["{owner}"]

[team.{one.slug}.recipients]
accountant = {{ via = "relay", address = "{office}", profile = "mailbox" }}
books      = {books}
owner      = {{ via = "relay", address = "{owner}", profile = "mailbox" }}

[[team.{one.slug}.rules]]
name = "invoices and credit notes to the accountant and into the books"
kinds = ["invoice", "credit_note"]
to = [{sold}]

[[team.{one.slug}.rules]]
name = "quotes to the owner"
kinds = ["quote"]
to = ["owner"]

[[team.{one.slug}.rules]]
name = "what we buy"
kinds = ["purchase_invoice", "purchase_credit_note"]
to = [{bought}]

[[team.{one.slug}.rules]]
name = "other papers to the accountant"
kinds = ["other"]
to = ["accountant"]

[[team.{one.slug}.exports]]
name = "monthly"
to = ["accountant"]
when = "month 07:00"
{more}"""
