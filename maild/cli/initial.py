"""`maild init`: ask what cannot be guessed, and write a commented maild.toml in shadow mode."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.prompt import Prompt

from maild import teams
from maild.answers import PROFILE_NAMES, kinds_taken, vat_trouble
from maild.cli.output import err, note, plain_faults, say, stop
from maild.config.initial import Answers, initial_config, slug_of
from maild.errors import UserError

LANGUAGES = ("nl", "fr", "en", "de")


def init(
    company: Annotated[str, typer.Option(help='The company, such as "Acme BV".')] = "",
    vat: Annotated[str, typer.Option(help="Its VAT number.")] = "",
    accountant: Annotated[str, typer.Option(help="The accountant's address or inbox.")] = "",
    owner: Annotated[str, typer.Option(help="Who is told when something goes wrong.")] = "",
    profile: Annotated[
        str, typer.Option(help="How the accountant's inbox wants its mail; docs/profiles.md.")
    ] = "",
    sender: Annotated[str, typer.Option("--from", help="The address mails come from.")] = "",
    address: Annotated[str, typer.Option(help="Where documents are mailed to.")] = "",
    language: Annotated[str, typer.Option(help="nl, fr, en or de.")] = "",
    hostname: Annotated[str, typer.Option(help="What maild calls itself in SMTP.")] = "",
    listen: Annotated[str, typer.Option(help="Where the SMTP door listens.")] = "127.0.0.1:2525",
    relay: Annotated[
        str, typer.Option(help="The mail server that carries what goes out: HOST:PORT.")
    ] = "127.0.0.1:25",
    relay_tls: Annotated[str, typer.Option(help="starttls, implicit, or none on loopback.")] = "",
    config: Annotated[Path, typer.Option("--config", "-c", help="The file to write.")] = Path(
        "maild.toml"
    ),
    *,
    non_interactive: Annotated[
        bool, typer.Option("--non-interactive", help="Ask nothing; what is missing is an error.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a maild.toml for one company: commented, checked, and in shadow mode."""
    with plain_faults():
        if config.exists() and not force:
            raise UserError(f"{config} is there already", hint="--force replaces it")
        asked = _Asker(ask=not non_interactive and sys.stdin.isatty())
        company = asked.text("company", company, "Company")
        vat = asked.text("vat", vat, "VAT number", check=vat_trouble)
        owner = asked.text("owner", owner, "Your own address (told when something goes wrong)")
        accountant = asked.text("accountant", accountant, "The accountant's address or inbox")
        profile = asked.choice(
            "profile", profile, "His inbox is", choices=PROFILE_NAMES, default="mailbox"
        )
        language = asked.choice("language", language, "Language", choices=LANGUAGES, default="nl")
        asked.complete()
        host, _, port = relay.rpartition(":")
        if not host or not port.isdigit():
            raise UserError(f'--relay: "{relay}" is no HOST:PORT, such as smtp.example:587')
        sender = sender or owner
        text = initial_config(
            Answers(
                company=company,
                vat=vat,
                address=address or f"{slug_of(company)}@{hostname or 'post.example'}",
                sender=sender,
                owner=owner,
                accountant=accountant,
                profile=profile,
                takes=kinds_taken(profile),
                language=language,
                hostname=hostname,
                listen=listen,
                relay_host=host,
                relay_port=int(port),
                relay_tls=relay_tls
                or ("none" if host in {"127.0.0.1", "localhost"} else "starttls"),
            )
        )
        _write(config, text)
        _tell(config, company)


def _tell(config: Path, company: str) -> None:
    """Say what was written, what is to be said about it, and what to do next."""
    say(f"wrote {config}; {company} is in shadow mode: everything is decided, nothing is sent")
    checked = teams.check(config)
    for line in (*checked.errors, *checked.remarks):
        note(line, style="yellow")
    say("next:")
    where = "" if config == Path("maild.toml") else f" -c {config}"
    say(f"  maild check{where}              what is wrong, with its line")
    say(f"  maild run{where}                run it")
    say(f"  maild golive {slug_of(company)}{where}       when what it would send is right")
    if checked.errors:
        stop((), code=2)


class _Asker:
    """Asks for what no option gave; collects what is missing when it may not ask."""

    def __init__(self, *, ask: bool) -> None:
        self._ask = ask
        self._missing: list[str] = []

    def text(
        self,
        option: str,
        value: str,
        question: str,
        *,
        check: Callable[[str], str | None] | None = None,
    ) -> str:
        while True:
            if not value and self._ask:
                value = Prompt.ask(question, console=err).strip()
            trouble = check(value) if check and value else None
            if trouble is None:
                break
            if not self._ask:
                raise UserError(f"--{option}: {trouble}")
            note(trouble, style="yellow")
            value = ""
        if not value:
            self._missing.append(option)
        return value

    def choice(
        self, option: str, value: str, question: str, *, choices: tuple[str, ...], default: str
    ) -> str:
        if value and value not in choices:
            raise UserError(f'--{option}: "{value}" is none of {", ".join(choices)}')
        if value or not self._ask:
            return value or default
        return Prompt.ask(question, console=err, choices=list(choices), default=default)

    def complete(self) -> None:
        """Raises UserError naming every option that is missing."""
        if self._missing:
            raise UserError(
                [f"--{one} is needed" for one in self._missing],
                hint="without --non-interactive, on a terminal, maild init asks for it",
            )


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as fault:
        raise UserError(f"{path}: cannot be written ({fault.strerror})") from fault
