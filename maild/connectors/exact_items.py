"""Items at Exact Online (logistics/Items): made when they are not there, never changed.

An entry of a finished invoice has no items on its lines; a catalogue there is for other uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from maild.connectors.exact_answers import text
from maild.connectors.exact_api import Books
from maild.connectors.exact_booking import ItemWanted

ENTITY: Final = "logistics/Items"


async def absent(books: Books, wanted: Sequence[ItemWanted]) -> list[ItemWanted]:
    """The items that are not there yet. Ask for few at a time: addresses must not grow too long."""
    if not wanted:
        return []
    where = " or ".join(f"Code eq {text(one.code)}" for one in wanted)
    rows = await books.rows(ENTITY, where=where, select="ID,Code")
    there = {str(row["Code"]) for row in rows}
    return [one for one in wanted if one.code not in there]


async def make(books: Books, one: ItemWanted) -> None:
    """A new item. One that was made twice is refused by Exact, since its code is unique."""
    await books.create(ENTITY, {**one.values, "Code": one.code})
