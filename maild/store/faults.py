"""What can go wrong with the database file itself, told apart by SQLite's result codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import exc

from maild.errors import MaildError


class StoreUnavailable(MaildError):
    """Nothing was written: the disk or the database does not take it now.

    `broken` tells that the file cannot be trusted any more in this process (an I/O error: after a
    failed fsync nobody knows what the disk holds), so the process has to end.
    """

    def __init__(self, message: str, *, broken: bool = False) -> None:
        super().__init__(message)
        self.broken = broken


# Primary result codes (sqlite.org/rescode.html) that speak of the file and not of the statement.
# After most of them SQLite may have rolled back the whole transaction by itself.
_BROKEN: Final = {10: "input/output error", 11: "the file is damaged", 26: "this is no database"}
_BUSY: Final = {
    5: "another program keeps it locked",
    6: "it is locked",
    7: "no memory is left",
    8: "it cannot be written (read-only)",
    9: "the work was interrupted",
    13: "the disk is full",
    14: "the file cannot be opened",
    15: "its locks do not work on this file system",
}


def of_the_file(fault: BaseException) -> StoreUnavailable | None:
    """The fault of ours for a driver's error about the file; None for any other error."""
    said_by = fault.orig if isinstance(fault, exc.DBAPIError) else fault
    code = getattr(said_by, "sqlite_errorcode", None)
    if not isinstance(code, int):
        return None
    primary = code & 0xFF
    said = _BROKEN.get(primary) or _BUSY.get(primary)
    if said is None:
        return None
    message = f"the database is not available: {said} ({said_by})"
    return StoreUnavailable(message, broken=primary in _BROKEN)


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors about the file into ours; every other error passes."""
    try:
        yield
    except Exception as fault:
        unavailable = of_the_file(fault)
        if unavailable is None:
            raise
        raise unavailable from fault
