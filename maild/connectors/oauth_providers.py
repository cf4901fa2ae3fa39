"""Where Microsoft, Google and Exact Online hand out tokens, and how they want to be asked: values, no calls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

# A login and a long mail must fit into what is left of a token.
MARGIN: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Account:
    """One user of a provider and the registration that asks for him; `name` is the configuration's.

    `extra` goes along to the page of consent, `device_first` tells which way is proposed. A token
    that has less than `margin` left is renewed; where there is a `window`, no sooner than so long
    before its end. Where there is `calls_a_day`, no more is asked of the token endpoint within a day
    (UTC). `over` and `early` are words of a refusal: the consent has ended, or the token
    that is to be renewed has not.
    """

    name: str
    provider: str
    label: str  # what people call the provider
    address: str
    team: str
    authorize_url: str
    device_url: str
    token_url: str
    scopes: tuple[str, ...]
    client_id: str = ""
    client_secret_file: Path | None = None
    redirect_uri: str = "http://localhost"
    extra: tuple[tuple[str, str], ...] = ()
    device_first: bool = True
    pkce: bool = True
    login_hint: bool = True
    margin: timedelta = MARGIN
    window: timedelta | None = None
    calls_a_day: int | None = None
    over: tuple[str, ...] = ()
    early: str = ""

    @property
    def command(self) -> str:
        """What a person types to give the consent (again)."""
        return f"maild connect {self.provider} {self.team} --account {self.name}"

    def changed(self, **given: object) -> Account:
        """The same with what was given; nothing and empty texts leave what is there."""
        return replace(self, **{key: value for key, value in given.items() if value})  # type: ignore[arg-type]  # the caller names fields


# learn.microsoft.com, "Authenticate an IMAP, POP or SMTP connection using OAuth": delegated
# permissions; offline_access is what gives a refresh token.
_MICROSOFT: Final = Account(
    name="",
    provider="microsoft",
    label="Microsoft 365",
    address="",
    team="",
    authorize_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
    device_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/devicecode",
    token_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",  # noqa: S106 - an address
    scopes=(
        "https://outlook.office.com/SMTP.Send",
        "https://outlook.office.com/IMAP.AccessAsUser.All",
        "offline_access",
    ),
    extra=(("response_mode", "query"),),
)

# developers.google.com/identity/protocols/oauth2/native-app: offline access and a page that is shown
# again, else a second consent brings no refresh token. The scope for mail is not among those that
# Google lets devices ask for, so its way is the browser.
_GOOGLE: Final = Account(
    name="",
    provider="google",
    label="Google",
    address="",
    team="",
    authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
    device_url="https://oauth2.googleapis.com/device/code",
    token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - an address
    scopes=("https://mail.google.com/",),
    extra=(("access_type", "offline"), ("prompt", "consent")),
    device_first=False,
)

# exact_online.md A1: a token is good for 10 minutes and renewed in its last 30 seconds only, by a
# refresh token that is good for one use; the error codes of its refusals are not known, so their
# words count. Rights come from the registration and the user, so there are no scopes.
_EXACT: Final = Account(
    name="",
    provider="exact",
    label="Exact Online",
    address="",
    team="",
    authorize_url="{site}/api/oauth2/auth",
    device_url="",
    token_url="{site}/api/oauth2/token",  # noqa: S106 - an address
    scopes=(),
    # Whoever is logged in already may be another user of the same browser.
    extra=(("force_login", "1"),),
    device_first=False,
    pkce=False,
    login_hint=False,
    margin=timedelta(seconds=20),
    window=timedelta(seconds=30),
    # Exact takes 200 a day of one user; every ten minutes are 150, and a consent takes one.
    calls_a_day=190,
    over=("old refresh token used", "refresh token expired"),
    early="not expired",
)

_PROVIDERS: Final = {one.provider: one for one in (_MICROSOFT, _GOOGLE, _EXACT)}


def account_at(
    *, provider: str, tenant: str = "common", site: str = "", **given: object
) -> Account:
    """An account at a known provider; what is given stands over what is known of it.

    `tenant` is Microsoft's, `site` the address of a site of Exact Online.
    """
    known = _PROVIDERS[provider]
    places = {
        key: getattr(known, key).format(tenant=tenant, site=site)
        for key in ("authorize_url", "device_url", "token_url")
    }
    return known.changed(**places).changed(**given)
