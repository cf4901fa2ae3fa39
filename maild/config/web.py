"""[web]: the pages for partners, owners and operators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from maild.config.section import Address, Section
from maild.config.values import Duration, Endpoint, Listens, MaybePath, Networks, is_loopback
from maild.errors import KeyProblem, did_you_mean


class Web(Section):
    """[web]: where the pages are served, and how their mails leave."""

    listen: Listens = ()
    url: Endpoint = ""
    operators: tuple[Address, ...] = ()
    proxies: Networks = ()
    metrics_token_file: MaybePath = None
    via: str = ""
    sender: str = Field(default="", alias="from")
    second_factor: Literal["required", "optional"] = "required"
    # Whoever has such a link can download, so it is short-lived (portal_security.md 4); an operator
    # whose accountants are away over a weekend may give it longer.
    link_lifetime: Duration = timedelta(hours=24)
    link_downloads: int = Field(default=5, ge=1, le=100)

    @model_validator(mode="after")
    def _links_last(self) -> Web:
        if not timedelta(hours=1) <= self.link_lifetime <= timedelta(days=31):
            raise ValueError(
                "link_lifetime is how long a link to a package is good: between an hour and 31"
                ' days, such as "3d"'
            )
        return self

    @model_validator(mode="after")
    def _reachable(self) -> Web:
        outside = [str(one) for one in self.listen if not is_loopback(one.host)]
        if self.listen and not self.url and (outside or not all(one.port for one in self.listen)):
            raise ValueError(
                "url is needed: the https address by which people reach these pages, such as"
                ' "https://maild.example"'
            )
        if self.url and urlsplit(self.url).path.strip("/"):
            raise ValueError(f'url = "{self.url}" has a path; the pages need a host of their own')
        if bool(self.via) != bool(self.sender):
            raise ValueError(
                "via and from belong together: the [connector.smtp.NAME] that carries sign-in mails,"
                " and who they are from"
            )
        return self

    @property
    def address(self) -> str:
        """How the pages are reached, without a slash at the end; empty while nothing is served."""
        if self.url or not self.listen:
            return self.url.rstrip("/")
        return f"http://{self.listen[0]}"


def found_between(tables: Mapping[str, Any]) -> Iterator[KeyProblem]:
    """What the section alone does not show: a `via` that is no connector."""
    web, connectors = tables.get("web"), tables.get("connector")
    via = web.get("via") if isinstance(web, dict) else None
    smtp = connectors.get("smtp") if isinstance(connectors, dict) else None
    names = list(smtp) if isinstance(smtp, dict) else []
    if isinstance(via, str) and via and via not in names:
        hint = did_you_mean(via, names)
        yield KeyProblem("web.via", f'there is no connector "{via}"{hint}')
