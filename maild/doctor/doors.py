"""The ways into maild that depend on others: mailboxes that it reads, and the virus scanner before the desk.

Mailboxes are entered and their folders listed as for reading; nothing is fetched, moved or marked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Final

from maild.config.mailbox import Mailbox as Section
from maild.config.settings import Account, Settings
from maild.doctor.finding import Finding
from maild.errors import FolderMissing, LoginRefused, MaildError
from maild.model.said import Said
from maild.ports import Mailbox
from maild.reading.antivirus import Antivirus, ScannerDown

SECONDS: Final = 60.0  # for one mailbox, whole
_CORRECT_LOGIN: Final = (
    "correct username and password_file of [mailbox.{name}]; "
    "many providers want IMAP switched on and a password for apps"
)
_HARMLESS: Final = b"maild doctor asks whether somebody is there"


async def mailboxes(settings: Settings, every: Mapping[str, Mailbox]) -> list[Finding]:
    """Enter every mailbox at once, and list each folder that is read."""
    tried = [mailbox(settings, name, every[name]) for name in settings.mailbox]
    return [finding for found in await asyncio.gather(*tried) for finding in found]


async def mailbox(settings: Settings, name: str, one: Mailbox) -> list[Finding]:
    """Enter one mailbox, and list each folder that is read."""
    section = settings.mailbox[name]
    return await _enter(name, section, one, account=settings.account.get(section.account))


async def antivirus(settings: Settings, scanner: Antivirus | None) -> list[Finding]:
    """Ask the scanner about a few bytes, and about as many as the largest mail may have."""
    if scanner is None:
        return []
    began = time.monotonic()
    try:
        for content in (_HARMLESS, bytes(_largest(settings))):
            await scanner.find(content)
    except ScannerDown as fault:
        waits = settings.antivirus.fail == "closed"
        means = 'every mail is answered "later"' if waits else "mails come in without a look"
        return [
            Finding(
                "antivirus",
                scanner.where,
                "error" if waits else "warning",
                str(fault),
                next=f'until then {means} (antivirus.fail = "{settings.antivirus.fail}")',
            )
        ]
    took = time.monotonic() - began
    said = f"clamd looks at mails of {_largest(settings) / 1e6:.0f} MB too ({took:.1f} s)"
    return [Finding("antivirus", scanner.where, "good", said)]


async def _enter(
    name: str, section: Section, mailbox: Mailbox, *, account: Account | None
) -> list[Finding]:
    place = str(section.maildir or f"{section.host}:{section.listening} {section.tls}")
    began = time.monotonic()
    try:
        async with asyncio.timeout(SECONDS):
            await mailbox.connect()
            held, missing = await _listed(mailbox, section.folders)
    except TimeoutError:
        hint = f"look at host and port of [mailbox.{name}], and at firewalls"
        silent = Said("does_not_answer", f"{place} does not answer", place=place)
        return [_error(name, silent, next_=hint)]
    except LoginRefused as fault:
        hint = _CORRECT_LOGIN.format(name=name)
        if account is not None:
            hint = f"maild connect {account.provider} {account.team} --account {section.account}"
        refused = Said("login_refused", f"{place}: {fault}", place=place, why=str(fault))
        return [_error(name, refused, next_=hint)]
    except (MaildError, OSError) as fault:
        keys = "maildir" if section.maildir else "host, port and tls"
        hint = f"correct {keys} of [mailbox.{name}]"
        failed = Said("mailbox_failed", f"{place}: {fault}", place=place, why=str(fault))
        return [_error(name, failed, next_=hint)]
    finally:
        await mailbox.close()
    took = f"{time.monotonic() - began:.1f}"
    folders = ", ".join(f"{folder}: {count}" for folder, count in held.items())
    said = Said(
        "mailbox_entered",
        f"{place}, {', '.join(map(_counted, held.items()))} ({took} s)",
        place=place,
        folders=folders,
        seconds=took,
    )
    good = [Finding("mailbox", name, "good", said)] if held else []
    hint = f"make it there, or correct folders of [mailbox.{name}]; upper and lower case count"
    return good + [_error(name, reason, next_=hint) for reason in missing]


async def _listed(mailbox: Mailbox, folders: Iterable[str]) -> tuple[dict[str, int], list[str]]:
    """The folders with how many messages lie in each, and why others cannot be opened."""
    held: dict[str, int] = {}
    missing = []
    for folder in folders:
        try:
            count = len((await mailbox.look(folder)).uids)
        except FolderMissing as fault:
            missing.append(str(fault))
        else:
            held[folder] = count
    return held, missing


def _counted(held: tuple[str, int]) -> str:
    folder, count = held
    return f"{folder}: {count} message{'' if count == 1 else 's'}"


def _error(name: str, said: str, *, next_: str) -> Finding:
    return Finding("mailbox", name, "error", said, next=next_)


def _largest(settings: Settings) -> int:
    """The bytes of the largest mail that any door takes."""
    return max(settings.smtpd.max_size, *(one.max_size for one in settings.mailbox.values()), 0)
