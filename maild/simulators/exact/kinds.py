"""The rules of accounts, documents and their files, and the table of all kinds with rules."""

from __future__ import annotations

from typing import Final

from maild.simulators.exact import entries, invoices
from maild.simulators.exact.values import ACCOUNT_CODE
from maild.simulators.exact.world import Book
from maild.simulators.exact.writing import Kind, Write

_USERS: Final = (
    ("salesentry/SalesEntries", "Customer"),
    ("purchaseentry/PurchaseEntries", "Supplier"),
    ("salesinvoice/SalesInvoices", "OrderedBy"),
)
_ENTRIES: Final = ("salesentry/SalesEntries", "purchaseentry/PurchaseEntries")


def kinds() -> dict[str, Kind]:
    """The rules by entity; the others have none but their fields."""
    return {
        **entries.kinds(),
        **invoices.kinds(),
        "crm/Accounts": Kind(check=_account, dropping=_account_in_use),
        "documents/Documents": Kind(check=_document, kept=_link),
        "documents/DocumentAttachments": Kind(check=_attachment),
        "vat/VATCodes": Kind(check=_vat_code),
        "webhooks/WebhookSubscriptions": Kind(check=_webhook),
    }


def _account(write: Write) -> None:
    row = write.row
    if not row.get("Code"):
        row["Code"] = str(_highest(write.book) + 1)
    row["Code"] = row["Code"].strip().rjust(ACCOUNT_CODE)
    row["IsSales"], row["IsPurchase"] = row.get("Status") == "C", bool(row.get("IsSupplier"))
    row.setdefault("Status", None)


def _highest(book: Book) -> int:
    codes = [str(row.get("Code") or "").strip() for row in book.rows("crm/Accounts").values()]
    return max((int(code) for code in codes if code.isdigit()), default=0)


def _account_in_use(write: Write) -> None:
    for path, name in _USERS:
        if write.book.find(path, name, write.row["ID"]):
            code = str(write.row["Code"]).strip()
            write.say("used", f"Account {code}", "Administrations")
            return


def _document(write: Write) -> None:
    row = write.row
    known = write.book.rows("documents/DocumentTypes").get(str(row["Type"]))
    if known is None or not known.get("DocumentIsCreatable"):
        write.say("reference", "Type")
    entry = row.get("FinancialTransactionEntryID")
    if entry and not any(entry in write.book.rows(path) for path in _ENTRIES):
        write.say("reference", "FinancialTransactionEntryID")
    account = write.book.rows("crm/Accounts").get(row.get("Account") or "", {})
    row["AccountName"], row["AccountCode"] = account.get("Name"), account.get("Code")
    if write.is_new:
        write.book.numbers["Documents"] += 1
        row["HID"] = write.book.numbers["Documents"]
    row["DocumentDate"] = row.get("DocumentDate") or write.world.clock.now()


def _link(write: Write) -> None:
    for path in _ENTRIES:
        entry = write.book.rows(path).get(write.row.get("FinancialTransactionEntryID") or "")
        if entry:
            entry["Document"], entry["DocumentNumber"] = write.row["ID"], write.row["HID"]
            entry["DocumentSubject"] = write.row["Subject"]


def _attachment(write: Write) -> None:
    row, limit = write.row, write.world.switches.attachment_limit
    size = len(row["Attachment"])
    if limit is not None and size > limit:
        write.say("invalid", f"Attachment (size {size}, maximum {limit})")
    row["FileSize"] = size
    row["Url"] = (
        f"{write.world.url}/docs/SysAttachment.aspx?ID={row['ID']}&_Division_={write.book.code}"
    )


def _vat_code(write: Write) -> None:
    write.row["Code"] = str(write.row["Code"]).strip()
    write.row.setdefault("Type", "E")


def _webhook(write: Write) -> None:
    if not write.row["CallbackURL"].startswith("https://"):
        write.say("invalid", "CallbackURL")
