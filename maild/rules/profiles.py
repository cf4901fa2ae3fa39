"""How each known inbox wants its mail: one value per product, with its source and date.

Facts only, as far as they are known; what is not known is not restricted. This is not the address
book: addresses stand in the team's recipients. Sources are sections and keys of inboxes.md, the
survey of mail-in conventions behind these values; "(3rd)" there means said by a third party.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from maild.model.document import Kind
from maild.model.team import Attach, Profile

SURVEYED: Final = date(2026, 9, 1)  # inboxes.md: "State: September 2026"

MEGABYTE: Final = 1_000_000  # vendors say MB; the smaller reading is the safe one

SALES: Final = frozenset({Kind.INVOICE, Kind.CREDIT_NOTE})
PURCHASES: Final = frozenset({Kind.PURCHASE_INVOICE, Kind.PURCHASE_CREDIT_NOTE})
BOTH: Final = SALES | PURCHASES  # never a quote, an export or a file without figures

PDF: Final = (Attach.PDF,)
PAIR: Final = (Attach.PDF, Attach.UBL)

# One address takes both directions and tells them by a tag in the subject: Dutch and Belgian tags,
# or English ones. "Tag all as purchase" is a setting there, so the tag is always written.
# Source: inboxes.md section 2, Basecone [S37][S38][S39].
BASECONE_SUBJECT: Final = (
    "{% if language == 'en' %}"
    "{{ '[PNV]' if direction == 'purchase' else '[SLS]' }}"
    "{% else %}"
    "{{ '[INK]' if direction == 'purchase' else '[VRK]' }}"
    "{% endif %} {{ number }}"
)


# Inboxes that answer each mail, taken in or not: inboxes.md section 2, Basecone [S39][S40].
_ANSWERING: Final = frozenset({"basecone"})


def _inbox(
    name: str,
    source: str,
    *,
    attach: tuple[Attach, ...] = PDF,
    takes: frozenset[Attach] | None = None,
    kinds: frozenset[Kind] = BOTH,
    needs_pair: bool = False,
    one_file_a_mail: bool = False,
    max_size: int | None = None,
    subject: str | None = None,
    hint: str | None = None,
) -> Profile:
    """A machine inbox: what arrives is booked, so it gets bills and nothing else."""
    return Profile(
        name=name,
        machine=True,
        books=True,
        attach=attach,
        takes=frozenset(attach) if takes is None else takes,
        source=f"inboxes.md sections 2 and 4, {source}",
        as_of=SURVEYED,
        kinds=kinds,
        needs_pair=needs_pair,
        one_file_a_mail=one_file_a_mail,
        max_size=max_size,
        subject=subject,
        hint=hint,
        receipts=name in _ANSWERING,
    )


_ALL: Final = (
    Profile(
        name="mailbox",
        machine=False,
        attach=(Attach.PDF, Attach.UBL, Attach.ATTACHMENTS),
        source="inboxes.md section 4, generic human mailbox",
        as_of=SURVEYED,
    ),
    _inbox(
        "exact",
        "Exact Online [S9][S11][S12]",
        attach=PAIR,
        hint="Exact Online has one address for sales and one for purchases, and processes mail from "
        "allowed senders only: allow the team's `from` address there; other mail ends up under "
        '"Blocked emails".',
    ),
    _inbox("yuki", "Yuki [S12][S19][S22]", attach=PAIR),
    _inbox(
        "clearfacts",
        "ClearFacts [S10][S17][S18]",
        attach=(Attach.UBL,),
        takes=frozenset(PAIR),
        max_size=20 * MEGABYTE,
        hint="ClearFacts has an address per bin, in which upper and lower case matter: copy it "
        "exactly.",
    ),
    _inbox(
        "octopus",
        "Octopus [S12][S13][S15]",
        attach=PAIR,
        hint="Octopus takes mail once document import is active there; a suffix in capitals after "
        "the hyphen of the address (such as PI) chooses the folder.",
    ),
    _inbox(
        "basecone",
        "Basecone [S36][S37][S38][S39]",
        attach=PAIR,
        max_size=15 * MEGABYTE,
        subject=BASECONE_SUBJECT,
        hint="Basecone drops the subject's [INK] and [VRK] tags where authorisation is mandatory.",
    ),
    _inbox(
        "billtobox",
        "Billtobox [S33][S34][S35]",
        attach=(Attach.UBL,),
        takes=frozenset(PAIR),
        hint="Billtobox books a PDF next to its UBL twice, so it gets the UBL alone. For sales it "
        "wants a subject of its own: set `subject` on the recipient, and put the team's `from` "
        "address on the trusted list.",
    ),
    _inbox(
        "dext",
        "Dext [S41][S43]",
        hint="Dext takes sales at NAME+sales@dext.cc and purchases at NAME@dext.cc: use a "
        "recipient for each.",
    ),
    _inbox(
        "hubdoc",
        "Hubdoc [S45][S48]",
        kinds=PURCHASES,
        one_file_a_mail=True,
        hint="Hubdoc blocks an address that sends it more than 300 mails a day.",
    ),
    _inbox("xero", "Xero [S46][S47][S48]", kinds=PURCHASES, max_size=25 * MEGABYTE),
    _inbox(
        "quickbooks",
        "QuickBooks Online [S49][S50][S51]",
        kinds=PURCHASES,
        hint="QuickBooks takes mail from its own users only: register the team's `from` address "
        "there and switch it on.",
    ),
    _inbox(
        "moneybird",
        "Moneybird [S52][S53][S54]",
        attach=PAIR,
        hint="Moneybird has one address for sales (@facturen.moneybird.nl) and one for purchases "
        "(@inkomend.moneybird.nl): use a recipient for each.",
    ),
    _inbox(
        "snelstart",
        "SnelStart [S55]",
        takes=frozenset({Attach.PDF, Attach.ATTACHMENTS}),
        hint="SnelStart reads one invoice a mail; further files of the mail are kept with it.",
    ),
    _inbox(
        "odoo",
        "Odoo [S63], odoo/odoo#144243",
        attach=(Attach.UBL,),
        takes=frozenset(PAIR),
        hint="Odoo has an alias for sales (customer-invoices@) and one for purchases "
        "(vendor-bills@): use a recipient for each.",
    ),
    _inbox("trifact365", "TriFact365 [S59]", attach=PAIR, needs_pair=True),
    _inbox(
        "accountable",
        "Accountable [S57][S58]",
        kinds=PURCHASES,
        hint="Accountable knows its user by the sender of the mail: the team's `from` address must "
        "be the account's own or be allowed there.",
    ),
    _inbox("afas", "AFAS SB [S61]", kinds=PURCHASES),
)

PROFILES: Final[Mapping[str, Profile]] = MappingProxyType({one.name: one for one in _ALL})
