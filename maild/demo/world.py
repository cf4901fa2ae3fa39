"""Who is in the demo: three companies, two offices, an operator.

All of them are made up; their addresses end in .example, which nobody can have (RFC 2606 section 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

OPERATOR: Final = "root@post.example"
OWNER: Final = "baas@acme.example"
PARTNER: Final = "an@kantoor.example"
OTHER_PARTNER: Final = "luc@fiduciaire.example"


@dataclass(frozen=True, slots=True)
class Company:
    """A team of the demo, and what it sells. `series` starts its invoice numbers."""

    slug: str
    name: str
    number: str  # its enterprise number
    language: str
    street: str
    city: str
    postcode: str
    series: str
    last: int  # the number of its last invoice before the samples come in
    sells: tuple[tuple[str, str, str], ...]  # what, the unit (UNECE Rec 20), the price of one


COMPANIES: Final = (
    Company(
        *("acme", "Acme BV", "0123456749", "nl", "Handelskaai 12", "Gent", "9000"),
        series="F2026-0",
        last=411,
        sells=(
            ("Consultancy werfopvolging", "HUR", "85.00"),
            ("Plaatsbezoek en verslag", "C62", "240.00"),
            ("Technische tekening A1", "C62", "165.00"),
            ("Verplaatsing", "KMT", "0.43"),
        ),
    ),
    Company(
        *(
            "dubois",
            "Garage Dubois SRL",
            "0712345630",
            "fr",
            "Rue Saint-Gilles 88",
            "Liège",
            "4000",
        ),
        series="2026/0",
        last=287,
        sells=(
            ("Entretien annuel", "C62", "289.00"),
            ("Plaquettes de frein avant", "C62", "74.50"),
            ("Main-d’œuvre atelier", "HUR", "62.00"),
            ("Pneu hiver 205/55 R16", "C62", "96.90"),
        ),
    ),
    Company(
        *(
            "northsea",
            "Northsea Trading BV",
            "0798765405",
            "en",
            "Italiëlei 45",
            "Antwerpen",
            "2000",
        ),
        series="NT-26-0",
        last=164,
        sells=(
            ("Green coffee, Guatemala, 60 kg bag", "C62", "412.00"),
            ("Storage per pallet and week", "C62", "9.75"),
            ("Customs handling", "C62", "125.00"),
        ),
    ),
)
CUSTOMERS: Final = (
    ("Janssens Bouw NV", "Stationsstraat 41", "Mechelen", "2800"),
    ("Bakkerij Peeters BV", "Kerkplein 3", "Aalst", "9300"),
    ("Van den Bossche & Zonen Installatietechnieken BV", "Industrieweg 112", "Kortrijk", "8500"),
    ("Étude Lambert & Associés SRL", "Avenue Louise 231", "Bruxelles", "1050"),
    ("Café Zuid", "Marnixplaats 9", "Antwerpen", "2000"),
    ("Menuiserie Delvaux SA", "Rue de la Gare 14", "Namur", "5000"),
    ("Hoste Logistics NV", "Havenlaan 86", "Zeebrugge", "8380"),
    ("Coöperatie De Kringloop CV", "Dendermondsesteenweg 7", "Gent", "9000"),
)
SUPPLIERS: Final = (
    ("Energie Vlaams Net NV", "Elektriciteit en gas", "C62", "318.40"),
    ("Papeterie Centrale SA", "Fournitures de bureau", "C62", "47.15"),
    ("Telecom Noord BV", "Mobiele abonnementen", "C62", "89.00"),
    ("Drukkerij Sint-Lucas BV", "Drukwerk en brochures", "C62", "520.00"),
    ("Autolease Benelux NV", "Leasing bedrijfswagen", "MON", "612.30"),
    ("Bureau d’études Marchal SRL", "Étude de stabilité", "HUR", "95.00"),
)
