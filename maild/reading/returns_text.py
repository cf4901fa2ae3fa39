"""Reports without a machine-readable part: which recipients the words name, and what they say of each.

There are no rules for such words, only families of programs: qmail, Exim, sendmail, Postfix,
Exchange, Domino, webmailers in many languages. So the readers here look at how a line is built and
not at whose it is; the surest reader that finds somebody wins.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from maild.model.returned import Action, Returned
from maild.reading.returns_codes import better, one_line, reply_in
from maild.reading.returns_parts import blocks
from maild.reading.returns_status import ADDRESS, MAX_RECIPIENTS, bare, read_status

_QUOTE: Final = re.compile(r"^(?:> ?)+")
_LEAD: Final = re.compile(
    r"^\s*(?:[>*•·-]+\s+|>>>\s*)?"
    r"(?:(?:recipients?|recipient address|recipient name|address|original recipient|final recipient"
    r"|destinataire|empfänger(?:adresse)?|ontvanger|destinatario|rcpt to|宛先)\s*[:=]\s*)?"
    rf"[\"'<(\[]*({ADDRESS.pattern})[\"'>)\]]*(.*)$",
    re.IGNORECASE,
)
# What may follow an address that a line is about: nothing, a colon, a reason in brackets, the same
# address again, or Exchange's moment.
_CLEAR: Final = re.compile(
    r"\s*$|\s*:|\s*\.\.\.|\s+[(\[<]|<mailto:|\s+on \w*,? ?\d|\s*,\s*$|\s*;\s*$|\s+-+ "
)
_REPLY_LINE: Final = re.compile(r"(?<![\w.])[45]\d\d[ -]|\brcpt to\b|\.\.\. ", re.IGNORECASE)
_SENDER_LINE: Final = re.compile(
    r"mail from\b|^\s*(?:from|sender|von|de|reply-to|envelope[- ]sender|original sender|return-path"
    r"|message-id|from address)\s*:|\bsent by\b|sender address|^(?:hello|hi|dear|hallo|bonjour)\b",
    re.IGNORECASE,
)
_SENDER_BEFORE: Final = re.compile(
    r"(?:\bsent by|\bfrom|\bsender(?: address)?|sent it from)\s*:?\s*$", re.IGNORECASE
)
_CONTACT: Final = re.compile(
    r"contact|assistance|support|help|postmaster|administrat|forward(?:ing)? (?:this|the)"
    r"|kontakt|wenden sie|contactez|連絡|問い合わせ|report abuse|send (?:mail|e-mail) to",
    re.IGNORECASE,
)
_ABOUT: Final = re.compile(
    r"deliver|reach|recipient|user|account|mailbox|unknown|undeliver|not found|does ?n[o']t exist"
    r"|no such|rejected|quota|full|address|destinat|remis|empf|zustell|ontvang|bezorg|bestell"
    r"|宛先|送信|配信|メールボックス|получател|доставл",
    re.IGNORECASE,
)
_DELAY: Final = re.compile(
    r"not yet been delivered|has been delayed|delivery (?:has been |is |was )?delayed|warning message only"
    r"|this is a warning|will be retried|still being retried|will (?:keep|continue)? ?(?:on )?(?:try|retry)"
    r"|delivery attempts will continue|temporary (?:problem|failure|error)s? delivering"
    r"|delayed mail|zustellung verzögert|verzögert|vertraagd|retard",
    re.IGNORECASE,
)
_FINAL: Final = re.compile(
    r"permanent|given up|giving up|not going to try again|failed permanently|could not be delivered"
    r"|undeliverable|will be deleted from queue|too long",
    re.IGNORECASE,
)
_DONE: Final = re.compile(
    r"(?:was|were|been|has) (?:been )?(?:successfully )?delivered (?:successfully|to the)"
    r"|successful(?:ly)? (?:mail )?deliver|relayed to the following",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Context:
    """What else is known of a report while its words are read."""

    subject: str
    failed: str  # X-Failed-Recipients
    ours: frozenset[str]  # addresses that sent, got or wrote it, in lower case
    returned: tuple[str, ...]  # recipients in the returned headers


@dataclass(frozen=True, slots=True)
class _Named:
    address: str
    line: int


def read_words(words: str, context: Context) -> list[Returned]:
    """What the words of a report say of each recipient; empty when they name none."""
    lines = [_QUOTE.sub("", one) if one.startswith("> ") else one for one in words.split("\n")]
    text = "\n".join(lines)
    as_fields = read_status(blocks(_indented_away(text)), text)
    if as_fields:
        return as_fields
    named = _named(lines, context)[:MAX_RECIPIENTS]
    action = action_of(text, context.subject)
    starts = sorted({one.line for one in named} | {len(lines)})
    return [
        _said(one, _words_of(one, lines, starts), text, action=action, alone=len(named) == 1)
        for one in named
    ]


def action_of(text: str, subject: str = "") -> Action:
    """What the words say happened; a report that does not say is one of failure."""
    told = f"{subject}\n{text}"
    if _DELAY.search(told) and not _gave_up(text):
        return Action.DELAYED
    return Action.DELIVERED if _DONE.search(told) and not _FINAL.search(told) else Action.FAILED


def _gave_up(text: str) -> bool:
    return re.search(r"given up|giving up|not going to try again|permanently", text) is not None


def _indented_away(text: str) -> str:
    """Fields of a status that were pasted into the words, with or without an indent."""
    if "final-recipient" not in text.lower():
        return ""
    kept = re.sub(
        r"(?im)^[ \t]+(?=(?:final|original)-recipient|action|status|diagnostic-code)", "", text
    )
    # A block in prose is not always parted by an empty line from what stands before it.
    return re.sub(
        r"(?im)^(?=(?:reporting-mta|original-recipient|final-recipient) *:)", _parted, kept
    )


def _parted(match: re.Match[str]) -> str:
    before = match.string[: match.start()].rstrip("\n").rpartition("\n")[2]
    inside = re.match(r"(?i)\s*[a-z-]+ ?:|\s+\S", before)
    return "" if inside else "\n"


def _named(lines: Sequence[str], context: Context) -> list[_Named]:
    """The addresses that the report is about, by the surest reader that finds any."""
    if context.failed:
        found = [_Named(one, _line_of(one, lines)) for one in ADDRESS.findall(context.failed)]
        if found:
            return _unique(found)
    readers: tuple[Callable[[Sequence[str], Context], Iterable[_Named]], ...] = (
        _leading,
        _in_replies,
        _in_phrases,
        _leading_loosely,
        _anywhere,
    )
    for reader in readers:
        found = _unique(reader(lines, context))
        if found:
            return found
    return [_Named(one, len(lines)) for one in context.returned]


def _leading(lines: Sequence[str], context: Context) -> Iterable[_Named]:
    return _led(lines, context, clear=True)


def _leading_loosely(lines: Sequence[str], context: Context) -> Iterable[_Named]:
    return _led(lines, context, clear=False)


def _led(lines: Sequence[str], context: Context, *, clear: bool) -> Iterable[_Named]:
    for at, line in enumerate(lines):
        match = _LEAD.match(line)
        if match is None or (clear and not _CLEAR.match(match[2])):
            continue
        before = next((one for one in reversed(lines[max(0, at - 4) : at]) if one.strip()), "")
        close = lines[at - 1] if at else ""
        if _SENDER_BEFORE.search(before) or _SENDER_LINE.search(line):
            continue
        if _CONTACT.search(match[2]) or (_CONTACT.search(close) and not _ABOUT.search(match[2])):
            continue
        if not clear and bare(match[1]).lower() in context.ours:
            continue
        yield _Named(match[1], at)


def _in_replies(lines: Sequence[str], context: Context) -> Iterable[_Named]:
    for at, line in enumerate(lines):
        if _REPLY_LINE.search(line) and not _SENDER_LINE.search(line):
            for address in ADDRESS.findall(line):
                if bare(address).lower() not in context.ours:
                    yield _Named(address, at)


def _in_phrases(lines: Sequence[str], context: Context) -> Iterable[_Named]:
    for at, line in enumerate(lines):
        if _ABOUT.search(line) and not _SENDER_LINE.search(line) and not _CONTACT.search(line):
            for address in ADDRESS.findall(line):
                if bare(address).lower() not in context.ours:
                    yield _Named(address, at)


def _anywhere(lines: Sequence[str], context: Context) -> Iterable[_Named]:
    """Addresses of the returned mail's recipients that the words mention, else in the subject."""
    wanted = {bare(one).lower() for one in context.returned}
    for at, line in enumerate([*lines, context.subject]):
        for address in ADDRESS.findall(line):
            same = bare(address).lower()
            if same in wanted or (at == len(lines) and same not in context.ours):
                yield _Named(address, at)


