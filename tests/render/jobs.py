"""Jobs for the tests of the pool: well-behaved ones, and ones that hang, crash and eat."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from maild.render.typeset import _compiler


def echo(payload: bytes) -> bytes:
    """Give back what came."""
    return payload


def who(_: bytes) -> bytes:
    """Tell which process does the work."""
    return str(os.getpid()).encode()


def fail(payload: bytes) -> bytes:
    """Raise."""
    raise ValueError(payload.decode())


def hang(_: bytes) -> bytes:
    """Never end, without using the processor."""
    time.sleep(3600)
    return b""


def spin(_: bytes) -> bytes:
    """Never end, and use the processor."""
    while True:
        pass


def eat(_: bytes) -> bytes:
    """Take all memory there is."""
    kept = []
    while True:
        kept.append(bytearray(64 << 20))


def swell(_: bytes) -> bytes:
    """Take 200 MB, touch it and keep it."""
    globals()["_kept"] = bytearray(os.urandom(1 << 20)) * 200
    return b""


def abort(_: bytes) -> bytes:
    """Die as a native library dies that is out of memory."""
    os.write(2, b"memory allocation of 64 bytes failed")
    os.abort()


def chatter(_: bytes) -> bytes:
    """Print, as careless libraries do."""
    print("hello")  # noqa: T201 - the pipe must survive it
    os.write(1, b"\x00" * 100)
    return b"done"


def large(_: bytes) -> bytes:
    """Answer with 10 MB."""
    return bytes(10 << 20)


def descriptors(_: bytes) -> bytes:
    """List what is open, as links."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(link.readlink()))
        except OSError:
            continue
    return "\n".join(sorted(found)).encode()


def connect(payload: bytes) -> bytes:
    """Reach for a port on loopback."""
    with socket.create_connection(("127.0.0.1", int(payload)), timeout=2):
        return b"connected"


def typst(payload: bytes) -> bytes:
    """Compile Typst source as the renderer would, were it ever given any."""
    made: bytes = _compiler().compile(input={"main.typ": payload}, format="pdf")
    return made
