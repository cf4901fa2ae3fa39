"""What an inbox may be given: the last look before a mail is made.

The rules have decided by the configuration of their day; here stands what must never happen
whatever was decided (house.md 2.6). Pure.
"""

from __future__ import annotations

from maild.errors import ProfileMismatch
from maild.model.delivery import Content, Delivery, Purpose
from maild.model.document import Document, Kind
from maild.model.said import Said
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
            profile = machine or profile
            english = f"{_who(delivery, profile)} is not a person, so it gets no notices"
            raise ProfileMismatch(Said("no_person", english, profile=profile.name))
        return
    if document is None:
        english = f"{_who(delivery, profile)} gets no mail without a document"
        raise ProfileMismatch(Said("no_mail_alone", english, profile=profile.name))
    if document.kind not in profile.kinds or (profile.machine and document.kind is Kind.QUOTE):
        kind = document.kind.value
        english = f"{_who(delivery, profile)} does not take documents of kind {kind}"
        raise ProfileMismatch(Said("takes_no_kind", english, profile=profile.name, kind=kind))
    if profile.machine and delivery.purpose is Purpose.CORRECTION and not delivery.named:
        number = document.number or ""
        english = (
            f"{_who(delivery, profile)} would book {document.number} a second time; it gets a correction"
            f" only by `maild review confirm {document.id} --to {delivery.recipient}`"
        )
        raise ProfileMismatch(Said("books_twice", english, profile=profile.name, number=number))


def check_size(message: Content, *, delivery: Delivery, profile: Profile) -> None:
    """Raise ProfileMismatch, with both figures, when the finished message is too big for its inbox."""
    if profile.max_size is not None and len(message) > profile.max_size:
        size, most = _megabytes(len(message)), _megabytes(profile.max_size)
        english = (
            f"the mail is {size} MB with its files encoded, and "
            f"{_who(delivery, profile)} takes {most} MB: "
            "give it fewer files (`attach` of the rule), or bring the document there by hand"
        )
        said = Said("mail_large", english, size=size, profile=profile.name, most=most)
        raise ProfileMismatch(said)


def _who(delivery: Delivery, profile: Profile) -> str:
    return f"{delivery.address} (profile {profile.name})"


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
