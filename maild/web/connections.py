"""How a team is connected: the mailboxes that are read, the ways out, and the accounts that let maild in.

What each needs next is said where it stands; a consent is asked for and given here, as `maild connect`
does it. Passwords and settings of servers stay with the operator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from starlette.responses import Response

from maild import roads
from maild.config.mailbox import Mailbox
from maild.consents import Account, Consents
from maild.doctor import doors
from maild.errors import DeliveryError, NotFound, UserError
from maild.joining import Joining
from maild.lights import Light, lights, renewals
from maild.mailboxes import build_mailboxes
from maild.model.team import Team
from maild.web.asking import Asking
from maild.web.pages import page
from maild.web.routes import Page, Who
from maild.web.visit import Visit, go

_LONGEST_ADDRESS: Final = 16_384


@dataclass(frozen=True, slots=True)
class Way:
    """A connector that carries something of the team; `trouble` says why it needs to be joined first."""

    light: Light
    recipients: tuple[str, ...]
    trouble: str
    joins: bool  # whether it is connected here, by a token


async def show(visit: Visit) -> Response:
    """The page."""
    return await _show(visit)


async def test(visit: Visit) -> Response:
    """Enter a mailbox now, and list its folders."""
    team, name = _team(visit), visit.path("name")
    section = visit.app.settings.mailbox.get(name)
    if section is None or not _is_own(section, team):
        raise NotFound(f"there is no mailbox {name}")
    every = build_mailboxes(visit.app.settings, tokens=roads.build_tokens(visit.app))
    found = await doors.mailbox(visit.app.settings, name, every[name])
    return await _show(visit, tested=name, findings=[(one.level, one.said) for one in found])


async def ask(visit: Visit) -> Response:
    """Ask the provider of an account for consent."""
    consents = Consents.of(visit.app)
    account = _account(visit, consents)
    asking, session = _asking(visit), visit.known.session.id
    now = visit.app.handling.today.now()
    try:
        if account.device_first:
            question = await consents.ask_by_device(account)
            answer = consents.wait_for_device(account, question)
            asking.begin(session, account, question, now=now, answer=answer)
        else:
            asking.begin(session, account, consents.ask_by_page(account), now=now)
    except (UserError, DeliveryError) as fault:
        return await _show(visit, said=_why(fault))
    await _note(visit, "account.asked", account.name)
    return go(_here(visit))


async def answer(visit: Visit) -> Response:
    """Take the address that was pasted back."""
    consents = Consents.of(visit.app)
    account = _account(visit, consents)
    asking, session = _asking(visit), visit.known.session.id
    question = asking.page(session, account.name, now=visit.app.handling.today.now())
    pasted = visit.field("pasted", longest=_LONGEST_ADDRESS)
    try:
        await consents.redeem_page(account, question, pasted=pasted)
    except (UserError, DeliveryError) as fault:
        return await _show(visit, said=_why(fault))
    asking.end(session, account.name)
    await _note(visit, "account.connected", account.name)
    return go(f"{_here(visit)}?done={account.name}")


async def join(visit: Visit) -> Response:
    """Have CodaBox mail a token, or use the one that was mailed."""
    team, name = _team(visit), visit.path("name")
    joining = Joining.of(visit.app)
    if name not in joining.ways or name not in _used(team):
        raise NotFound(f"there is no connector {name}")
    token = visit.field("token")
    try:
        if token:
            await joining.redeem(name, team, tokens=[token], pasted=True)
        else:
            await joining.ask(name, team)
    except (UserError, DeliveryError) as fault:
        return await _show(visit, said=_why(fault))
    await _note(visit, "account.connected" if token else "account.asked", name)
    return go(f"{_here(visit)}?{'done' if token else 'mailed'}={name}")


async def _show(
    visit: Visit,
    *,
    said: Sequence[str] = (),
    tested: str = "",
    findings: list[tuple[str, str]] | None = None,
) -> Response:
    team = _team(visit)
    status = await visit.app.actions.overall()
    own = {name for name, one in visit.app.settings.mailbox.items() if _is_own(one, team)}
    accounts = [one for one in status["accounts"] if one["team"] == team.slug]
    now = visit.app.handling.today.now()
    asking, session = _asking(visit), visit.known.session.id
    query = visit.request.query_params
    names = {one["account"] for one in accounts} | _used(team)
    return page(
        visit,
        "connections.html",
        status=422 if said else 200,
        team=team,
        mailboxes=[one for one in status["mailboxes"] if one["mailbox"] in own],
        accounts=accounts,
        pending={one["account"]: asking.of(session, one["account"], now=now) for one in accounts},
        ways=await _ways(visit, team),
        renewals=await renewals(visit.app),
        whose=team.slug,
        moment=lambda at: visit.words.moment(datetime.fromisoformat(at)),
        tested=tested,
        findings=findings or [],
        said=said,
        done=query.get("done", "") if query.get("done", "") in names else "",
        mailed=query.get("mailed", "") if query.get("mailed", "") in names else "",
    )


def _why(fault: UserError | DeliveryError) -> Sequence[str]:
    return fault.problems if isinstance(fault, UserError) else (fault.reply,)


async def _ways(visit: Visit, team: Team) -> list[Way]:
    known = {one.name: one for one in await lights(visit.app)}
    joining = Joining.of(visit.app)
    found = []
    for name in sorted(_used(team) & known.keys()):
        joins, mine = name in joining.ways, [one for one in team.recipients if one.via == name]
        trouble = await joining.trouble(name, team) if joins else None
        # What others have there is theirs: their administrations, and how much they ask.
        light = _own(known[name], {one.address for one in mine})
        found.append(Way(light, tuple(one.name for one in mine), trouble or "", joins))
    return found


def _own(light: Light, addresses: set[str]) -> Light:
    rests = tuple(one for one in light.rests if not one.of or one.of in addresses)
    budgets = tuple(one for one in light.budgets if not one.of or one.of in addresses)
    own = replace(light, rests=rests, budgets=budgets)
    if light.rests and not rests:
        return replace(own, mood="good", state="good")
    return own


def _team(visit: Visit) -> Team:
    return visit.app.handling.today.team(visit.scope, visit.path("team"))


def _account(visit: Visit, consents: Consents) -> Account:
    team = _team(visit)
    account = consents.tokens.accounts.get(visit.path("name"))
    if account is None or account.team != team.slug:
        raise NotFound(f"there is no account {visit.path('name')}")
    return account


def _asking(visit: Visit) -> Asking:
    found: Asking = visit.request.app.state.asking
    return found


def _used(team: Team) -> set[str]:
    return {one.via for one in team.recipients} | {
        one for one in (team.via, team.notices_via) if one
    }


def _is_own(section: Mailbox, team: Team) -> bool:
    """Whether a mailbox is read for this team alone; one for several is the operator's."""
    return section.team == team.slug and not section.teams and not section.senders


async def _note(visit: Visit, action: str, about: str) -> None:
    await visit.app.handling.note(
        visit.scope, visit.path("team"), action=action, about=about, place=visit.place
    )


def _here(visit: Visit) -> str:
    return f"/teams/{visit.path('team')}/connections"


PAGES: Final = (
    Page("GET", "/teams/{team}/connections", Who.OWNER, show),
    Page("POST", "/teams/{team}/connections/mailboxes/{name}", Who.OWNER, test),
    Page("POST", "/teams/{team}/connections/accounts/{name}/ask", Who.OWNER, ask),
    Page("POST", "/teams/{team}/connections/accounts/{name}/answer", Who.OWNER, answer),
    Page("POST", "/teams/{team}/connections/codabox/{name}", Who.OWNER, join),
)
