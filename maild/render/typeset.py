"""The job that turns a view into a PDF, inside a child process; the only module that loads the typesetter.

It makes PDF/A-3a with PDF/UA-1, attaches the UBL as it was issued, and packs the file. Same input, same
bytes: nothing here reads the clock, the environment or a name of the machine.
"""

from __future__ import annotations

import io
import json
import re
import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import fontpkg_inter
import pikepdf
import typst

from maild.render.plain import compatible, paragraphs
from maild.render.texts import BadText, fill

JOB = f"{__name__}:pdf"

Files = dict[str, bytes]
_ARCHIVAL = ["a-3a", "ua-1"]
_PROMISE_BROKEN = "PDF/"  # "PDF/A-3a error: ...", as against an error of the template
_MISSING = re.compile(r"the text `\"?(.*?)\"?` could not be displayed", re.DOTALL)
_UNCLEAR_END = b"\r\nendstream"
_MOST_PACKINGS = 20
# The file date of an attachment: the day of issue, since the clock must not enter the bytes.
_STAMP = "D:{:%Y%m%d}000000Z"


@dataclass(frozen=True, slots=True)
class Inside:
    """A file that lies in the PDF; `relation` says what it is to the pages (ISO 32000-2, 7.11.3)."""

    content: bytes
    name: str
    description: str
    media_type: str = "text/xml"
    relation: str = "Alternative"


def pdf(payload: bytes) -> bytes:
    """Make the PDF of one order (see `pack_order`); the answer is for `read_answer`."""
    head, _, blobs = payload.partition(b"\n")
    order = json.loads(head)
    view, sizes = order["view"], order["sizes"]
    logo, ubl = blobs[: sizes[0]], blobs[sizes[0] :]
    remarks: list[str] = []
    view["texts"] = _texts(view["texts"], values=view["values"], remarks=remarks)
    files = {"main.typ": _template(), **_logo(logo, view=view, remarks=remarks)}
    view["qr"] = _qr(view)
    issued = date.fromisoformat(view["issued"])
    page, archival = _compile(files, view, issued=issued, remarks=remarks)
    inside = Inside(ubl, name=order["attachment"], description=order["description"])
    content = _finish(page, inside=inside if ubl else None, issued=issued)
    return json.dumps({"archival": archival, "remarks": remarks}).encode() + b"\n" + content


def typeset_plain(template: bytes, view: dict[str, Any], *, day: date) -> bytes:
    """A template over its view, without the promise of PDF/A; `day` is the date of the file."""
    return _typeset({"main.typ": template}, view, issued=day, standards=[])


def typeset_archival(template: bytes, view: dict[str, Any], *, day: date, inside: Inside) -> bytes:
    """A template over its view as PDF/A-3a if its characters allow, packed, with a file inside."""
    page, _ = _compile({"main.typ": template}, view, issued=day, remarks=[])
    return _finish(page, inside=inside, issued=day)


def _compile(
    files: Files, view: dict[str, Any], *, issued: date, remarks: list[str]
) -> tuple[bytes, bool]:
    """The pages, and whether they keep the promise of PDF/A.

    PDF/A allows no character without a shape, and no font has them all. A bill is never held up by an
    emoji in a name: first look-alikes are tried, then the promise is given up, and that is said.
    """
    try:
        return _typeset(files, view, issued=issued, standards=_ARCHIVAL), True
    except typst.TypstError as fault:
        if not str(fault).startswith(_PROMISE_BROKEN):
            raise
    try:
        plain = _each_string(view)
        return _typeset(files, plain, issued=issued, standards=_ARCHIVAL), True
    except typst.TypstError as fault:
        missing = _MISSING.search(str(fault))
        why = f"no font has the character {missing[1][:20]!r}" if missing else str(fault)
    remarks.append(f"the PDF does not claim to be PDF/A: {why}")
    return _typeset(files, view, issued=issued, standards=[]), False


def _typeset(files: Files, view: dict[str, Any], *, issued: date, standards: list[str]) -> bytes:
    made: bytes = _compiler().compile(
        input=files,
        format="pdf",
        sys_inputs={"view": json.dumps(view, ensure_ascii=False)},
        timestamp=datetime(issued.year, issued.month, issued.day, tzinfo=UTC),
        pdf_standards=standards,
    )
    return made


@lru_cache(maxsize=1)
def _compiler() -> Any:
    """The compiler of this process, which sees our fonts, an empty folder, and no packages.

    The working folder is the one that the pool made: empty and read-only. Fonts of the machine are left
    out, so that every machine makes the same bytes; those inside the typesetter stand in for characters
    that Inter lacks. `Any`, since the stubs of typst-py do not know files in memory.
    """
    engine: Any = typst.Compiler
    nothing = str(Path.cwd())
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=True,
        font_paths=[str(fontpkg_inter.ROOT)],
    )
    return engine(
        {"main.typ": b""},
        root=nothing,
        package_path=nothing,
        package_cache_path=nothing,
        font_paths=fonts,
        ignore_system_fonts=True,
    )


