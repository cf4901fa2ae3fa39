"""/metrics: figures as Prometheus reads them, for this machine or for who has the token."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from maild.web import site
from maild.web.metrics import MEDIA_TYPE, _gauge
from tests.web.conftest import OPERATOR, URL, Site, an_invoice

HERE = "http://127.0.0.1:8080"
LINE = re.compile(r'[a-z_]+(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})? -?[0-9.e+-]+')


async def asked(
    pages: Site, *, url: str = HERE, peer: str = "127.0.0.1", **headers: str
) -> httpx2.Response:
    """What somebody at that address is answered."""
    transport = httpx2.ASGITransport(app=site.build(pages.app), client=(peer, 4711))
    async with httpx2.AsyncClient(transport=transport, base_url=url, headers=headers) as client:
        return await client.get("/metrics")


async def test_figures_are_lines_that_prometheus_reads(pages: Site) -> None:
    await pages.app.actions.send([("a.xml", an_invoice("F-1"))], team="acme", tag=None)
    answer = await asked(pages)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == MEDIA_TYPE
    lines = answer.text.splitlines()
    samples = [one for one in lines if not one.startswith("#")]
    assert all(LINE.fullmatch(one) for one in samples)
    assert 'maild_deliveries{state="queued"} 2' in samples
    assert "maild_came_today 1" in samples
    named = {re.split(r"[{ ]", one)[0] for one in samples}
    assert named <= {one.split()[2] for one in lines if one.startswith("# TYPE")}


@pytest.mark.parametrize(
    ("url", "peer", "headers"),
    [
        (HERE, "192.0.2.7", {}),
        (URL, "127.0.0.1", {}),
        (HERE, "127.0.0.1", {"x-forwarded-for": "192.0.2.7"}),
        (HERE, "127.0.0.1", {"forwarded": "for=192.0.2.7"}),
        (HERE, "192.0.2.7", {"authorization": "Bearer "}),
        (HERE, "192.0.2.7", {"authorization": "Bearer wrong"}),
    ],
    ids=["another machine", "a proxy", "X-Forwarded-For", "Forwarded", "no token", "a wrong token"],
)
async def test_who_may_not_see_them_finds_nothing(
    pages: Site, url: str, peer: str, headers: dict[str, str]
) -> None:
    answer = await asked(pages, url=url, peer=peer, **headers)
    assert answer.status_code == 404
    assert "maild_" not in answer.text


async def test_a_session_of_the_operator_is_no_token(
    browsers: Callable[..., Any],
) -> None:
    browser = await browsers(OPERATOR)
    assert (await browser.get("/metrics")).status_code == 404


async def test_who_has_the_token_may_ask_from_elsewhere(pages: Site) -> None:
    path = pages.app.settings.maild.data_dir / "metrics.token"
    path.write_text("s3cret\n", "utf-8")
    web = pages.app.settings.web.model_copy(update={"metrics_token_file": path})
    settings = pages.app.settings.model_copy(update={"web": web})
    elsewhere = Site(replace(pages.app, settings=settings))
    answer = await asked(elsewhere, url=URL, peer="192.0.2.7", authorization="Bearer s3cret")
    assert answer.status_code == 200
    wrong = await asked(elsewhere, url=URL, peer="192.0.2.7", authorization="Bearer s3cre")
    assert wrong.status_code == 404


def test_a_label_is_escaped() -> None:
    assert list(_gauge("a", "b.", [({"c": 'x"\\\n'}, 1)]))[1] == 'a{c="x\\"\\\\\\n"} 1\n'
