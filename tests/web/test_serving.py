"""The sockets that the pages are served on."""

from __future__ import annotations

import asyncio
import socket

from maild.config.values import Listen
from maild.web.serving import _bound


async def test_an_answer_does_not_wait_for_an_acknowledgement_of_its_first_half() -> None:
    [listening] = _bound([Listen("127.0.0.1", 0)])
    at_once = asyncio.get_running_loop().create_future()

    def met(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken = writer.get_extra_info("socket")
        at_once.set_result(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async with await asyncio.start_server(met, sock=listening) as server:
        port = server.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await at_once != 0
        writer.close()
