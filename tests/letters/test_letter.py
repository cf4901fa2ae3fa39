"""What letters and notices say, in every language, and what foreign values cannot do to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest

from maild.model.delivery import Letter, Purpose
from maild.model.document import Counterparty, Kind
from maild.model.money import Amount
from maild.model.party import Party
from maild.model.team import Branding, Team
from maild.render.fields import LANGUAGES, clean, language_of, money
from maild.render.letter import letter, problems
from maild.render.notice import notice
from maild.render.templates import phrases
from tests.letters.builders import NOW, a_bill, a_document, a_recipient, a_team, eur

Golden = Callable[[str, str], None]
FILES = ("factuur-2026-0412.pdf", "factuur-2026-0412.xml")
REFUSALS = [
    {
        "at": NOW - timedelta(minutes=hour),
        "sender": "programma@klant.example",
        "subject": "Factuur 12",
        "message": "there is no document in this mail; send a UBL, or a PDF to acme+invoice@",
    }
    for hour in range(2)
]
NOTICES: dict[str, dict[str, Any]] = {
    "same_number": {"document": "d-2", "earlier": "d-1", "total": eur("99.10"), "arrived_at": NOW},
    "no_rule": {"document": "d-2", "kind": Kind.OTHER},
    "held": {
        "document": "d-2",
        "delivery": "v-9",
        "reason": "the XML inside says 121.00 EUR, and the pages do not show it",
    },
    "unknown_sender": {
        "document": "d-2",
        "delivery": "v-9",
        "sender": "iemand@elders.example",
        "reason": "(why, and what to do)",
    },
    "delivery_delayed": {
        "delivery": "v-9",
        "document": "d-2",
        "recipient": "accountant",
        "address": "an@kantoor.example",
        "reply": "451 4.7.1 greylisted",
        "until": NOW,
    },
    "deliveries_delayed": {
        "count": 2,
        "connector": "exact",
        "delivery": "v-9",
        "reason": "the 5000 calls that Exact Online allows a day are used",
        "until": NOW,
        "late": ((a_document(), "books"), (a_document(number=None), "books")),
    },
    "delivery_failed": {
        "delivery": "v-9",
        "document": "d-2",
        "recipient": "accountant",
        "address": "an@kantoor.example",
        "reply": "550 5.1.1 <an@kantoor.example>: no such user",
    },
    "delivery_returned": {
        "delivery": "v-9",
        "document": "d-2",
        "recipient": "accountant",
        "address": "an@kantoor.example",
        "reply": "552 5.2.2 <an@kantoor.example>: mailbox full",
        "reason": "(the reason, in the team's language)",
    },
    "address_stopped": {"delivery": "v-9", "address": "an@kantoor.example"},
    "refused_digest": {"refusals": REFUSALS},
}


def a_letter(
    kind: Kind = Kind.INVOICE,
    *,
    language: str = "nl",
    purpose: Purpose = Purpose.DOCUMENT,
    team: Team | None = None,
    **document: Any,
) -> Letter:
    return letter(
        a_document(kind, **document),
        team=team or a_team(),
        recipient=a_recipient(language=language),
        purpose=purpose,
        attached=FILES,
    )


def shown(found: Letter) -> str:
    return f"Subject: {found.subject}\n\n{found.text}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", Kind)
def test_a_letter_says_what_it_brings(kind: Kind, language: str, golden: Golden) -> None:
    golden(f"{language}/{kind}.txt", shown(a_letter(kind, language=language)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_correction_says_that_it_replaces_what_came_before(language: str, golden: Golden) -> None:
    found = a_letter(language=language, purpose=Purpose.CORRECTION)
    golden(f"{language}/correction.txt", shown(found))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", NOTICES)
def test_a_notice_says_what_happened_and_what_to_do(
    kind: str, language: str, golden: Golden
) -> None:
    facts = {"kind": Kind.INVOICE, "number": "12", "counterparty": "Bakkerij Peeters"}
    found = notice(kind, language=language, team=a_team(), facts=facts | NOTICES[kind])
    golden(f"{language}/notice_{kind}.txt", shown(found))


def test_the_html_of_a_letter_is_as_it_was_looked_at(golden: Golden) -> None:
    golden("nl/invoice.html", a_letter().html or "")


def test_every_language_says_the_same_things() -> None:
    def keys(table: Mapping[str, Any], path: str = "") -> set[str]:
        found = set()
        for name, value in table.items():
            here = f"{path}.{name}"
            found |= keys(value, here) if isinstance(value, Mapping) else {here}
        return found

    for language in LANGUAGES:
        assert keys(phrases(language)) == keys(phrases("en")), language


def test_a_recipient_reads_his_own_language_and_else_the_team_s() -> None:
    assert a_letter(language="fr").subject.startswith("Facture")
    team = a_team(language="de")
    own = letter(
        a_document(), team=team, recipient=a_recipient(), purpose=Purpose.DOCUMENT, attached=FILES
    )
    assert own.subject.startswith("Rechnung")


@pytest.mark.parametrize(
    ("code", "language"),
    [("nl", "nl"), ("NL-be", "nl"), ("fr_BE", "fr"), ("es", "en"), ("", "en"), (None, "en")],
)
def test_language_codes_of_all_forms_are_understood(code: str | None, language: str) -> None:
    assert language_of(code) == language


def test_a_letter_without_figures_claims_none() -> None:
    found = a_letter(Kind.OTHER, number=None, counterparty=Counterparty())
    assert "None" not in found.text
    assert "Totaal" not in found.text


def test_what_is_still_due_is_said_only_where_it_differs() -> None:
    assert "Te betalen" not in a_letter().text
    bill = a_bill()
    paid = a_letter(total=eur("2000.00"), bill=bill)
    assert "€\xa02.000,00" in paid.text
    assert "Te betalen" in paid.text


# --- foreign values


class Tags(HTMLParser):
    """Collects the elements and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.tags += [f"{tag}.{name}" for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</style></title><a href='javascript:1'>x</a>",
        "{{ 7*7 }}{% for x in range(9) %}{% endfor %}",
        "&lt;b&gt; & Söhne",
    ],
)
def test_a_hostile_name_is_only_text_in_a_letter(name: str) -> None:
    page = Tags(a_letter(bill=a_bill(buyer=Party(name=name))).html or "")
    assert set(page.tags) == set(Tags(a_letter().html or "").tags)
    assert name in " ".join("".join(page.words).split())


