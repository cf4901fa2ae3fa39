"""The promised configuration, and how tests read one from a folder of their own."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from maild.config.loaded import Loaded, read

# The configuration that the project promises to take as it is.
PROMISED = """\
[maild]
data_dir = "state"
hostname = "post.example"

[smtpd]
listen = "127.0.0.1:2525"        # "127.0.0.1:0" picks a free port
allow = ["127.0.0.0/8"]          # who may hand in without a login

[connector.smtp.relay]
host = "127.0.0.1"
port = 2526
tls = "none"                     # "starttls" is the default; "none" is accepted for loopback only

[team.acme]
name = "Acme BV"
vat = "BE0123456749"
language = "nl"
addresses = ["acme@post.example"]
from = "Acme BV <facturen@acme.example>"

[team.acme.recipients]
accountant = { via = "relay", address = "an@kantoor.example", profile = "mailbox" }
books      = { via = "relay", address = "Acme.Verkoop@Inbox.Example", profile = "yuki" }
owner      = { via = "relay", address = "baas@acme.example", profile = "mailbox" }

[[team.acme.rules]]
name = "invoices and credit notes to the accountant and into the books"
kinds = ["invoice", "credit_note"]
to = ["accountant", "books"]

[[team.acme.rules]]
name = "quotes to the owner"
kinds = ["quote"]
to = ["owner"]

[[team.acme.rules]]
name = "what we buy, to the accountant"
kinds = ["purchase_invoice", "purchase_credit_note"]
to = ["accountant"]
"""


def loaded(
    folder: Path, text: str, *, environ: dict[str, str] | None = None, **more: str
) -> Loaded:
    """What `read` makes of a maild.toml with this text, and of files beside it."""
    for name, content in more.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(content), encoding="utf-8")
    (folder / "maild.toml").write_text(dedent(text), encoding="utf-8")
    return read(folder / "maild.toml", environ or {})


def said(of: Loaded, folder: Path) -> list[str]:
    """Its problems as a person reads them, without the folder."""
    return [of.line(one).replace(f"{folder}/", "") for one in of.in_order()]
