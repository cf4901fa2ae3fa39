"""The companies that the stand-in starts with, from `sample.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from importlib.resources import files
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from maild.simulators.exact.world import Book, World

YEARS = range(2024, 2036)


def fill(world: World) -> None:
    """Put the companies and their master data into a world."""
    for one in _said()["divisions"]:
        book = company(
            world,
            one["code"],
            name=one["name"],
            vat=one["vat"],
            country=one["country"],
            chart=one["chart"],
        )
        book.blocked = one.get("blocked", False)
        for year, months in one.get("closed", {}).items():
            book.years[int(year)] = set(months)


def company(
    world: World, code: int, *, name: str, vat: str, country: str = "BE", chart: str = "be"
) -> Book:
    """Add a company with the master data of a chart; no month of it is closed."""
    said = _said()
    book = Book(code, name, country, vat)
    book.years = {year: set() for year in YEARS}
    world.books[code] = book
    _chart(world, book, said["charts"][chart])
    _documents(world, book, said["documents"])
    return book


def _said() -> dict[str, Any]:
    text = files("maild.simulators.exact").joinpath("sample.toml").read_text("utf-8")
    return tomllib.loads(text)


def _chart(world: World, book: Book, chart: Mapping[str, Any]) -> None:
    for code, about, kind in chart["journals"]:
        _put(world, book, "financial/Journals", Code=code, Description=about, Type=kind)
    for code, about, rate, kind, side, charged, listing in chart["vat"]:
        values = {"Percentage": Decimal(str(rate)), "Type": kind, "VATTransactionType": side}
        more = {"Charged": charged, "EUSalesListing": listing, "IsBlocked": False}
        about_it = {"Code": code, "Description": about, "Country": book.country}
        _put(world, book, "vat/VATCodes", **about_it, **values, **more)
    for code, about, kind, vat in chart["accounts"]:
        values = {"Code": code, "Description": about, "Type": kind, "VATCode": vat}
        values["BalanceType"] = "W" if kind >= 110 else "B"
        _put(world, book, "financial/GLAccounts", **values, IsBlocked=False)
    for code, about, days in chart["conditions"]:
        values = {"Code": code, "Description": about, "PaymentDays": days, "PaymentMethod": "B"}
        _put(world, book, "cashflow/PaymentConditions", **values)
    for code, about in chart["cost_centers"]:
        _put(world, book, "hrm/Costcenters", Code=code, Description=about, Active=True)
    for path, name in (("logistics/ItemGroups", "item_groups"), ("logistics/Items", "items")):
        for code, about, account in chart[name]:
            known = book.coded("financial/GLAccounts", account) or {}
            _put(world, book, path, Code=code, Description=about, GLRevenue=known.get("ID"))


def _documents(world: World, book: Book, said: Mapping[str, Any]) -> None:
    for number, about, creatable in said["types"]:
        row = {"ID": number, "Description": about, "DocumentIsCreatable": creatable}
        book.put("documents/DocumentTypes", str(number), {**row, "DocumentIsViewable": True})
    for about in said["categories"]:
        _put(world, book, "documents/DocumentCategories", Code=about, Description=about)


def _put(world: World, book: Book, path: str, **values: Any) -> None:
    key = str(
        uuid5(NAMESPACE_URL, f"{book.code}/{path}/{values['Code']}")
    )  # the same at each start
    now = world.clock.now()
    book.put(
        path, key, {"ID": key, "Created": now, "Modified": now, "Division": book.code, **values}
    )