@pytest.mark.parametrize(
    "name",
    [
        "Klant\r\nBcc: everyone@example.com",
        "Klant\n\nDear accountant, pay to BE00",
        "Klant\x00\x1b[31m\u2028\u2029\x85X",
        "Klant\u202eVB emcA\u202c",
        "Klant\ud800X",
    ],
)
def test_no_name_breaks_a_line_or_turns_the_text_around(name: str) -> None:
    found = a_letter(bill=a_bill(buyer=Party(name=name)), number=f"12{name}")
    assert found.subject.isprintable()
    honest = a_letter(bill=a_bill(buyer=Party(name="Klant"))).text
    assert {line.split(":")[0] for line in found.text.splitlines()} & {
        "Bcc",
        "Dear accountant",
    } == set()
    assert abs(len(found.text.splitlines()) - len(honest.splitlines())) <= 2
    assert all(one.isprintable() or one in "\n\xa0\u202f" for one in found.text)


def test_a_name_of_400_characters_is_cut_and_leaves_the_letter_whole() -> None:
    found = a_letter(bill=a_bill(buyer=Party(name="Ab" * 200)))
    assert len(found.subject) <= 200
    assert "…" in found.subject
    assert "€\xa01.234,50" in found.text
    assert found.text.endswith("Acme BV\n")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (eur("1234.5"), "€\xa01.234,50"),
        (eur("0.125"), "€\xa00,125"),
        (Amount(Decimal(1500), "JPY"), "JP¥\xa01.500"),
        (eur("-12.00"), "€\xa0-12,00"),
        (Amount(Decimal("1E+999999"), "EUR"), "1E+999999 EUR"),
        (Amount(Decimal(5), "<b>"), "<b>\xa05,00"),
        (None, ""),
    ],
)
def test_amounts_are_written_in_full_and_never_without_end(
    amount: Amount | None, text: str
) -> None:
    assert money(amount, "nl") == text


def test_text_that_holds_words_together_is_kept_and_the_rest_goes() -> None:
    assert clean("a\u200db \u200b c\u00a0d\ufeff") == "a\u200db c d"


# --- machine inboxes


def to_a_machine(profile: str, kind: Kind = Kind.INVOICE, **document: Any) -> Letter:
    return letter(
        a_document(kind, **document),
        team=a_team(),
        recipient=a_recipient(profile=profile),
        purpose=Purpose.DOCUMENT,
        attached=FILES,
    )


