"""A virus scanner at the desk: what is found stays out, and the team hears of it."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from maild.errors import DocumentError
from maild.intake.scanning import Scanner
from maild.reading.antivirus import Antivirus, ScannerDown
from tests import builders_pdf as make
from tests.intake.conftest import ACME, SENDER, World, a_mail, an_invoice
from tests.servers.clamd import NAME, VIRUS, Clamd


def scanned(world: World, where: tuple[str, int] | Path, *, open_when_down: bool = False) -> World:
    scanner = Scanner(Antivirus(where, timeout=20), open_when_down=open_when_down)
    world.desk = replace(world.desk, opener=replace(world.desk.opener, scanner=scanner))
    return world


def zipped(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("readme.txt", content)
    return out.getvalue()


@pytest.mark.parametrize("packed", [False, True], ids=["as a file", "in an archive"])
async def test_an_infected_mail_is_refused_by_name_and_makes_no_document(
    world: World, clamd: Clamd, *, packed: bool
) -> None:
    infected = ("files.zip", zipped(VIRUS)) if packed else ("readme.txt", VIRUS)
    raw = a_mail(("f.xml", an_invoice()), infected)
    scanned(world, clamd.address)
    with pytest.raises(DocumentError, match=f'readme.txt: the virus scanner found "{NAME}"') as no:
        await world.desk.accept(world.submission(raw))
    assert no.value.smtp == "554 5.7.1"
    assert await world.documents() == ()
    [kept] = await world.refusals()
    assert NAME in kept.message


async def test_a_clean_mail_comes_in_as_ever(world: World, clamd: Clamd) -> None:
    scanned(world, clamd.socket)
    raw = a_mail(("f.xml", an_invoice()), ("f.pdf", make.a_pdf()))
    assert len((await world.desk.accept(world.submission(raw))).fresh) == 1


async def test_without_a_verdict_the_sender_keeps_the_mail(world: World, free_port: int) -> None:
    scanned(world, ("127.0.0.1", free_port))
    raw = a_mail(("f.xml", an_invoice()))
    with pytest.raises(ScannerDown):
        await world.desk.accept(world.submission(raw))
    await world.open()
    code, words = await world.send(raw, ACME, sender=SENDER)
    assert (code, await world.documents(), await world.refusals()) == (451, (), ())
    assert "127.0.0.1" not in words


async def test_where_the_operator_says_so_mail_comes_in_without_a_verdict(
    world: World, free_port: int
) -> None:
    scanned(world, ("127.0.0.1", free_port), open_when_down=True)
    raw = a_mail(("f.xml", an_invoice()))
    assert len((await world.desk.accept(world.submission(raw))).fresh) == 1
