"""A proof of delivery as strings: all that its pages show, in one language, in the order of the page.

Pure: it reads the JSON of `maild.proof` and says it in words. What is proven and what is not is said
for each state of a delivery, and never more than the records bear out.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.dates import format_date

from maild.model.delivery import Outcome, State
from maild.model.money import Amount
from maild.model.returned import Action
from maild.render.colour import readable, tint
from maild.render.figures import Figures, figures
from maild.render.plain import one_line
from maild.render.templates import phrases

View = dict[str, Any]
Proof = Mapping[str, Any]

_TONES: Final = {
    State.HANDED_OVER: "good",
    State.CONFIRMED: "good",
    State.BOUNCED: "bad",
    State.FAILED: "bad",
    State.CANCELLED: "still",
}
_NOT_GONE: Final = (State.QUEUED, State.SENDING, State.FAILED, State.HELD, State.CANCELLED)
_ARRIVED_PERHAPS: Final = (Outcome.HANDED_OVER, Outcome.UNCERTAIN)
# A relay that was out for days leaves hundreds of attempts; the first and the last tell the story.
_FIRST_ATTEMPTS, _LAST_ATTEMPTS = 10, 30
_LONGEST_REPLY: Final = 300


@dataclass(frozen=True, slots=True)
class Frame:
    """Whose page it is and how it speaks: the team's name, its time zone, language and colours."""

    team: str
    zone: str
    language: str
    primary: str
    accent: str


def proof_view(proof: Proof, *, frame: Frame) -> View:
    """Everything the pages show, as strings."""
    said = words(frame.language)
    page = _Page(said, figures(frame.language), ZoneInfo(frame.zone))
    name = _name(proof["document"], language=frame.language)
    team = _line(frame.team, limit=120)
    return {
        "lang": frame.language,
        "region": page.shown.locale.territory,
        "day": last_day(proof).isoformat(),
        "brand": _brand(frame),
        "t": said["labels"],
        "team": team,
        "by": _line(frame.team, limit=36),
        "name": name,
        "short": _line(name, limit=36),
        "lead": page.sentence("lead", team=team, zone=frame.zone),
        "facts": page.facts(proof),
        "deliveries": [page.delivery(one, no=no) for no, one in enumerate(proof["deliveries"], 1)],
        "problems": [_line(one, limit=400) for one in proof["problems"]],
        "worth": page.worth(proof),
    }


def order(proof: Proof, *, frame: Frame) -> bytes:
    """What the typesetter's job takes: the view on the first line, then the proof, to lie in the file."""
    view = json.dumps(proof_view(proof, frame=frame), ensure_ascii=False)
    inside = json.dumps(proof, ensure_ascii=False, indent=1)
    return f"{view}\n{inside}\n".encode("utf-8", "replace")


def last_day(proof: Proof) -> date:
    """The day (UTC) on which the last thing happened: the file's date, since no clock may enter it."""
    return max(date.fromisoformat(at[:10]) for at in _instants(proof))


