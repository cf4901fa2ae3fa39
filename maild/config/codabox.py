"""[connector.codabox.NAME]: CodaBox, whose API V2 is known but for the call that takes invoices."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import model_validator

from maild.config.http_map import HttpPoll, HttpSend, check_poll
from maild.config.section import NonEmpty, Section
from maild.config.values import Endpoint, MaybePath

# codabox_and_peppol.md B2: what comes by a feed, by CodaBox's own names.
Model = Literal["purchase_invoice", "coda", "soda", "expense"]
UPLOAD_WANTED: Final = (
    "its send.path is empty: CodaBox tells the call that takes sales invoices to its partners only."
    ' Ask api@codabox.com for the chapter "Sales Invoices - copy to accountant" of API V2 (path,'
    " names of the parts, answers) and write it as docs/codabox.md shows. Until then mail the office:"
    " a recipient by a mail server, or a folder that its software reads"
)


class CodaboxConnector(Section):
    """[connector.codabox.NAME]: one software company's access to CodaBox."""

    url: Endpoint = "https://api.codabox.com/v2/"
    software_company: NonEmpty
    ca_file: MaybePath = None
    send: HttpSend = HttpSend()
    poll: HttpPoll = HttpPoll()
    feeds: tuple[Model, ...] = ("purchase_invoice",)
    uncertain: Literal["auto", "retry", "hold"] = "auto"

    @model_validator(mode="after")
    def _whole(self) -> CodaboxConnector:
        check_poll(self.send, self.poll)
        return self
