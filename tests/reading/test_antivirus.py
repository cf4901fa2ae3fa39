"""ClamAV, asked for real: what is found, and what is done when there is no verdict."""

from __future__ import annotations

import asyncio
import contextlib
import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from maild.reading.antivirus import Antivirus, ScannerDown
from tests.servers.clamd import NAME, VIRUS, Clamd

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["port", "socket"])
def scanner(request: pytest.FixtureRequest, clamd: Clamd) -> Antivirus:
    return Antivirus(clamd.address if request.param == "port" else clamd.socket, timeout=20)


def zipped(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("invoice.pdf", content)
    return out.getvalue()


async def test_a_virus_is_found_by_name_alone_in_a_file_and_in_an_archive(
    scanner: Antivirus,
) -> None:
    assert await scanner.find(VIRUS) == NAME
    assert await scanner.find(b"x" * 300_000 + VIRUS + b"y" * 300_000) == NAME
    assert await scanner.find(zipped(VIRUS * 10)) == NAME


async def test_clean_files_are_clean_at_every_size(scanner: Antivirus) -> None:
    for content in (b"", b"clean", b"z" * 900_000):
        assert await scanner.find(content) is None


async def test_more_than_the_scanner_takes_is_no_verdict(scanner: Antivirus) -> None:
    with pytest.raises(ScannerDown, match="StreamMaxLength"):
        await scanner.find(b"z" * 3_000_000)


async def test_where_nobody_answers_there_is_no_verdict(free_port: int, tmp_path: Path) -> None:
    for address in (("127.0.0.1", free_port), tmp_path / "nobody.sock"):
        with pytest.raises(ScannerDown, match="see that clamd runs"):
            await Antivirus(address).find(VIRUS)


@contextlib.asynccontextmanager
async def a_scanner_that_says(reply: bytes | None) -> AsyncIterator[tuple[str, int]]:
    """The address of a server that takes what comes and answers so; None: never."""
    running: list[asyncio.Task[None] | None] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running.append(asyncio.current_task())
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\0\0\0\0")
            if reply is None:
                await reader.read()
            writer.write(reply or b"")
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        writer.transport.abort()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield host, port
        await asyncio.gather(*(one for one in running if one))


@pytest.mark.parametrize(
    "reply", [b"", b"stream: OK", b"\0", b"stream: maybe\0", b"x" * 100_000, b"stream: OK extra\0"]
)
async def test_an_answer_that_is_none_is_no_verdict(reply: bytes) -> None:
    async with a_scanner_that_says(reply) as address:
        with pytest.raises(ScannerDown):
            await Antivirus(address, timeout=20).find(b"clean")


async def test_a_scanner_that_says_nothing_is_not_waited_for_for_ever() -> None:
    async with a_scanner_that_says(None) as address:
        with pytest.raises(ScannerDown, match=r"no answer within 0\.2 s"):
            await Antivirus(address, timeout=0.2).find(b"clean")
