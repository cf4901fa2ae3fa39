"""Events of mailboxes that maild reads."""

from __future__ import annotations

from maild.log.setup import LOG


def mailbox_connected(*, mailbox: str, took: float) -> None:
    """The login worked; `took` in seconds."""
    LOG.info("mailbox.connected", mailbox=mailbox, took=round(took, 3))


def mailbox_lost(*, mailbox: str, reason: str, again_in: float) -> None:
    """The connection is gone or could not be made; it is tried again."""
    LOG.warning("mailbox.lost", mailbox=mailbox, reason=reason, again_in=round(again_in, 1))


def mailbox_shut(*, mailbox: str, reason: str, again_in: float) -> None:
    """The server refuses the login; a person must look."""
    LOG.error("mailbox.shut", mailbox=mailbox, reason=reason, again_in=round(again_in, 1))


def mailbox_dead(*, mailbox: str, reason: str, since: str) -> None:
    """Nothing could be read for longer than `alarm_after`; a person must look."""
    LOG.error("mailbox.dead", mailbox=mailbox, reason=reason, since=since)


def mailbox_recovered(*, mailbox: str) -> None:
    """A mailbox that was dead or shut is read again."""
    LOG.info("mailbox.recovered", mailbox=mailbox)


def mailbox_standing_by(*, mailbox: str) -> None:
    """Another maild reads this mailbox; this one takes over when that ends."""
    LOG.info("mailbox.standing_by", mailbox=mailbox)


def mailbox_polled(*, mailbox: str, folder: str, there: int, new: int) -> None:
    """A folder was looked at."""
    LOG.debug("mailbox.polled", mailbox=mailbox, folder=folder, there=there, new=new)


def mailbox_vanished(*, mailbox: str, folder: str, uids: list[str]) -> None:
    """Messages went away between two looks: somebody else moved or deleted them."""
    LOG.debug("mailbox.vanished", mailbox=mailbox, folder=folder, uids=uids)


def mailbox_folder_missing(*, mailbox: str, folder: str, reason: str) -> None:
    """One folder cannot be opened; the others are read, and it is not made."""
    LOG.warning("mailbox.folder_missing", mailbox=mailbox, folder=folder, reason=reason)


def mailbox_made_anew(*, mailbox: str, folder: str) -> None:
    """A folder has another UIDVALIDITY than before: its messages are recognised by their bytes."""
    LOG.info("mailbox.made_anew", mailbox=mailbox, folder=folder)


def mailbox_unrouted(*, mailbox: str, folder: str, uid: str, reason: str) -> None:
    """A message is for no team; it is put with what was not understood."""
    LOG.warning("mailbox.unrouted", mailbox=mailbox, folder=folder, uid=uid, reason=reason)


def mailbox_ignored(*, mailbox: str, folder: str, uid: str, rule: int) -> None:
    """A rule of the mailbox says to leave a message alone; `rule` counts from 1."""
    LOG.info("mailbox.ignored", mailbox=mailbox, folder=folder, uid=uid, rule=rule)


def mailbox_not_done(*, mailbox: str, folder: str, action: str, reason: str) -> None:
    """Messages are stored here and could not be moved or marked there; it is tried again."""
    LOG.warning("mailbox.not_done", mailbox=mailbox, folder=folder, action=action, reason=reason)
