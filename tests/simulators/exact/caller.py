"""A bare client of the stand-in: one that does what a test says, right or wrong."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx2

from maild.simulators.exact.server import ExactOnline

REDIRECT = "https://maild.example/exact"


class Caller:
    """Signs in when it is made."""

    def __init__(self, exact: ExactOnline, *, sign_in: bool = True) -> None:
        self.exact = exact
        self.http = httpx2.Client(timeout=10, headers={"Accept": "application/json"})
        self.tokens: dict[str, str] = {}
        if sign_in:
            self.tokens = self.trade(self.code()).json()

    def consent_url(self, **changed: str) -> str:
        asked = {
            "client_id": self.exact.client.id,
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "state": "xyz",
        }
        return f"{self.exact.url}/api/oauth2/auth?{urlencode({**asked, **changed})}"

    def code(self, **changed: str) -> str:
        landing = self.exact.approve(self.consent_url(**changed))
        return parse_qs(urlsplit(landing).query)["code"][0]

    def token(self, *, headers: dict[str, str] | None = None, **form: str) -> httpx2.Response:
        known = {"client_id": self.exact.client.id, "client_secret": self.exact.client.secret}
        url = f"{self.exact.url}/api/oauth2/token"
        return self.http.post(url, data={**known, **form}, headers=headers)

    def trade(self, code: str) -> httpx2.Response:
        return self.token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT)

    def refresh(self, token: str | None = None) -> httpx2.Response:
        return self.token(
            grant_type="refresh_token", refresh_token=token or self.tokens["refresh_token"]
        )

    def renew(self) -> None:
        """Refresh as a good client does."""
        self.exact.clock.advance(575)
        self.tokens = self.refresh().json()

    def url(self, path: str, *, division: object = None, **options: object) -> str:
        where = "" if path.startswith("current/") else f"{division or self.exact.division}/"
        query = "&".join(f"${name}={quote(str(value))}" for name, value in options.items())
        return f"{self.exact.url}/api/v1/{where}{path}{'?' if query else ''}{query}"

    def call(self, method: str, url: str, **more: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.tokens.get('access_token')}"}
        headers.update(more.pop("headers", {}))
        return self.http.request(method, url, headers=headers, **more)

    def get(self, path: str, *, division: object = None, **options: object) -> httpx2.Response:
        return self.call("GET", self.url(path, division=division, **options))

    def rows(self, path: str, **options: object) -> list[dict[str, Any]]:
        answer = self.get(path, **options)
        assert answer.status_code == 200, answer.text
        data = answer.json()["d"]
        found: list[dict[str, Any]] = data if isinstance(data, list) else data["results"]
        return found

    def post(self, path: str, values: Any, *, whole: bool = True) -> httpx2.Response:
        headers = {"Prefer": "return=representation"} if whole else {}
        return self.call("POST", self.url(path), json=values, headers=headers)

    def made(self, path: str, values: Any) -> dict[str, Any]:
        answer = self.post(path, values)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()["d"]
        return found

    # What most tests need.

    def id_of(self, path: str, code: str) -> str:
        row = self.exact.book().coded(path, code)
        assert row is not None
        return str(row["ID"])

    def customer(self, **values: Any) -> str:
        return str(self.made("crm/Accounts", {"Name": "Klant NV", "Status": "C", **values})["ID"])

    def sale(self, **values: Any) -> dict[str, Any]:
        account = self.id_of("financial/GLAccounts", "700000")
        line = {"GLAccount": account, "AmountFC": 100, "VATCode": "1"}
        plain = {"Journal": "70", "EntryDate": "2026-11-20", "SalesEntryLines": [line]}
        if "Customer" not in values:
            plain["Customer"] = self.customer()
        return {**plain, **values}


def message(answer: httpx2.Response) -> str:
    """The words of a refusal."""
    value: str = answer.json()["error"]["message"]["value"]
    return value