def test_a_machine_inbox_gets_its_own_subject_and_hardly_a_text() -> None:
    found = to_a_machine("basecone")
    assert found == Letter(subject="[VRK] 2026-0412", text="\n".join(FILES) + "\n", html=None)
    assert to_a_machine("basecone", Kind.PURCHASE_INVOICE).subject == "[INK] 2026-0412"
    assert to_a_machine("yuki").subject == "factuur 2026-0412"


def test_a_number_cannot_bring_tags_into_a_machine_s_subject() -> None:
    assert to_a_machine("basecone", number="[INK] [* paid *]").subject == "[VRK] (INK) (* paid *)"


# --- a team's own words


def a_branded_team(**texts: str) -> Team:
    keyed = tuple((f"nl.invoice.{name}", text) for name, text in texts.items())
    return a_team(branding=Branding(texts=keyed))


def test_a_team_puts_its_own_words_over_ours() -> None:
    team = a_branded_team(
        subject="Uw factuur {{ number }} ({{ total }})",
        greeting="Dag {{ buyer }},",
        text="Hierbij {{ kind }} {{ number }}.\n\nTot {{ due_on }} kan u betalen.",
        ending="Groetjes!",
    )
    found = a_letter(team=team)
    assert found.subject == "Uw factuur 2026-0412 (€ 1.234,50)"
    assert found.text.startswith(
        "Dag Bakkerij Peeters & Zonen,\n\nHierbij factuur 2026-0412.\n\nTot 31"
    )
    assert "Groetjes!" in found.text
    assert "Vragen?" not in found.text
    assert a_letter(language="fr", team=team).subject.startswith("Facture")


def test_a_team_s_text_is_no_html() -> None:
    team = a_branded_team(text="<b>Let op</b> {{ seller }}")
    assert "&lt;b&gt;Let op&lt;/b&gt;" in (a_letter(team=team).html or "")


def test_a_wrong_text_is_named_and_never_holds_a_letter_up() -> None:
    team = a_branded_team(subject="Factuur {{ nummer }}", text="{{ total", ending="ok {{ seller }}")
    first, second = problems(team)
    assert first.startswith(
        'branding.texts.nl.invoice.subject: there is no field "nummer"; there are '
    )
    assert second.startswith("branding.texts.nl.invoice.text: the text cannot be read: ")
    assert a_letter(team=team).subject == a_letter().subject


def test_a_text_under_a_wrong_key_is_named_with_the_right_one() -> None:
    texts = (("nl.invoice.subjct", "x"), ("nl.factuur.text", "x"), ("nl.invoice.terms", "{{ x }}"))
    first, second = problems(a_team(branding=Branding(texts=texts)))
    assert first.startswith("branding.texts.nl.invoice.subjct: a key is LANGUAGE.KIND.NAME")
    assert first.endswith('; did you mean "nl.invoice.subject"?')
    assert second.startswith("branding.texts.nl.factuur.text: ")


def test_a_wrong_subject_of_a_recipient_is_named() -> None:
    machine = a_recipient(name="c", profile="billtobox")
    profile = replace(machine.profile, subject="{{ nope }}")
    team = a_team(recipients=(a_recipient(), replace(machine, profile=profile)))
    assert problems(team)[0].startswith('recipients.c.subject: there is no field "nope"')


def test_a_colour_that_is_none_never_reaches_the_page() -> None:
    team = a_team(branding=Branding(primary="red;background:url(//x)"))
    assert "url(" not in (a_letter(team=team).html or "")


def test_questions_are_invited_only_where_a_person_reads_the_reply() -> None:
    door = {"sender": "Acme <Acme@post.example>"}
    assert "Vragen?" in a_letter().text
    assert "Vragen?" not in a_letter(team=a_team(**door)).text
    assert "Vragen?" in a_letter(team=a_team(**door, people=("baas@acme.example",))).text


# --- notices


def test_a_step_whose_fact_is_missing_is_left_out() -> None:
    found = notice(
        "delivery_failed", language="en", team=a_team(), facts={"address": "a@b.example"}
    )
    assert "maild queue" not in found.text
    assert "None" not in found.text


def test_a_digest_lists_fifty_and_counts_the_rest() -> None:
    found = notice(
        "refused_digest",
        language="en",
        team=a_team(),
        facts={"refusals": REFUSALS * 40, "count": 300},
    )
    assert found.subject == "300 mails for Acme BV refused"
    assert found.text.count("programma@klant.example") == 50
    assert "And 250 more." in found.text
