"""The configuration that `maild init` writes: one company, its accountant, and comments that teach.

It fills in answers and asks nothing itself. What it writes starts in shadow mode, so that a person
sees what would be sent before anything is.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

# What the rules of a first configuration must speak of, in the order in which they do.
SOLD = ("invoice", "credit_note")
BOUGHT = ("purchase_invoice", "purchase_credit_note")
OURS = ("quote", "other")


@dataclass(frozen=True, slots=True)
class Answers:
    """What cannot be guessed, and what has a default. `takes` are the kinds the accountant's inbox takes."""

    company: str
    vat: str
    address: str  # where documents are mailed to: acme@post.example
    sender: str  # the address that mails come from: facturen@acme.example
    owner: str  # the address of a person of the company, who is told when something goes wrong
    accountant: str
    profile: str = "mailbox"
    takes: tuple[str, ...] = SOLD + BOUGHT + OURS
    language: str = "en"
    hostname: str = ""
    listen: str = "127.0.0.1:2525"
    relay_host: str = "127.0.0.1"
    relay_port: int = 25
    relay_tls: str = "none"


def initial_config(answers: Answers) -> str:
    """The text of a maild.toml for one company, in shadow mode."""
    slug = slug_of(answers.company)
    return "\n\n".join((_daemon(answers), _team(answers, slug), *_rules(answers, slug))) + "\n"


def slug_of(company: str) -> str:
    """The name of a team's table, such as "acme" for "Acme BV"."""
    words = re.findall(r"[a-z0-9]+", company.lower())
    legal = {"bv", "nv", "srl", "sa", "bvba", "sprl", "vof", "gmbh", "ltd", "inc"}
    kept = [word for word in words if word not in legal] or words
    return "-".join(kept)[:40].strip("-") or "company"


def _daemon(answers: Answers) -> str:
    return f"""\
# maild: every quote, invoice and credit note reaches the accountant.
# Every key with its default: config.example.toml. What rules can say: docs/rules.md.
# `maild check` reads this file and names everything that is wrong with it.

[maild]
data_dir = "state"  # the database and the documents; back it up
hostname = {_text(answers.hostname)}  # what maild calls itself in SMTP; empty: this machine's name

[smtpd]
listen = {_text(answers.listen)}  # where documents are handed in
allow = ["127.0.0.0/8", "::1/128"]  # who may hand in without a login

[connector.smtp.relay]  # the mail server that carries what goes out
host = {_text(answers.relay_host)}
port = {answers.relay_port}
tls = {_text(answers.relay_tls)}  # "starttls", "implicit", or "none" on this machine only
# username = "facturen@acme.example"
# password_file = "relay.password\""""


def _team(answers: Answers, slug: str) -> str:
    owner = "" if _one_person(answers) else _recipient("owner", answers.owner, "mailbox")
    return f"""\
[team.{slug}]
name = {_text(answers.company)}
vat = {_text(answers.vat)}  # tells sales from purchases; a list where there are more
language = {_text(answers.language)}  # nl, fr, en or de
addresses = [{_text(answers.address)}]  # with tags for a PDF alone: +invoice, +quote, +purchase ...
from = {_text(f"{_display(answers.company)} <{answers.sender}>")}
people = [{_text(answers.owner)}]  # who is told when something goes wrong
mode = "shadow"  # decides and records, sends nothing; `maild golive {slug}` ends it

[team.{slug}.recipients]
# profile: how that inbox wants its mail; docs/profiles.md has them all
{_recipient("accountant", answers.accountant, answers.profile)}{owner}""".rstrip()


def _rules(answers: Answers, slug: str) -> list[str]:
    person = "accountant" if _one_person(answers) else "owner"
    rules = [
        _rule(slug, "what we sell, to the accountant", _taken(answers, SOLD), to="accountant"),
        _rule(slug, "what we buy, to the accountant", _taken(answers, BOUGHT), to="accountant"),
        _rule(slug, "quotes, receipts and contracts to ourselves", OURS, to=person),
        _rule(slug, "kept here, sent to nobody", _not_taken(answers), to=""),
    ]
    return [rule for rule in rules if rule]


def _taken(answers: Answers, kinds: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(kind for kind in kinds if kind in answers.takes)


def _not_taken(answers: Answers) -> tuple[str, ...]:
    return tuple(kind for kind in SOLD + BOUGHT if kind not in answers.takes)


def _one_person(answers: Answers) -> bool:
    return answers.owner.lower() == answers.accountant.lower()


def _rule(slug: str, name: str, kinds: tuple[str, ...], *, to: str) -> str:
    if not kinds:
        return ""
    return f"""\
[[team.{slug}.rules]]
name = {_text(name)}
kinds = [{", ".join(_text(kind) for kind in kinds)}]
to = [{_text(to) if to else ""}]"""


def _recipient(name: str, address: str, profile: str) -> str:
    return f'{name} = {{ via = "relay", address = {_text(address)}, profile = {_text(profile)} }}\n'


def _display(company: str) -> str:
    """A company's name as a From may have it: in quotes where RFC 5322 section 3.2.3 asks for them."""
    if re.search(r'[()<>\[\]:;@\\,."]', company):
        return '"' + company.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return company


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's too, but for DEL, which JSON leaves as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
