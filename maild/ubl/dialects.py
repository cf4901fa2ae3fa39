"""The dialects of UBL that arrive, as values: how each is recognised and what it may leave out.

A dialect is what a document calls itself; whether it keeps that dialect's rules is for others to judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PEPPOL_BIS_3: Final = (
    "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"  # BT-24
)
PEPPOL_PROCESS: Final = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"  # BT-23

# The processes of Peppol BIS Billing 3 (PEPPOL-EN16931-R007): the bill alone, the two of the French
# reform, and the bill that is answered.
PEPPOL_PROCESSES: Final = frozenset(
    {
        PEPPOL_PROCESS,
        "urn:peppol:france:billing:regulated",
        "urn:peppol:france:billing:non-regulated",
        "urn:peppol:bis:billing_with_response",
    }
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One dialect: its fixed name, and the marks that tell it in lower case.

    `semantic` tells that it follows EN 16931, so that what that standard requires must be there.
    """

    name: str
    marks: tuple[str, ...]
    semantic: bool
    source: str


# The most special first: all but the last two name EN 16931 in their identifier too.
DIALECTS: Final = (
    Dialect(
        name="xrechnung",
        marks=(":kosit:standard:xrechnung", ":kosit:xrechnung"),
        semantic=True,
        source="KoSIT, XRechnung 2.1 to 3.0: CustomizationID",
    ),
    Dialect(
        name="nlcius",
        marks=("urn:fdc:nen.nl:nlcius", "simplerinvoicing.org:si:si-ubl"),
        semantic=True,
        source="NEN, NLCIUS 1.0 (SI-UBL 2.0) and SI-UBL 1.2: CustomizationID",
    ),
    Dialect(
        name="ubl-be",
        marks=("urn:ubl.be:",),
        semantic=True,
        source="UBL.BE 1.31: CustomizationID (einvoicing.md section 6)",
    ),
    Dialect(
        name="peppol-bis-3",
        marks=(
            "urn:fdc:peppol.eu:2017:poacc:billing:3",
            "urn:fdc:peppol.eu:2017:poacc:selfbilling:3",
        ),
        semantic=True,
        source="Peppol BIS Billing 3.0, section 5: CustomizationID",
    ),
    Dialect(
        name="en16931",
        marks=("urn:cen.eu:en16931:2017",),
        semantic=True,
        source="EN 16931-3-2: CustomizationID",
    ),
    Dialect(
        name="e-fff",
        marks=("e-fff", "efff"),
        semantic=False,
        source="e-fff 1.0 on UBL 2.0: ProfileID (domain.md 3.3)",
    ),
)
PLAIN_UBL: Final = Dialect(
    name="ubl", marks=(), semantic=False, source="OASIS UBL 2.0 and 2.1, without a known profile"
)


def detect(customization: str | None, profile: str | None) -> Dialect:
    """The dialect that a document names by its CustomizationID and ProfileID."""
    # Some e-fff exports put "E-FFF 3.0" into either element.
    said = f"{customization or ''} {profile or ''}".lower()
    for dialect in DIALECTS:
        if any(mark in said for mark in dialect.marks):
            return dialect
    return PLAIN_UBL


def is_peppol(customization: str | None) -> bool:
    """Whether a bill says that it keeps the rules of Peppol BIS Billing 3."""
    return detect(customization, None).name == "peppol-bis-3"


def detect_cii(guideline: str | None, *, root: str, name: str) -> Dialect:
    """The dialect of a CII document: by its guideline (BT-24), its root, and its name in a PDF.

    Plain EN 16931 is named by the PDF that carries it; without one it is "cii".
    """
    said = (guideline or "").lower()
    semantic = "urn:cen.eu:en16931:2017" in said
    if root == "CrossIndustryDocument" or "zugferd" in said:
        called = "zugferd"
    elif "xrechnung" in said:
        called = "xrechnung-cii"
    elif "factur-x" in said:
        called = "factur-x"
    else:
        called = "zugferd" if "zugferd" in name.lower() else "factur-x" if name else "cii"
    return Dialect(
        name=called,
        marks=(),
        semantic=semantic,
        source="FNFE and FeRD, Factur-X 1.0 and ZUGFeRD 1.0 to 2.4; KoSIT, XRechnung (CII)",
    )
