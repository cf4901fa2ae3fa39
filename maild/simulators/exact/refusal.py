"""How Exact Online says no: a status, and words in the user's language in a JSON envelope."""

from __future__ import annotations

import json
from typing import Final

from maild.simulators.exact.switches import Language
from maild.simulators.http_wire import Answer

JSON: Final = "application/json; charset=utf-8"

# What the words of the business rules are called in the languages that a user may have.
_WORDS: Final = {
    "mandatory": ("Verplicht: {}", "Mandatory: {}", "Obligatoire: {}"),
    "reference": ("Ongeldige referentie: {}", "Invalid reference: {}", "Référence incorrecte: {}"),
    "invalid": ("Ongeldig: {}", "Invalid: {}", "Incorrect: {}"),
    "exists": ("Bestaat reeds: {}", "Already exists: {}", "Existe déjà: {}"),
    "period": ("Periode is afgesloten: {}", "Period is closed: {}", "Période clôturée: {}"),
    "year": (
        "Onbekend: Boekjaar (Periode-datumtabel): {}",
        "Unknown: Financial year (Period-date table): {}",
        "Inconnu: Exercice (table des périodes): {}",
    ),
    "balance": (
        "Niet in evenwicht - Verschil: {}",
        "Out of balance - Difference: {}",
        "Déséquilibre - Différence: {}",
    ),
    "used": (
        "Kan niet verwijderen: {} - Gebruikt in: {}",
        "Can't delete: {} - Used in: {}",
        "Suppression impossible: {} - Utilisé dans: {}",
    ),
}
_PLACES: Final = {Language.NL: 0, Language.EN: 1, Language.FR: 2}


class Refusal(Exception):
    """No. `reason` is the header that goes with a 403."""

    def __init__(self, status: int, message: str, *, reason: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.reason = status, message, reason

    def answer(self) -> Answer:
        """As it goes over the wire; `code` is empty in practice."""
        said = {"error": {"code": "", "message": {"lang": "", "value": self.message}}}
        headers = {"Content-Type": JSON}
        if self.reason:
            headers["Reason"] = self.reason
        return Answer(self.status, json.dumps(said).encode(), headers)


def invalid(problems: list[tuple[str, ...]], language: Language) -> Refusal:
    """A business rule says no: status 500, every problem in one answer."""
    place = _PLACES[language]
    lines = [_WORDS[word][place].format(*about) for word, *about in problems]
    return Refusal(500, "\r\n".join(lines))


def malformed(about: str = "") -> Refusal:
    """The request itself cannot be read: status 400."""
    said = about or "The request should be a valid top-level resource object."
    return Refusal(400, f"Error processing request stream. {said}")
