"""A process that books one invoice: `python delivering.py FOLDER SETTINGS NUMBER NOW`."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path

from maild.connectors.exact import ExactConnector
from maild.connectors.exact_api import ExactApi, ExactOptions
from maild.connectors.oauth import OAuthTokens
from maild.connectors.oauth_providers import account_at
from maild.store.database import Database
from maild.store.ledger import StoredLedger
from maild.store.tokens import SealedTokens
from tests.connectors.conftest import Crossing
from tests.connectors.exact.bench import booked
from tests.connectors.goods import a_relay_parcel, goods


async def main(folder: Path, settings: dict[str, str], number: str, *, now: datetime) -> None:
    db = await Database.open(folder / "maild.db")
    division = settings.pop("division")
    account = account_at(
        provider="exact",
        **settings,
        client_secret_file=folder / "exact.secret",
    )
    store = SealedTokens(db, secret_file=folder / "maild.secret", now=lambda: now)
    api = ExactApi(
        ExactOptions("exact", account, settings["site"]),
        tokens=OAuthTokens({account.name: account}, store=store, now=lambda: now),
        ledger=StoredLedger(db, now=lambda: now),
        now=lambda: now,
        pause=asyncio.sleep,
    )
    connector = ExactConnector(api, booking=booked, now=lambda: now)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    parcel = a_relay_parcel(goods(number), address=division)
    sys.stdout.write(await connector.deliver(parcel, point_of_no_return=Crossing()))
    await connector.close()
    await db.close()


if __name__ == "__main__":
    asyncio.run(
        main(
            Path(sys.argv[1]),
            json.loads(sys.argv[2]),
            sys.argv[3],
            now=datetime.fromisoformat(sys.argv[4]),
        )
    )
