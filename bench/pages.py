"""How long the pages take and how much they weigh, and whether a long history makes them slower.

`maild run` is asked over loopback by one client that keeps its connection, page after page, as an
accountant, a team's own people and the operator. Every page of the site is asked, some in several
ways. First with so many documents for each of 20 teams, beside the limits of 150 ms (95th
percentile) and 60 kB (page and assets, gzipped); then with few and with many in all, half of them
of one team: `flatness` is what a page takes with many, over what it takes with few.

    python -m bench.pages [--each 10000] [--few 1000] [--many 1000000] [--rounds 20]
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import re
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench._common import say
from bench._site import ASKED, HOST, TEAMS, House, Known, a_house
from maild.web import site

LIMIT: Final = 150.0  # ms
MOST_BYTES: Final = 60_000
# Not pages: files and pictures, made of one document or of many; and answers that lead elsewhere.
LEFT_OUT: Final = frozenset(
    {
        "/documents/{id}/pages/{page}",
        "/documents/{id}/files/{file}",
        "/documents/{id}/pdf",
        "/documents/{id}/proof",
        "/teams/{team}/download",
        "/second-factor",  # leads on whoever has given it
        "/account/app",
        "/packages/{token}",
        "/teams/{team}/settings/logo.png",
        "/teams/{team}/settings/sample.png",
        "/sign-in/{id}",
        "/sign-in/{id}/{token}",
        "/",
        "/documents/{id}/figures",  # of a PDF that was read, and the store has none
        "/operator/dns",  # asks other servers
    }
)


@dataclass(frozen=True, slots=True)
class Took:
    """A page, asked several times: milliseconds, sorted, and the octets of it and its assets."""

    ms: list[float]
    octets: int

    def at(self, part: float) -> float:
        """A percentile."""
        return self.ms[min(len(self.ms) - 1, int(len(self.ms) * part))]


def pages(known: Known) -> list[tuple[str, str, str]]:
    """Every page: (name, who asks, address). A page of the site that is not here is a fault."""
    listed = f"/teams/{ASKED}/documents"
    year = datetime.now(UTC).year
    asked = [
        ("partner", "/teams", ""),
        ("partner", listed, ""),
        ("partner", listed, f"?period={year}"),
        ("partner", listed, f"?period={year}&behind={known.behind}"),
        ("partner", listed, "?new=1"),
        ("partner", listed, f"?text={known.party}"),
        ("partner", f"/documents/{known.middle}", ""),
        ("partner", f"/teams/{ASKED}/waiting", ""),
        ("partner", f"/teams/{ASKED}/automatic", ""),
        ("partner", "/links", ""),
        ("partner", "/account", ""),
        ("nobody", "/sign-in", ""),
        ("owner", f"/teams/{ASKED}/today", ""),
        ("owner", f"/teams/{ASKED}/today", f"?after={known.middle}"),
        ("owner", listed, ""),
        ("owner", f"/documents/{known.newest}", ""),
        ("owner", f"/teams/{ASKED}/live", ""),
        ("owner", f"/teams/{ASKED}/exports", ""),
        ("owner", f"/teams/{ASKED}/settings", ""),
        ("owner", f"/teams/{ASKED}/connections", ""),
        ("operator", "/operator", ""),
        ("operator", "/operator/in", ""),
        ("operator", "/operator/in", f"?after={known.middle[2:]}"),
        ("operator", "/operator/out", ""),
        ("operator", "/operator/out", f"?state=failed&team={ASKED}"),
        ("operator", f"/operator/documents/{known.middle}", ""),
        ("operator", "/operator/rules", ""),
        ("operator", "/operator/rules", f"?team={ASKED}"),
        ("operator", "/operator/connections", ""),
        ("operator", "/operator/schedule", ""),
        ("operator", "/operator/settings", ""),
        ("operator", "/operator/trail", ""),
    ]
    _none_missing([path for _, path, _ in asked])
    return [(_name(who, path, query), who, path + query) for who, path, query in asked]


def _name(who: str, path: str, query: str) -> str:
    plain = re.sub(r"d-[0-9a-z]{20}", "ID", path.replace(ASKED, "T"))
    ways = "".join(f" {one.partition('=')[0]}" for one in query[1:].split("&") if one)
    return f"{who} {plain}{' by' if ways else ''}{ways}"


def _none_missing(paths: list[str]) -> None:
    wanted = {one.path for one in site.PAGES if one.method == "GET"} - LEFT_OUT
    missing = [
        one
        for one in wanted
        if not any(re.fullmatch(re.sub(r"{\w+}", "[^/]+", one), path) for path in paths)
    ]
    if missing:
        raise SystemExit(f"pages that nobody asks here: {', '.join(sorted(missing))}")


def measure(*houses: House, rounds: int) -> list[dict[str, Took]]:
    """Each page of each house asked so often, all in turns: a busy moment of the machine is nobody's alone."""
    clients = [http.client.HTTPConnection("127.0.0.1", one.port, timeout=60) for one in houses]
    both = list(zip(clients, houses, [pages(one.known) for one in houses], strict=True))
    # Not counted: templates are compiled, and the store's pages are read.
    bodies = [
        {name: _ask(client, house, who=who, at=at)[1] for name, who, at in asked}
        for client, house, asked in both
    ]
    took: list[dict[str, list[float]]] = [{name: [] for name in one} for one in bodies]
    for _ in range(rounds):
        for n in range(len(bodies[0])):
            for each, (client, house, asked) in zip(took, both, strict=True):
                name, who, at = asked[n]
                each[name].append(_ask(client, house, who=who, at=at)[0])
    found = [
        {name: Took(sorted(each[name]), _octets(client, house, body)) for name, body in of.items()}
        for each, of, (client, house, _) in zip(took, bodies, both, strict=True)
    ]
    for client in clients:
        client.close()
    return found


