"""LMTP as a mail server on the same machine speaks it."""

from __future__ import annotations

import asyncio
import smtplib
import socket
from pathlib import Path

from maild.intake.smtp_gate import Limits
from tests.intake.conftest import ACME, SENDER, World, a_mail, a_team, an_invoice

BETA = "beta@post.example"


def two_teams(world: World) -> None:
    world.teams.append(a_team("beta", addresses=(BETA,), vat=("BE0403170701",)))


async def opened(world: World, where: tuple[str, int] | Path) -> str:
    await world.open(listen=(), lmtp=where)
    return world.address.removeprefix("lmtp ")


class Server:
    """A mail server that hands in over one connection."""

    def __init__(self, address: str) -> None:
        if address.startswith("/"):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(address)
        else:
            host, _, port = address.rpartition(":")
            self.sock = socket.create_connection((host, int(port)), timeout=10)
        self.sock.settimeout(10)
        self.lines = self.sock.makefile("rb")
        self.reply()

    def reply(self) -> str:
        while True:
            line = self.lines.readline().decode()
            if line[3:4] != "-":
                return line

    def ask(self, *commands: str) -> list[str]:
        said = []
        for one in commands:
            self.sock.sendall(one.encode() + b"\r\n")
            said.append(self.reply())
        return said

    def hand_in(self, raw: bytes, *to: str) -> list[str]:
        said = self.ask(
            "LHLO mx.example", f"MAIL FROM:<{SENDER}>", *(f"RCPT TO:<{one}>" for one in to)
        )
        taken = sum(one.startswith("250") for one in said[2:])
        self.ask("DATA")
        self.sock.sendall(raw.removesuffix(b"\r\n") + b"\r\n.\r\n")
        return [self.reply() for _ in range(taken)]

    def close(self) -> None:
        self.lines.close()
        self.sock.close()


async def handed_in(address: str, raw: bytes, *to: str) -> list[str]:
    def go() -> list[str]:
        server = Server(address)
        try:
            return server.hand_in(raw, *to)
        finally:
            server.close()

    return await asyncio.to_thread(go)


async def asked(address: str, *commands: str) -> list[str]:
    def go() -> list[str]:
        server = Server(address)
        try:
            return [one[:9] for one in server.ask(*commands)]
        finally:
            server.close()

    return await asyncio.to_thread(go)


async def test_each_recipient_gets_a_reply_of_its_own(world: World) -> None:
    two_teams(world)
    address = await opened(world, ("127.0.0.1", 0))
    said = await handed_in(address, a_mail(("f.xml", an_invoice())), ACME, BETA, ACME)
    assert [one[:9] for one in said] == ["250 2.0.0", "554 5.6.0", "250 2.0.0"]
    [document] = await world.documents()
    assert document.team == "acme"
    assert [one.team for one in await world.refusals()] == ["beta"]


async def test_companies_and_tags_may_share_a_mail(world: World) -> None:
    two_teams(world)
    address = await opened(world, ("127.0.0.1", 0))
    pdf = a_mail(("Factuur 2026-17.pdf", b"%PDF-1.7\n%%EOF\n"))
    said = await handed_in(address, pdf, "acme+invoice@post.example", "beta+purchase@post.example")
    assert [one[:3] for one in said] == ["250", "250"]
    assert {(one.team, one.kind) for one in await world.documents()} == {
        ("acme", "invoice"),
        ("beta", "purchase_invoice"),
    }


async def test_a_large_mail_for_two_companies_is_kept_once(world: World) -> None:
    two_teams(world)
    address = await opened(world, ("127.0.0.1", 0))
    raw = a_mail(("Factuur 2026-17.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 4_000 + b"%%EOF\n"))
    said = await handed_in(address, raw, "acme+invoice@post.example", "beta+purchase@post.example")
    assert [one[:3] for one in said] == ["250", "250"]
    files = [one for one in (world.folder / "blobs").rglob("*") if one.is_file()]
    assert len(files) == 2  # the mail and the PDF in it


async def test_an_unknown_recipient_gets_no_second_reply(world: World) -> None:
    address = await opened(world, ("127.0.0.1", 0))
    said = await handed_in(address, a_mail(("f.xml", an_invoice())), "nobody@post.example", ACME)
    assert [one[:3] for one in said] == ["250"]


async def test_too_large_is_said_to_each(world: World) -> None:
    two_teams(world)
    await world.open(listen=(), lmtp=("127.0.0.1", 0), limits=Limits(max_size=10_000))
    address = world.address.removeprefix("lmtp ")
    said = await handed_in(address, b"x" * 20_000, ACME, BETA)
    assert [one[:9] for one in said] == ["552 5.3.4", "552 5.3.4"]


async def test_a_greeting_of_smtp_is_refused(world: World) -> None:
    address = await opened(world, ("127.0.0.1", 0))
    said = await asked(address, "EHLO c", "HELO c", "LHLO c")
    assert said == ["502 5.5.1", "502 5.5.1", "250 ENHAN"]


async def test_a_socket_of_the_file_system_says_who_may(world: World, tmp_path: Path) -> None:
    path = tmp_path / "lmtp.sock"
    await world.open(listen=(), lmtp=path, allow=())
    assert path.stat().st_mode & 0o777 == 0o660
    said = await handed_in(str(path), a_mail(("f.xml", an_invoice())), ACME)
    assert said[0].startswith("250 2.0.0")
    assert world.door is not None
    await world.door.close()
    assert not path.exists()


async def test_pythons_own_client_is_understood(world: World) -> None:
    address = await opened(world, ("127.0.0.1", 0))

    def go() -> object:
        with smtplib.LMTP("127.0.0.1", int(address.rpartition(":")[2]), timeout=10) as client:
            return client.sendmail(SENDER, [ACME], a_mail(("f.xml", an_invoice())))

    assert await asyncio.to_thread(go) == {}


async def test_an_address_outside_the_allowed_networks_may_not_hand_in(world: World) -> None:
    await world.open(listen=(), lmtp=("127.0.0.1", 0), allow=("192.0.2.0/24",))
    said = await asked(world.address.removeprefix("lmtp "), "LHLO c", f"MAIL FROM:<{SENDER}>")
    assert said[1] == "550 5.7.1"
