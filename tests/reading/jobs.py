"""Jobs for the tests of the sandbox: ones that answer, complain, fail, and die."""

from __future__ import annotations

import os
from pathlib import Path

from maild.errors import Unreadable
from maild.reading.packed import pack


def describe(payload: bytes) -> bytes:
    """Answer with a head and two bodies."""
    return pack({"size": len(payload), "word": "é"}, [payload, b""])


def complain(_: bytes) -> bytes:
    """Say that the file cannot be used."""
    raise Unreadable("the file has 200,000 pages; maild reads at most 1,000")


def stumble(_: bytes) -> bytes:
    """Fail as libraries do on damaged files."""
    raise KeyError("/Root")


def swallow(_: bytes) -> bytes:
    """Take more memory than there is."""
    return bytes(len(bytearray(2 << 30)))


def die(payload: bytes) -> bytes:
    """Abort, and leave a mark in the file that the payload names, as far as a child may write."""
    with Path(payload.decode()).open("ab") as mark:
        mark.write(b"x")
    os.abort()


def die_once(payload: bytes) -> bytes:
    """Abort the first time only."""
    path = Path(payload.decode())
    if not path.exists():
        path.touch()
        os.abort()
    return b"done"


def abort(_: bytes) -> bytes:
    """Die whatever is asked."""
    os.abort()
