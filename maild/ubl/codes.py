"""The code lists that maild knows, as CEN's EN 16931 artefacts 1.3.16 (April 2026) have them.

Lists change twice a year, so that an unknown code is a doubt and never a refusal. What a code means
on a page is the business of `maild.render`.
"""

from __future__ import annotations

from typing import Final

from maild.model.bill import BillKind

VERSION: Final = "EN 16931 artefacts 1.3.16, 2026-04-10"


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# UNCL5305 (BR-CL-17): standard, zero, exempt, reverse charge, intra-community, export, outside
# VAT, Canary Islands, Ceuta and Melilla, Italian split payment.
VAT_CATEGORIES: Final = frozenset({"S", "Z", "E", "AE", "K", "G", "O", "L", "M", "B"})

# UNCL1001 (BR-CL-01).
TYPE_CODES: Final = {
    BillKind.INVOICE: _words(
        "71 80 81 82 84 102 130 202 203 204 211 218 219 295 325 326 331 380 382 383 384 "
        "385 386 387 388 389 390 393 394 395 456 457 471 472 473 500 501 527 553 575 623 "
        "633 751 780 817 870 875 876 877 935"
    ),
    BillKind.CREDIT_NOTE: _words("81 83 261 262 296 308 381 396 420 458 502 503 532"),
}

# EAS: the schemes of electronic addresses (BR-CL-25).
EAS: Final = _words(
    "0002 0007 0009 0037 0060 0088 0096 0097 0106 0130 0135 0142 0147 0151 0154 0158 0170 "
    "0177 0183 0184 0188 0190 0191 0192 0193 0194 0195 0196 0198 0199 0200 0201 0202 0203 "
    "0204 0205 0208 0209 0210 0211 0212 0213 0215 0216 0217 0218 0219 0220 0221 0225 0230 "
    "0235 0240 0242 0244 0245 0246 0248 9910 9913 9914 9915 9918 9919 9920 9922 9923 9924 "
    "9925 9926 9927 9928 9929 9930 9931 9932 9933 9934 9935 9936 9937 9938 9939 9940 9941 "
    "9942 9943 9944 9945 9946 9947 9948 9949 9950 9951 9952 9953 9957 9959 AN AQ AS AU EM"
)

# What may be embedded in a bill (BR-CL-24, PEPPOL-EN16931-CL001).
MEDIA_TYPES: Final = frozenset(
    {
        "application/pdf",
        "image/png",
        "image/jpeg",
        "text/csv",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.oasis.opendocument.spreadsheet",
    }
)
