"""Mails that bring a key: which are recognised, and that nothing of the key is left in clear."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import pytest

from maild.errors import DocumentError
from maild.intake.desk import Desk
from maild.intake.token_mails import TokenMails, tokens_in
from maild.store import joining
from maild.store.joining import Asked
from maild.store.tokens import SealedTokens
from tests.intake.conftest import World

TOKEN = "Kx7-0fdc2b1e9a8d4c6f_9"


def a_letter(text: str, *, sender: str = "CodaBox <no-reply@codabox.com>", html: str = "") -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "acme@post.example", "Uw toegang"
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail.as_bytes()


def store(world: World) -> SealedTokens:
    return SealedTokens(world.db, secret_file=world.folder / "key", now=lambda: world.clock[0])


def desk(world: World) -> Desk:
    letters = TokenMails(
        db=world.db,
        blobs=world.desk.blobs,
        reader=world.desk.reader,
        tokens=store(world),
        now=lambda: world.clock[0],
    )
    return replace(world.desk, token_mails=letters)


async def asked(world: World, team: str = "acme") -> Asked:
    one = Asked("voici", team, "BE0123456749", world.clock[0])
    await world.db.write(partial(joining.ask, asked=one))
    return one


async def test_a_token_is_kept_sealed_and_the_mail_without_its_text(world: World) -> None:
    one = await asked(world)
    acceptance = await desk(world).accept(world.submission(a_letter(f"Uw token: {TOKEN}\n")))
    assert acceptance.filed == ()
    letter = await store(world).load(one.letter)
    assert letter.token is not None
    assert letter.token.access == TOKEN
    kept = await world.desk.blobs.read(acceptance.arrival.original)
    assert b"Uw toegang" in kept
    assert TOKEN.encode() not in kept
    await world.db.close()
    files = [path for path in Path(world.folder).rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if TOKEN.encode() in path.read_bytes()]


async def test_a_token_in_a_page_is_found_too(world: World) -> None:
    one = await asked(world)
    page = f"<p>Klik <a href='https://x.codabox.com/t/{TOKEN}/'>hier</a>, of: <b>{TOKEN}</b></p>"
    await desk(world).accept(world.submission(a_letter("Zie de pagina.", html=page)))
    letter = await store(world).load(one.letter)
    assert letter.token is not None
    assert letter.token.access == TOKEN


@pytest.mark.parametrize("sender", ["x@codabox.com.evil.example", "codabox.com@evil.example", ""])
async def test_a_mail_of_somebody_else_is_a_mail_like_others(world: World, sender: str) -> None:
    one = await asked(world)
    with pytest.raises(DocumentError):
        await desk(world).accept(world.submission(a_letter(f"token: {TOKEN}", sender=sender)))
    assert (await store(world).load(one.letter)).token is None


async def test_nothing_is_taken_where_nobody_waits(world: World) -> None:
    await asked(world, team="other")
    with pytest.raises(DocumentError):
        await desk(world).accept(world.submission(a_letter(f"token: {TOKEN}")))
    await asked(world)
    world.later(days=8)
    with pytest.raises(DocumentError):
        await desk(world).accept(world.submission(a_letter(f"token: {TOKEN}")))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"token: {TOKEN}", (TOKEN,)),
        ("6d5e8f3a-0000-4000-8000-000000000001.", ("6d5e8f3a-0000-4000-8000-000000000001",)),
        (f"https://api.codabox.com/token/{TOKEN}/", (TOKEN,)),
        ("Dear Administrator-of-the-company, short1 words", ()),
        ("write to someone0123456789@codabox.com", ()),
        (" ".join(f"abcdefghijklmnop{n}" for n in range(9)), tuple(f"abcdefghijklmnop{n}" for n in range(3))),
        ("token: CZUMBnPXgOLoiiOSLuFJaoFTKJdZUbyP", ("CZUMBnPXgOLoiiOSLuFJaoFTKJdZUbyP",)),
        ("CodaBoxEnterpriseConnector: Kx7-0fdc2b1e9a8d4c6f_9", (TOKEN, "CodaBoxEnterpriseConnector")),
        ("Arbeidsongevallenverzekering en Oost-Vlaamse-Bedrijven", ()),
    ],
)  # fmt: skip
def test_what_may_be_a_token_is_a_long_word_that_nobody_writes(
    text: str, found: tuple[str, ...]
) -> None:
    assert tokens_in(text) == found
