"""Events of accounts at providers: consent given, tokens renewed, consent gone."""

from __future__ import annotations

from maild.log.setup import LOG


def account_connected(*, account: str, provider: str) -> None:
    """A person gave consent for a mailbox."""
    LOG.info("account.connected", account=account, provider=provider)


def account_renewed(*, account: str, provider: str) -> None:
    """A new access token was fetched and is kept."""
    LOG.debug("account.renewed", account=account, provider=provider)


def account_needs_consent(*, account: str, provider: str, reason: str) -> None:
    """The provider lets us in no more until a person gives consent again: `maild connect`."""
    LOG.error("account.needs_consent", account=account, provider=provider, reason=reason)


def account_refused(*, account: str, provider: str, reason: str) -> None:
    """The provider does not take our registration: its id, its secret or what it may ask."""
    LOG.error("account.refused", account=account, provider=provider, reason=reason)


def token_arrived(*, account: str, team: str) -> None:
    """A mail brought the token that a team waits for; it is kept, sealed, until it is used."""
    LOG.info("token.arrived", account=account, team=team)


def token_refused(*, account: str, team: str, reason: str) -> None:
    """The token that a mail brought was not taken, or is another company's."""
    LOG.error("token.refused", account=account, team=team, reason=reason)
