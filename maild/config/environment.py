"""What the environment says over the files: MAILD_SECTION__KEY=value, as a source of settings.

pydantic-settings finds the names; the values are in the syntax of the file. A name that fits no key
is carried along all the same, so that it is told as wrong and not passed over.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource

from maild.config.paths import Tables, with_paths

PREFIX: Final = "MAILD_"
DELIMITER: Final = "__"


def overrides(environ: Mapping[str, str]) -> dict[str, str]:
    """The keys that the environment says something about, each with the name that says it.

    A name with no section, such as MAILD_CONFIG, is none of them.
    """
    found = {}
    for name in sorted(environ):
        keys = name.removeprefix(PREFIX).lower().split(DELIMITER)
        if name.startswith(PREFIX) and len(keys) > 1 and all(keys):
            found[".".join(keys)] = name
    return found


class Environment(EnvSettingsSource):
    """The overrides of one environment; relative paths in them start at `folder`."""

    def __init__(
        self, settings: type[BaseSettings], environ: Mapping[str, str], folder: Path
    ) -> None:
        super().__init__(settings, env_prefix=PREFIX, env_nested_delimiter=DELIMITER)
        self._folder = folder
        # Instead of the whole os.environ: only our names, and of the environment that was given.
        self.env_vars = {name.lower(): environ[name] for name in overrides(environ).values()}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:  # noqa: ARG002 - its signature
        """Leave lists and tables as text: `__call__` reads them as TOML, where the library has JSON."""
        return value

    def __call__(self) -> Tables:
        """What is said, as tables in the shape of a file."""
        unknown: Tables = {name: {} for name in self._sections() if name not in self._known()}
        return with_paths(_from_texts(super().__call__() | unknown), self._folder)

    def _sections(self) -> list[str]:
        return [name.removeprefix(PREFIX.lower()).split(DELIMITER)[0] for name in self.env_vars]

    def _known(self) -> Mapping[str, FieldInfo]:
        return self.settings_cls.model_fields


def _from_texts(tables: Tables) -> Tables:
    return {
        name: _from_texts(value) if isinstance(value, dict) else _from_text(value)
        for name, value in tables.items()
    }


def _from_text(text: Any) -> Any:
    """Lists and tables are written as in the file; everything else is text."""
    if isinstance(text, str) and text.startswith(("[", "{")):
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return text
    return text