@lru_cache
def words(language: str) -> dict[str, dict[str, str]]:
    """The tables of one language: labels, sentences, states, outcomes, proven, worth."""
    path = Path(__file__).parent / "templates" / "proof" / f"{language}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class _Page:
    """The words, figures and clock of one page."""

    said: Mapping[str, Mapping[str, str]]
    shown: Figures
    zone: ZoneInfo

    def sentence(self, key: str, **values: str) -> str:
        return self.said["sentences"][key].format(**values)

    def facts(self, proof: Proof) -> list[tuple[str, str, str]]:
        document = proof["document"]
        issued = document["issued_on"]
        party = " · ".join(filter(None, map(_line, document["counterparty"].values())))
        rows = [
            ("issued_on", self.shown.day(date.fromisoformat(issued)) if issued else "", ""),
            ("counterparty", party, ""),
            ("total", self._total(document), ""),
            *(("arrived", self._arrival(one), "") for one in proof["arrivals"]),
            ("id", document["id"], "code"),
        ]
        return self._labelled(rows)

    def delivery(self, one: Proof, *, no: int) -> View:
        state = State(one["state"])
        address = _line(one["address"])
        attempts = [self._attempt(each) for each in one["attempts"]]
        left_out = max(0, len(attempts) - _FIRST_ATTEMPTS - _LAST_ATTEMPTS)
        if left_out:
            attempts = attempts[:_FIRST_ATTEMPTS] + attempts[-_LAST_ATTEMPTS:]
        return {
            "no": str(no),
            "to": _line(one["recipient"]) or address,
            "address": address,
            "state": self.said["states"][state],
            "tone": _TONES.get(state, "open"),
            "when": self.at(_since(one)),
            "proven": self._proven(one, state=state),
            "rows": self._labelled(self._rows(one)),
            "files": [self._file(each) for each in one["attached"]],
            "attempts": attempts,
            "more": self.sentence("more", count=str(left_out)) if left_out else "",
            "returns": [self._return(each) for each in one["returns"]],
        }

    def worth(self, proof: Proof) -> list[str]:
        sentences = list(self.said["worth"].values())
        return sentences if proof["deliveries"] else [self.sentence("nothing"), *sentences]

    def at(self, instant: str | None) -> str:
        """An instant on the clock of the team, with its distance to UTC; empty for None."""
        if instant is None:
            return ""
        local = datetime.fromisoformat(instant).astimezone(self.zone)
        day = format_date(local, "medium", self.shown.locale)
        return f"{day}, {_clock(local)}".replace(" ", "\u00a0")

    def _total(self, document: Proof) -> str:
        if document["total"] is None:
            return ""
        return self.shown.money(Amount(Decimal(document["total"]), document["currency"]))

    def _arrival(self, one: Proof) -> str:
        sender = _line(one["sender"]) or "?"
        return self.sentence("arrival", sender=sender, door=one["door"], at=self.at(one["at"]))

    def _rows(self, one: Proof) -> list[tuple[str, str, str]]:
        mail = one["message"] or {"intact": True, "sha256": ""}
        head = mail if "from" in mail else {"from": "", "subject": "", "size": None}
        size = self._size(int(head["size"])) if head["size"] is not None else ""
        if not mail["intact"]:
            size = self.sentence("gone")
        return [
            ("handed_over_at", self.at(one["handed_over_at"]), ""),
            ("reply", _line(one["reply"], limit=_LONGEST_REPLY), "said"),
            ("sent_as", _line(one["sent_as"]), "said"),
            ("via", _line(one["connector"]), ""),
            ("reason", _line(one["reason"], limit=_LONGEST_REPLY), ""),
            ("from", _line(head["from"]), ""),
            ("subject", _line(head["subject"]), ""),
            ("message_id", _line(one["message_id"]) if one["message"] else "", "said"),
            ("mail", size, ""),
            ("hash", mail["sha256"], "code"),
            ("delivery", one["id"], "code"),
        ]

    def _proven(self, one: Proof, *, state: State) -> list[str]:
        proven = self.said["proven"]
        outcomes = [each["outcome"] for each in one["attempts"]]
        again = state in _NOT_GONE and Outcome.HANDED_OVER in outcomes
        told = [proven["earlier" if again else state].format(at=self.at(one["handed_over_at"]))]
        if sum(each in _ARRIVED_PERHAPS for each in outcomes) > 1:
            told.append(proven["twice"])
        elif Outcome.UNCERTAIN in outcomes and state in _NOT_GONE:
            told.append(proven["doubt"])
        if one["by_link"] and one["message"]:
            told.append(proven["link"])
        if any(each["action"] == Action.DISPLAYED for each in one["returns"]):
            told.append(proven["read"])
        return told

    def _file(self, one: Proof) -> View:
        return {
            "name": _line(one["name"], limit=120) or "?",
            "what": _line(one["media_type"], limit=60),
            "size": self._size(one["size"]),
            "hash": one["sha256"],
        }

    def _attempt(self, one: Proof) -> View:
        return {
            "no": str(one["n"]),
            "at": self.at(one["started_at"]),
            "outcome": self.said["outcomes"][one["outcome"]],
            "reply": _line(one["reply"], limit=_LONGEST_REPLY),
        }

    def _return(self, one: Proof) -> View:
        words_of_server = (one["recipient"], one["status"], one["diagnostic"])
        return {
            "at": self.at(one["at"]),
            "reason": _line(one["reason"], limit=_LONGEST_REPLY),
            "said": _line(" ".join(filter(None, words_of_server)), limit=_LONGEST_REPLY),
            "hash": one["sha256"],
        }

    def _size(self, size: int) -> str:
        return f"{self.shown.number(Decimal(size))}\u00a0{self.said['labels']['bytes']}"

    def _labelled(self, rows: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
        labels = {**self.said["labels"], "hash": "SHA-256"}
        return [(labels[key], value, kind) for key, value, kind in rows if value]


def _line(text: str | None, *, limit: int = 200) -> str:
    """The text on one line, without places to break long words: an id is copied from the page as it is."""
    return one_line(text, limit=limit).replace("\u200b", "")


def _clock(local: datetime) -> str:
    """The time of day to the second with its offset, "14:35:07 +01:00": unlike "CET" nobody has to know it."""
    offset = f"{local:%z}"
    return f"{local:%H:%M:%S} {offset[:3]}:{offset[3:5]}"


def _name(document: Proof, *, language: str) -> str:
    kind: str = phrases(language)["name"][document["kind"]]
    return _line(" ".join(filter(None, (kind[:1].upper() + kind[1:], document["number"]))))


def _since(one: Proof) -> str | None:
    """When a delivery came to where it stands: its last report, its last attempt, or never yet."""
    ends = [each["at"] for each in one["returns"]]
    ends += [each["ended_at"] or each["started_at"] for each in one["attempts"]]
    return max(ends, default=None)


def _instants(proof: Proof) -> list[str]:
    """Every instant in the proof, ISO 8601 UTC."""
    found = [proof["document"]["accepted_at"], *(one["at"] for one in proof["arrivals"])]
    found += [at for one in proof["deliveries"] if (at := _since(one))]
    return found


def _brand(frame: Frame) -> dict[str, str]:
    primary = readable(frame.primary, otherwise="#12343b")
    return {
        "primary": primary,
        "accent": readable(frame.accent, otherwise="#a8480f"),
        "ink": "#1c2329",
        "tint": tint(primary, share=0.055),
    }
