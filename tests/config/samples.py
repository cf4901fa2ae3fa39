"""The promised configuration, and how tests read one from a folder of their own."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from maild.config.loaded import Loaded, read


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