def _ask(
    client: http.client.HTTPConnection, house: House, *, who: str, at: str
) -> tuple[float, bytes]:
    headers = {"Host": HOST, "Cookie": house.cookies[who], "Accept-Encoding": "identity"}
    began = time.perf_counter()
    client.request("GET", at, headers=headers)
    answer = client.getresponse()
    body = answer.read()
    took = (time.perf_counter() - began) * 1000
    if answer.status != 200:
        raise SystemExit(f"{at} answers {answer.status} to the {who}")
    return took, body


def _octets(client: http.client.HTTPConnection, house: House, body: bytes) -> int:
    """The page and each of our files that it names, as gzip makes them."""
    assets = {one.decode() for one in re.findall(rb'"(/static/[^"]+)"', body)}
    each = [body, *(_ask(client, house, who="nobody", at=one)[1] for one in sorted(assets))]
    return sum(len(gzip.compress(one, 6)) for one in each)


def limits(took: Mapping[str, Took], *, each: int) -> None:
    """Every page beside both limits, and the slowest and the heaviest once more."""
    for name, one in took.items():
        _say(name, one, peer="limit", peer_value=LIMIT, documents=each * len(TEAMS))
    slowest = max(took, key=lambda name: took[name].at(0.95))
    _say(f"slowest: {slowest}", took[slowest], peer="limit", peer_value=LIMIT, documents=each)
    heaviest = max(took, key=lambda name: took[name].octets)
    say(
        f"heaviest: {heaviest}",
        took[heaviest].octets,
        unit="octets, gzipped",
        peer="limit",
        peer_value=MOST_BYTES,
    )


def flatness(few: Mapping[str, Took], many: Mapping[str, Took], *, documents: int) -> None:
    """Every page with many documents beside itself with few; medians too, which a busy machine spares."""
    for name, one in many.items():
        _say(
            name,
            one,
            peer="few documents",
            peer_value=few[name].at(0.95),
            documents=documents,
            flatness=round(one.at(0.95) / few[name].at(0.95), 2),
            flatness_p50=round(one.at(0.5) / few[name].at(0.5), 2),
        )


def _say(name: str, one: Took, *, peer: str, peer_value: float, **facts: object) -> None:
    p95 = one.at(0.95)
    say(
        f"pages: {name}",
        p95,
        unit="ms p95",
        peer=peer,
        peer_value=peer_value,
        p50=round(one.at(0.5), 1),
        octets=one.octets,
        **facts,
    )


def main() -> None:
    """Run all of it in folders that go away."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=10_000, help="documents of each team")
    parser.add_argument("--few", type=int, default=1_000, help="documents in all; 0: no flatness")
    parser.add_argument("--many", type=int, default=1_000_000, help="documents in all")
    parser.add_argument("--rounds", type=int, default=20)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-pages-") as folder:
        if asked.each:
            with a_house(Path(folder) / "each", dict.fromkeys(TEAMS, asked.each)) as house:
                [took] = measure(house, rounds=asked.rounds)
            limits(took, each=asked.each)
        if asked.few and asked.many:
            with (
                a_house(Path(folder) / "few", _halved(asked.few)) as little,
                a_house(Path(folder) / "many", _halved(asked.many)) as much,
            ):
                few, many = measure(little, much, rounds=asked.rounds)
            flatness(few, many, documents=asked.many)


def _halved(count: int) -> dict[str, int]:
    """Half of them of the asked team, the others shared out."""
    rest = count // 2 // (len(TEAMS) - 1) // 20 * 20
    return {one: count // 2 if one == ASKED else rest for one in TEAMS}


if __name__ == "__main__":
    main()