def _unique(found: Iterable[_Named]) -> list[_Named]:
    kept: dict[str, _Named] = {}
    for one in found:
        clean = one.address.strip("'.")
        kept.setdefault(bare(clean).lower(), _Named(clean, one.line))
    return list(kept.values())


def _line_of(address: str, lines: Sequence[str]) -> int:
    wanted = address.lower()
    return next((at for at, line in enumerate(lines) if wanted in line.lower()), len(lines))


def _words_of(one: _Named, lines: Sequence[str], starts: Sequence[int]) -> str:
    """The words from an address to the next one."""
    following = bisect_right(starts, one.line)
    end = starts[following] if following < len(starts) else len(lines)
    return "\n".join(lines[one.line : end])


def _said(one: _Named, said: str, text: str, *, action: Action, alone: bool) -> Returned:
    everything = text if alone else ""
    status = better(None, said, everything)
    if status and status[0] == "2" and action is not Action.DELIVERED:
        status = None
    return Returned(
        recipient=one.address,
        action=_by_reply(action, said),
        status=status,
        diagnostic=one_line(_after(one.address, said) or everything) or None,
    )


def _by_reply(action: Action, said: str) -> Action:
    """A program that says "failed" of a 4xx while it goes on trying is taken at its word."""
    reply = reply_in(said)
    return Action.FAILED if action is Action.DELIVERED and reply and reply[0] in "45" else action


def _after(address: str, said: str) -> str:
    rest = re.sub(rf"^\W*{re.escape(address)}\W*", "", said, count=1)
    return rest.strip(" \n:<>") if rest != said else said.strip()
