"""A process that asks for one access token and says it: `python refreshing.py FOLDER SETTINGS`."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from maild.connectors.oauth import OAuthTokens
from maild.connectors.oauth_providers import account_at
from maild.store.database import Database
from maild.store.tokens import SealedTokens


def now() -> datetime:
    return datetime.now(UTC)


async def main(folder: Path, settings: dict[str, str]) -> None:
    db = await Database.open(folder / "maild.db")
    store = SealedTokens(db, secret_file=folder / "maild.secret", now=now)
    account = account_at(**settings)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    tokens = OAuthTokens({account.name: account}, store=store, now=now)
    sys.stdout.write(await tokens.token(account.name))
    await db.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), json.loads(sys.argv[2])))
