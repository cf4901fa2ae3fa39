"""Asks ClamAV's clamd whether bytes hold a known virus, over its INSTREAM command.

Optional, and off without an address. What becomes of an infected mail is not decided here. Source:
clamd(8), INSTREAM: length-prefixed pieces, then a length of nought; the reply is one line.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from maild.errors import MaildError
from maild.reading.mail import Body

_PIECE: Final = 256_000
_LENGTH: Final = struct.Struct("!I")
_LONGEST_REPLY: Final = 4_096
_FOUND: Final = " FOUND"
_OK: Final = "stream: OK"
_LONGEST_NAME: Final = 200


class ScannerDown(MaildError):
    """The virus scanner gave no verdict; the mail may come again later."""


@dataclass(frozen=True, slots=True)
class Antivirus:
    """A clamd at an address: host and port, or the path of its socket."""

    address: tuple[str, int] | Path
    timeout: float = 60.0

    @property
    def where(self) -> str:
        """Its address, as a person reads it."""
        if isinstance(self.address, Path):
            return str(self.address)
        return f"{self.address[0]}:{self.address[1]}"

    async def find(self, body: Body) -> str | None:
        """The name of the virus that is found; None when nothing is known to be wrong.

        Raises ScannerDown when there was no verdict.
        """
        try:
            async with asyncio.timeout(self.timeout):
                reply = await self._ask(body)
        except TimeoutError:
            raise ScannerDown(
                f"the virus scanner at {self.where} gave no answer within {self.timeout:g} s"
            ) from None
        except (BrokenPipeError, ConnectionResetError) as error:
            # clamd answers before it closes, but a closed connection can swallow the answer.
            raise ScannerDown(
                f"the virus scanner at {self.where} closed the connection while it was given "
                f"{len(body):,} bytes ({error}); see that clamd runs, and that its StreamMaxLength "
                "is at least the max_size of the door"
            ) from error
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise ScannerDown(
                f"the virus scanner at {self.where} cannot be used ({error}); see that clamd runs"
            ) from error
        if reply == _OK:
            return None
        if reply.endswith(_FOUND):
            return reply.removeprefix("stream: ").removesuffix(_FOUND)[:_LONGEST_NAME]
        # "INSTREAM size limit exceeded. ERROR": a verdict on a part of it is none.
        raise ScannerDown(
            f"the virus scanner at {self.where} said {reply!r}; its StreamMaxLength must be at "
            "least the max_size of the door"
        )

    async def _ask(self, body: Body) -> str:
        reader, writer = await self._connect()
        # Listened for from the start: clamd answers and closes in the middle when it has had enough.
        answer = asyncio.create_task(reader.readuntil(b"\0"))
        try:
            writer.write(b"zINSTREAM\0")
            with contextlib.suppress(ConnectionError):
                for start in range(0, len(body), _PIECE):
                    if answer.done():
                        break
                    piece = _piece(body, start)
                    writer.write(_LENGTH.pack(len(piece)))
                    writer.write(piece)
                    await writer.drain()
                writer.write(_LENGTH.pack(0))
                await writer.drain()
            reply = await answer
        finally:
            answer.cancel()
            writer.transport.abort()
        return reply.rstrip(b"\0\n").decode("utf-8", "replace")

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.address, Path):
            return await asyncio.open_unix_connection(str(self.address), limit=_LONGEST_REPLY)
        host, port = self.address
        return await asyncio.open_connection(host, port, limit=_LONGEST_REPLY)


def _piece(body: Body, start: int) -> bytes:
    if isinstance(body, bytes):
        return body[start : start + _PIECE]
    return body.read(_PIECE, start=start)
