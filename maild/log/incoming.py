"""Events of the way in: doors, the desk, decisions."""

from __future__ import annotations

from maild.log.setup import LOG


def arrival_accepted(
    *, team: str, documents: list[str], door: str, peer: str | None, size: int, took: float
) -> None:
    """Something came in and is stored; `took` in seconds until the commit."""
    LOG.info(
        "arrival.accepted",
        team=team,
        documents=documents,
        door=door,
        peer=peer,
        size=size,
        took=round(took, 4),
    )


def arrival_kept(*, team: str, kept: str, door: str, peer: str | None, size: int) -> None:
    """Something came in and is durable; it is read and decided in a moment."""
    LOG.info("arrival.kept", team=team, kept=kept, door=door, peer=peer, size=size)


def certificate_renewed(*, file: str) -> None:
    """The certificate of the SMTP door was renewed; the next client sees it."""
    LOG.info("certificate.renewed", file=file)


def certificate_kept(*, file: str, reason: str) -> None:
    """The new certificate of the SMTP door, or its key, cannot be used; the one before stays."""
    LOG.error("certificate.kept", file=file, reason=reason)


def kept_taken_up(*, count: int) -> None:
    """An earlier process kept mails that it did not come to read; they are read now."""
    LOG.warning("kept.taken_up", count=count)


def arrival_repeated(*, team: str, document: str, door: str) -> None:
    """The same content came again; it is kept once."""
    LOG.info("arrival.repeated", team=team, document=document, door=door)


def arrival_refused(
    *, team: str | None, door: str, peer: str | None, code: str, reason: str
) -> None:
    """Something was refused, by name."""
    LOG.info("arrival.refused", team=team, door=door, peer=peer, code=code, reason=reason)


def scan_skipped(*, error: BaseException) -> None:
    """The virus scanner gave no verdict, and the configuration lets such mails in."""
    LOG.warning("scan.skipped", error=str(error))


def rules_decided(*, team: str, document: str, kind: str, deliveries: int, held: int) -> None:
    """The rules said where a document goes."""
    LOG.info(
        "rules.decided", team=team, document=document, kind=kind, deliveries=deliveries, held=held
    )


def review_decided(*, team: str, document: str, verdict: str) -> None:
    """A person decided about a document that waited for him."""
    LOG.info("review.decided", team=team, document=document, verdict=verdict)


def supplier_forgotten(*, team: str, supplier: str) -> None:
    """A person let maild forget what was confirmed of a supplier; his next page waits."""
    LOG.info("supplier.forgotten", team=team, supplier=supplier)


def return_unknown(*, door: str, peer: str | None, sort: str, reason: str) -> None:
    """A report came about no mail of ours, or with a forged or outdated token; it changes nothing."""
    LOG.warning("return.unknown", door=door, peer=peer, sort=sort, reason=reason)


def return_noted(
    *,
    team: str,
    delivery: str,
    document: str | None,
    door: str,
    sort: str,
    action: str,
    status: str | None,
) -> None:
    """A report about a delivery is kept; what it changed has an event of its own."""
    LOG.info(
        "return.noted",
        team=team,
        delivery=delivery,
        document=document,
        door=door,
        sort=sort,
        action=action,
        status=status,
    )


def door_failed(*, door: str, incident: str, error: BaseException) -> None:
    """A fault of ours at a door; the sender was told to try again."""
    LOG.error("door.failed", door=door, incident=incident, exc_info=error)


def door_slowed(*, door: str, peer: str | None, reason: str) -> None:
    """A client was cut or slowed down: too slow, too many errors or connections, wrong logins."""
    LOG.warning("door.slowed", door=door, peer=peer, reason=reason)


def feed_read(*, connector: str, team: str, entries: int) -> None:
    """What a service held ready for a team was taken in and acknowledged over there."""
    LOG.info("feed.read", connector=connector, team=team, entries=entries)


def feed_failed(*, connector: str, team: str, reason: str) -> None:
    """A service did not give what it holds ready for a team; it is asked again."""
    LOG.warning("feed.failed", connector=connector, team=team, reason=reason)


def export_made(
    *, team: str, document: str, period: str, documents: int, parts: int, deliveries: int
) -> None:
    """A package of a period is made and filed."""
    LOG.info(
        "export.made",
        team=team,
        document=document,
        period=period,
        documents=documents,
        parts=parts,
        deliveries=deliveries,
    )