@lru_cache(maxsize=1)
def _template() -> bytes:
    return (Path(__file__).parent / "templates" / "pdf" / "bill.typ").read_bytes()


def _texts(texts: dict[str, str], *, values: dict[str, str], remarks: list[str]) -> dict[str, str]:
    """The team's texts filled in; one that fails is left out and said."""
    filled = {}
    for name, text in texts.items():
        try:
            filled[name] = paragraphs(fill(text, values))
        except BadText as fault:
            remarks.append(f'the team\'s text "{name}" is left out: {fault}')
    return {name: text for name, text in filled.items() if text}


def _logo(content: bytes, *, view: dict[str, Any], remarks: list[str]) -> Files:
    """The logo as a file for the template; one that cannot be printed is left out and said."""
    view["logo"], view["logo_width"] = False, 0
    if not content:
        return {}
    svg, width, refusal = _read_logo(content)
    if refusal:
        remarks.append(refusal)
        return {}
    view["logo"], view["logo_width"] = True, round(width, 2)
    return {"logo.svg": svg}


@lru_cache(maxsize=16)
def _read_logo(content: bytes) -> tuple[bytes, float, str]:
    """The logo and its width, or why it is refused; a team's logo is read once per process."""
    # Here, since a page without a logo needs no XML parser and its first page comes sooner.
    from maild.render.logo import BadLogo, read_logo  # noqa: PLC0415

    try:
        logo = read_logo(content)
    except BadLogo as fault:
        return b"", 0, str(fault)
    return logo.svg, logo.width, ""


def _qr(view: dict[str, Any]) -> str | None:
    """The payment code as SVG. Level M, never more: EPC069-12 fixes it."""
    payload = view["panel"]["qr"] if view["panel"] else None
    if not payload:
        return None
    # Here for the same reason: quotes and credit notes have no code.
    import segno  # noqa: PLC0415

    code = segno.make_qr(payload.encode(), error="m", boost_error=False)
    return code.svg_inline(omitsize=True, border=0, dark=view["brand"]["ink"])


def _each_string(value: Any) -> Any:
    """The view with every string in plain look-alikes."""
    if isinstance(value, str):
        return compatible(value)
    if isinstance(value, list):
        return [_each_string(one) for one in value]
    if isinstance(value, dict):
        return {key: _each_string(one) for key, one in value.items()}
    return value


def _finish(page: bytes, *, inside: Inside | None, issued: date) -> bytes:
    """Attach the file byte for byte and pack all (97 kB become 54: rendering.md section 3)."""
    with pikepdf.open(io.BytesIO(page)) as document:
        if inside is not None:
            _attach(document, inside, stamp=_STAMP.format(issued))
        for stream in document.objects:
            if isinstance(stream, pikepdf.Stream):
                _end_clearly(stream)
        return _pack(document)


def _end_clearly(stream: pikepdf.Stream) -> None:
    """Keep a stream's last byte from being read as the line end before "endstream".

    One checksum in 256 ends in a carriage return; with the line feed that follows, a strict reader
    takes both for the line end and the /Length for wrong (ISO 19005-3, 6.1.7.1). What follows the
    checksum is ignored by every decoder, so one more line feed makes the end plain.
    """
    raw: bytes = stream.read_raw_bytes()
    coding: Any = stream.get("/Filter")
    if coding is None and stream.get("/Type") != "/Metadata":
        raw, coding = zlib.compress(raw, 9), pikepdf.Name.FlateDecode
        stream.write(raw, filter=coding)
    if raw.endswith(b"\r"):
        parameters: Any = stream.get("/DecodeParms")
        stream.write(raw + b"\n", filter=coding, decode_parms=parameters)


def _pack(document: pikepdf.Pdf) -> bytes:
    """The file with its objects in compressed streams.

    These streams are made while saving and may end in a carriage return too. Objects of no meaning,
    under a name of ours in the catalogue (ISO 32000-1 annex E), renumber the others then, and all
    checksums with them.
    """
    for at in range(_MOST_PACKINGS):
        if at:
            blanks = [document.make_indirect(pikepdf.Array()) for _ in range(at)]
            document.Root["/MAILD_Blank"] = pikepdf.Array(blanks)
        out = io.BytesIO()
        document.save(
            out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate
        )
        if _UNCLEAR_END not in out.getvalue():
            break
    return out.getvalue()


def _attach(document: pikepdf.Pdf, inside: Inside, *, stamp: str) -> None:
    """Add the file, and name it in the catalogue with what it is to the pages (ISO 19005-3, 6.8)."""
    spec = pikepdf.AttachedFileSpec(
        document,
        inside.content,
        filename=inside.name,
        mime_type=inside.media_type,
        description=inside.description,
        relationship=pikepdf.Name(f"/{inside.relation}"),
        creation_date=stamp,
        mod_date=stamp,
    )
    document.attachments[inside.name] = spec
    document.Root.AF = pikepdf.Array([spec.obj])
