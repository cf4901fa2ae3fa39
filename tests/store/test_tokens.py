from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maild.errors import UserError
from maild.model.token import Consent, Token
from maild.store import tokens
from maild.store.database import Database
from maild.store.tokens import LEASE, SealedTokens

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


def a_token(access: str = "access-1", refresh: str | None = "refresh-1") -> Token:
    """An hour's token."""
    return Token(
        access=access,
        refresh=refresh,
        expires_at=NOON + timedelta(hours=1),
        obtained_at=NOON,
        consented_at=NOON,
        scope="mail",
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(db: Database, tmp_path: Path, clock: Clock) -> SealedTokens:
    return SealedTokens(db, secret_file=tmp_path / "maild.secret", now=clock)


async def test_a_token_comes_back_as_it_was_kept(kept: SealedTokens) -> None:
    assert await kept.load("acme") == Consent("acme", None)
    await kept.save("acme", a_token())
    assert await kept.load("acme") == Consent("acme", a_token())
    await kept.save("acme", a_token("access-2", None))
    assert await kept.load("acme") == Consent("acme", a_token("access-2", None))


async def test_the_file_and_its_log_hold_no_secret(
    kept: SealedTokens, db: Database, tmp_path: Path
) -> None:
    await kept.save("acme", a_token())
    held = b"".join(path.read_bytes() for path in tmp_path.glob("maild.db*"))
    assert b"acme" in held
    assert b"access-1" not in held
    assert b"refresh-1" not in held
    assert "access-1" not in repr(a_token())


async def test_a_row_that_was_moved_to_another_account_does_not_open(
    kept: SealedTokens, db: Database
) -> None:
    await kept.save("acme", a_token())
    await kept.save("other", a_token("access-2"))
    move = "UPDATE tokens SET sealed = (SELECT sealed FROM tokens WHERE name = 'other')"
    await db.write(lambda tx: tx.exec_driver_sql(move))
    with pytest.raises(UserError, match="tokens:acme was sealed with another key"):
        await kept.load("acme")


async def test_trouble_is_news_once_and_over_with_the_next_token(
    kept: SealedTokens, db: Database
) -> None:
    assert await kept.spoil("acme", "revoked")
    assert not await kept.spoil("acme", "still revoked")
    assert (await kept.load("acme")).trouble == "still revoked"
    standing = await db.read(tokens.standings)
    assert standing["acme"].trouble == "still revoked"
    assert standing["acme"].consented_at is None
    await kept.save("acme", a_token())
    assert (await kept.load("acme")).trouble is None
    assert (await db.read(tokens.standings))["acme"].expires_at == NOON + timedelta(hours=1)


async def test_one_process_at_a_time_refreshes(
    kept: SealedTokens, db: Database, tmp_path: Path, clock: Clock
) -> None:
    other = SealedTokens(db, secret_file=tmp_path / "maild.secret", now=clock)
    assert await kept.lease("acme")
    assert await kept.lease("acme")
    assert not await other.lease("acme")
    await other.release("acme")  # not its own to give back
    assert not await other.lease("acme")
    await kept.release("acme")
    assert await other.lease("acme")


async def test_the_right_to_refresh_of_a_dead_process_ends_by_itself(
    kept: SealedTokens, db: Database, tmp_path: Path, clock: Clock
) -> None:
    other = SealedTokens(db, secret_file=tmp_path / "maild.secret", now=clock)
    assert await other.lease("acme")
    clock.at += LEASE
    assert await kept.lease("acme")
