from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.errors import UserError
from maild.store.sealing import Seal, read_seal

ONE, OTHER = Seal((b"1" * 32,)), Seal((b"2" * 32,))


@given(content=st.binary(max_size=300), row=st.text(max_size=30))
def test_what_was_sealed_for_a_row_opens_for_that_row_alone(content: bytes, row: str) -> None:
    sealed = ONE.close(content, row=row)
    assert ONE.open(sealed, row=row) == content
    with pytest.raises(UserError, match="another key"):
        ONE.open(sealed, row=row + "x")


def test_equal_contents_look_different() -> None:
    assert ONE.close(b"same", row="r") != ONE.close(b"same", row="r")


@pytest.mark.parametrize("at", [0, 4, 16, -1], ids=["mark", "nonce", "content", "tag"])
def test_a_changed_byte_is_noticed(at: int) -> None:
    sealed = bytearray(ONE.close(b"refresh token", row="r"))
    sealed[at] ^= 1
    with pytest.raises(UserError, match="sealed with another key"):
        ONE.open(bytes(sealed), row="r")


@pytest.mark.parametrize("sealed", [b"", b"1234", b"x" * 20], ids=["nothing", "short", "junk"])
def test_what_was_never_sealed_is_no_bug(sealed: bytes) -> None:
    with pytest.raises(UserError, match="another key"):
        ONE.open(sealed, row="r")


def test_an_old_key_still_opens_and_the_new_one_seals() -> None:
    ring = Seal((*OTHER.keys, *ONE.keys))
    assert ring.open(ONE.close(b"old", row="r"), row="r") == b"old"
    assert OTHER.open(ring.close(b"new", row="r"), row="r") == b"new"


def test_a_key_that_is_not_there_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "maild.secret"
    made = read_seal(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_seal(path) == made
    assert [one.name for one in path.parent.iterdir()] == ["maild.secret"]


def test_two_processes_that_make_the_key_together_agree_on_one(tmp_path: Path) -> None:
    path = tmp_path / "maild.secret"
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: read_seal(path), range(8)))) == 1


@pytest.mark.parametrize("text", ["", "geheim\n", "!!!!\n", "YWJj\n"], ids=str.strip)
def test_a_file_that_holds_no_key_is_told_and_not_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "maild.secret"
    path.write_text(text)
    with pytest.raises(UserError, match=r"maild\.secret_file: .* holds no key"):
        read_seal(path)
    assert path.read_text() == text


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"maild\.secret_file: .* cannot be used"):
        read_seal(tmp_path / "file" / "maild.secret")
