"""The configuration that the project promises to take as it is."""

PROMISED = """\
[maild]
data_dir = "state"
hostname = "post.example"

[smtpd]
listen = "127.0.0.1:2525"        # "127.0.0.1:0" picks a free port; `maild status --json` tells which
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
