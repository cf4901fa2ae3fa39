"""What every relay begins with: the consignment in a parcel."""

from __future__ import annotations

from maild.errors import ProfileMismatch
from maild.model.delivery import Consignment, Parcel


def consigned(parcel: Parcel, *, connector: str) -> Consignment:
    """What the parcel carries. Raises ProfileMismatch for a mail.

    A delivery that was decided when the connector of that name was a mail server is one.
    """
    if parcel.consignment is None:
        raise ProfileMismatch(
            f"delivery {parcel.delivery} is a mail, and {connector} takes none: cancel it, and say"
            " `maild documents resend`"
        )
    return parcel.consignment
