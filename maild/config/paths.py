"""Which keys of a configuration are paths, and where a relative one starts: at the file that names it.

It looks at no disk; whether a path leads anywhere is the business of `problems`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

Tables = dict[str, Any]

# Patterns of keys; `*` stands for any name.
PATHS: Final = tuple(
    tuple(pattern.split("."))
    for pattern in (
        "maild.data_dir",
        "maild.secret_file",
        "smtpd.tls_cert_file",
        "smtpd.tls_key_file",
        "smtpd.users_file",
        "reading.labels",
        "folder.*.path",
        "mailbox.*.password_file",
        "mailbox.*.ca_file",
        "mailbox.*.maildir",
        "account.*.client_secret_file",
        "connector.*.*.password_file",
        "connector.*.*.ca_file",
        "connector.folder.*.path",
        "connector.http.*.token_file",
        "connector.http.*.sign_file",
        "connector.http.*.cert_file",
        "connector.http.*.key_file",
        "alarm.webhook_token_file",
        "web.metrics_token_file",
        "team.*.branding.logo",
    )
)


def with_paths(tables: Tables, folder: Path) -> Tables:
    """The tables with every path in them made absolute, from `folder`."""
    for pattern in PATHS:
        tables = _resolved(tables, pattern, folder)
    return tables


def _resolved(tables: Tables, pattern: tuple[str, ...], folder: Path) -> Tables:
    """A copy of the tables in which the values at `pattern` are absolute paths."""
    first, *rest = pattern
    changed = dict(tables)
    for name in list(tables) if first == "*" else [first] if first in tables else []:
        value = tables[name]
        if rest and isinstance(value, dict):
            changed[name] = _resolved(value, tuple(rest), folder)
        elif not rest and isinstance(value, str) and value:
            changed[name] = str(folder / value)
    return changed
