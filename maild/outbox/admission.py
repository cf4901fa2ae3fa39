"""What an inbox may be given: the last look before a mail is made.

The rules have decided by the configuration of their day; here stands what must never happen
whatever was decided (house.md 2.6). Pure.
"""

from __future__ import annotations

from maild.errors import ProfileMismatch
from maild.model.delivery import Content, Delivery, Purpose
from maild.model.document import Document, Kind
from maild.model.team import Profile, Recipient, Team
from maild.rules.profiles import PROFILES
from maild.rules.relays import RELAY_PROFILES


def recipient_of(delivery: Delivery, team: Team) -> Recipient:
    """The recipient as it was decided; of today's configuration only what does not reroute it."""
    today = team.recipient(delivery.recipient) if delivery.recipient else None
    profile = PROFILES.get(delivery.profile) or RELAY_PROFILES.get(delivery.profile)
    if today and today.profile.name == delivery.profile:
        profile = today.profile
    if profile is None:
        raise ProfileMismatch(
            f'delivery {delivery.id} was decided for the profile "{delivery.profile}", which is not '
            "known any more: cancel it, and hand the document in again"
        )
    return Recipient(
        name=delivery.recipient or "",
        via=delivery.via,
        address=delivery.address,
        profile=profile,
        language=today.language if today else None,
    )


def admit(delivery: Delivery, *, team: Team, profile: Profile, document: Document | None) -> None:
    """Raise ProfileMismatch if a machine inbox would get what it must never get.

    That is a mail without a document, a notice, a quote or another kind it does not book, or a
    correction that nobody asked for by name, since it books a second time (house.md 2.6).
    """
    if delivery.purpose is Purpose.NOTICE:
        machine = _machine_at(delivery.address, team)
        if profile.relay or profile.machine or machine:
            raise _no(delivery, machine or profile, "is not a person, so it gets no notices")
        return
    if document is None:
        raise _no(delivery, profile, "gets no mail without a document")
    if document.kind not in profile.kinds or (profile.machine and document.kind is Kind.QUOTE):
        raise _no(delivery, profile, f"does not take documents of kind {document.kind}")
    if profile.machine and delivery.purpose is Purpose.CORRECTION and not delivery.named:
        raise _no(
            delivery,
            profile,
            f"would book {document.number} a second time; it gets a correction only by "
            f"`maild review confirm {document.id} --to {delivery.recipient}`",
        )


def check_size(message: Content, *, delivery: Delivery, profile: Profile) -> None:
    """Raise ProfileMismatch, with both figures, when the finished message is too big for its inbox."""
    if profile.max_size is not None and len(message) > profile.max_size:
        raise ProfileMismatch(
            f"the mail is {_megabytes(len(message))} MB with its files encoded, and "
            f"{delivery.address} (profile {profile.name}) takes {_megabytes(profile.max_size)} MB: "
            "give it fewer files (`attach` of the rule), or bring the document there by hand"
        )


def _no(delivery: Delivery, profile: Profile, why: str) -> ProfileMismatch:
    return ProfileMismatch(f"{delivery.address} (profile {profile.name}) {why}")


def _machine_at(address: str, team: Team) -> Profile | None:
    return next(
        (
            one.profile
            for one in team.recipients
            if one.profile.machine and one.address.casefold() == address.casefold()
        ),
        None,
    )


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f}"
