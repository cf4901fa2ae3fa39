"""Events of the way out: deliveries, connectors, PDFs."""

from __future__ import annotations

from maild.log.setup import LOG


def delivery_handed_over(
    *,
    team: str,
    delivery: str,
    document: str | None,
    connector: str,
    attempt: int,
    reply: str,
    took: float,
) -> None:
    """The next server took it; no more is known."""
    LOG.info(
        "delivery.handed_over",
        team=team,
        delivery=delivery,
        document=document,
        connector=connector,
        attempt=attempt,
        reply=reply,
        took=round(took, 4),
    )


def delivery_deferred(
    *, team: str, delivery: str, connector: str, attempt: int, reply: str, until: object
) -> None:
    """Not now; it will be tried again at `until`."""
    LOG.warning(
        "delivery.deferred",
        team=team,
        delivery=delivery,
        connector=connector,
        attempt=attempt,
        reply=reply,
        until=until,
    )


def delivery_uncertain(*, team: str, delivery: str, connector: str, reply: str) -> None:
    """The bytes left and no reply came; it may have arrived."""
    LOG.warning(
        "delivery.uncertain", team=team, delivery=delivery, connector=connector, reply=reply
    )


def delivery_failed(
    *, team: str, delivery: str, document: str | None, connector: str, reply: str
) -> None:
    """It will not be tried again by itself; the team is told."""
    LOG.error(
        "delivery.failed",
        team=team,
        delivery=delivery,
        document=document,
        connector=connector,
        reply=reply,
    )


def delivery_bounced(
    *, team: str, delivery: str, document: str | None, status: str | None, reply: str
) -> None:
    """It came back after it was handed over; the team is told."""
    LOG.error(
        "delivery.bounced",
        team=team,
        delivery=delivery,
        document=document,
        status=status,
        reply=reply,
    )


def delivery_confirmed(*, team: str, delivery: str, document: str | None, action: str) -> None:
    """The other side says that it arrived, or that the inbox took it in."""
    LOG.info("delivery.confirmed", team=team, delivery=delivery, document=document, action=action)


def address_stopped(*, team: str, delivery: str, held: int) -> None:
    """A recipient complained: nothing goes to the address of that delivery before a person says so."""
    LOG.error("address.stopped", team=team, delivery=delivery, held=held)


def receipt_missing(*, team: str, delivery: str, document: str | None) -> None:
    """An inbox that answers each mail has not answered this one; nobody knows whether it was booked."""
    LOG.error("receipt.missing", team=team, delivery=delivery, document=document)


def delivery_held(
    *,
    team: str,
    delivery: str,
    code: str,
    reason: str,
    incident: str | None = None,
    error: BaseException | None = None,
) -> None:
    """It waits for a person; with `error` it is a fault of ours."""
    write = LOG.error if error else LOG.warning
    write(
        "delivery.held",
        team=team,
        delivery=delivery,
        code=code,
        reason=reason,
        incident=incident,
        exc_info=error,
    )


def delivery_superseded(*, delivery: str) -> None:
    """A lane woke after its lease was taken; it changed nothing."""
    LOG.warning("delivery.superseded", delivery=delivery)


def connector_paused(*, connector: str, cause: str, until: object, reply: str) -> None:
    """A whole connector rests; its deliveries wait, uncharged."""
    LOG.warning("connector.paused", connector=connector, cause=cause, until=until, reply=reply)


def connector_recovered(*, connector: str) -> None:
    """A connector that was out takes mails again."""
    LOG.info("connector.recovered", connector=connector)


def outbox_took_back(*, deliveries: int, uncertain: int) -> None:
    """Leases of a process that is gone were taken back."""
    LOG.warning("outbox.took_back", deliveries=deliveries, uncertain=uncertain)


def pdf_degraded(*, document: str | None, reason: str) -> None:
    """A PDF was made without its PDF/A claim, so that the invoice is not blocked."""
    LOG.error("pdf.degraded", document=document, reason=reason)


def child_lost(*, job: str, reason: str) -> None:
    """A child process died or was killed; its job failed and it was replaced."""
    LOG.warning("child.lost", job=job, reason=reason)


def document_resent(
    *, team: str, document: str, deliveries: int, instead_of: str | None = None
) -> None:
    """A person sent a document once more, or let today's rules decide in place of a delivery."""
    LOG.info(
        "document.resent",
        team=team,
        document=document,
        deliveries=deliveries,
        instead_of=instead_of,
    )
