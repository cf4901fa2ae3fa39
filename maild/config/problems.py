"""What is wrong with a configuration outside its teams, in words: shapes, names, files.

It looks at tables as they were written, so that one mistake does not hide another. It changes and
refuses nothing itself.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from maild.config import alarm, mailbox, web
from maild.config.paths import PATHS
from maild.config.values import networks
from maild.errors import KeyProblem, did_you_mean

SECRETS: Final = (
    "password_file",
    "tls_key_file",
    "users_file",
    "client_secret_file",
    "secret_file",
    "webhook_token_file",
    "token_file",
    "sign_file",
    "metrics_token_file",
    "key_file",
)
FOLDERS: Final = ("data_dir", "path", "maildir")
MADE: Final = (*FOLDERS, "secret_file")  # made when they are missing, so they need not be there


def in_words(fault: ValidationError, model: type[BaseModel]) -> list[KeyProblem]:
    """What pydantic found, each as a key and a sentence. Values of secrets are never repeated."""
    return [
        KeyProblem(_key(one["loc"]), _sentence(one, model))
        for one in fault.errors(include_url=False)
        # The tables of teams are read by rules/schema.py, which says it better.
        if not (one["loc"][0] == "team" and len(one["loc"]) > 1)
    ]


def found_beside(tables: Mapping[str, Any]) -> list[KeyProblem]:
    """What no single value shows: teams that do not exist, files that cannot be read, open doors."""
    return [
        *_folders(tables),
        *_accounts(tables),
        *_one_name_each(tables),
        *mailbox.found_between(tables),
        *alarm.found_between(tables),
        *web.found_between(tables),
        *_files(tables),
        *_open_door(tables),
    ]


def connector_kinds(tables: Mapping[str, Any]) -> dict[str, str]:
    """The kind of each connector by its name, as `via` gives it: "smtp", "folder"."""
    return {name: kind for kind, name in _connectors(tables)}


def _connectors(tables: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kinds = tables.get("connector")
    for kind, named in kinds.items() if isinstance(kinds, dict) else ():
        yield from ((kind, name) for name in named if isinstance(named, dict))


def _one_name_each(tables: Mapping[str, Any]) -> Iterator[KeyProblem]:
    """`via` names a connector without its kind."""
    seen: dict[str, str] = {}
    for kind, name in _connectors(tables):
        if name in seen:
            said = (
                f"connector.{seen[name]}.{name} has this name already; call one of them otherwise"
            )
            yield KeyProblem(f"connector.{kind}.{name}", said)
        seen.setdefault(name, kind)


def _key(loc: tuple[str | int, ...]) -> str:
    key = ""
    for part in loc:
        if isinstance(part, int):
            key += f"[{part}]"
        elif part != "[key]":
            key = f"{key}.{part}" if key else part
    return key


def _sentence(fault: ErrorDetails, model: type[BaseModel]) -> str:
    kind, value, context = fault["type"], fault["input"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(fault["loc"], model)
    if kind == "value_error":
        return str(context["error"])
    if kind == "string_pattern_mismatch" and fault["loc"][-1] != "[key]":
        return _mismatch(value, wants_address=str(fault["loc"][-1]).endswith("address"))
    if kind == "literal_error":
        known = [one.strip("' ") for one in context["expected"].replace(" or ", ", ").split(",")]
        return f"write {context['expected']}, not {_shown(value)}{did_you_mean(str(value), known)}"
    if kind in ("greater_than_equal", "less_than_equal"):
        least, most = context.get("ge"), context.get("le")
        return (
            f"{value} is less than {least}" if least is not None else f"{value} is more than {most}"
        )
    return _KINDS.get(kind, "{value} cannot be used here").format(value=_shown(value))


_KINDS: Final = {
    "missing": "is missing",
    "string_pattern_mismatch": "use small letters, digits, - and _ for the name",
    "string_type": "write text in quotes, not {value}",
    "string_too_short": "is empty",
    "int_type": "write a whole number, not {value}",
    "int_parsing": "write a whole number, not {value}",
    "int_from_float": "write a whole number, not {value}",
    "path_type": "write a path in quotes, not {value}",
    "model_type": "a table is needed here, not {value}",
    "model_attributes_type": "a table is needed here, not {value}",
    "dict_type": "a table is needed here, not {value}",
    "tuple_type": 'write a list, such as ["a", "b"], not {value}',
}


def _mismatch(value: object, *, wants_address: bool) -> str:
    if wants_address:
        return f'"{value}" is no mail address; write one such as "facturen@acme.example"'
    return f'"{value}" is no host name; write one such as "post.example"'


def _unknown(loc: tuple[str | int, ...], model: type[BaseModel]) -> str:
    name = str(loc[-1])
    known = _fields(model, loc[:-1])
    if f"{name}_file" in known:
        return (
            f"secrets do not stand in this file; write {name}_file and put it in a file of its own"
        )
    what = "section" if len(loc) == 1 else "key"
    hint = did_you_mean(name, known) or "; known are " + ", ".join(known)
    return f"unknown {what}{hint}"


def _fields(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """The keys that may stand in the table at `loc`."""
    kind: Any = model
    for part in loc:
        if get_origin(kind) is dict:
            kind = get_args(kind)[1]
        elif isinstance(part, int):
            kind = get_args(kind)[0]
        else:
            kind = _by_key(kind)[part].annotation
    return list(_by_key(kind))


def _by_key(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a table by the name that they have in a file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _folders(tables: Mapping[str, Any]) -> Iterator[KeyProblem]:
    teams = tables.get("team")
    known = list(teams) if isinstance(teams, dict) else []
    seen: dict[str, str] = {}
    for key, folder in _at(tables, ("folder", "*")):
        if not isinstance(folder, dict):
            continue
        team, path = folder.get("team"), folder.get("path")
        if isinstance(team, str) and team not in known:
            yield KeyProblem(f"{key}.team", f'there is no team "{team}"{did_you_mean(team, known)}')
        if isinstance(path, str):
            if path in seen:
                yield KeyProblem(f"{key}.path", f"{seen[path]} watches {path} already")
            seen.setdefault(path, key)


def _accounts(tables: Mapping[str, Any]) -> Iterator[KeyProblem]:
    """Names that must be those of a team or of an account."""
    users: dict[tuple[str, str], str] = {}
    for key, account in _at(tables, ("account", "*")):
        if not isinstance(account, dict):
            continue
        yield from _named(f"{key}.team", account.get("team"), known=tables.get("team"))
        if account.get("provider") == "exact":
            # exact_online.md A1: a second consent of a user for the same registration ends the first.
            user = (str(account.get("client_id")), str(account.get("address")).lower())
            if user in users:
                yield KeyProblem(
                    f"{key}.address",
                    f"{users[user]} is the same user of the same registration already; Exact Online"
                    " keeps one consent of him, so let connectors share that account",
                )
            users.setdefault(user, key)
    for kind in ("smtp", "exact"):
        for key, connector in _at(tables, ("connector", kind, "*")):
            name = connector.get("account") if isinstance(connector, dict) else None
            yield from _named(f"{key}.account", name or None, known=tables.get("account"))
            yield from _wrong_account(f"{key}.account", name, tables, exact=kind == "exact")


def _wrong_account(
    key: str, name: object, tables: Mapping[str, Any], *, exact: bool
) -> Iterator[KeyProblem]:
    """An account that opens something else than what the connector needs."""
    accounts = tables.get("account")
    account = accounts.get(name) if isinstance(accounts, dict) else None
    if isinstance(account, dict) and (account.get("provider") == "exact") != exact:
        needed = "one at Exact Online" if exact else "a mailbox"
        yield KeyProblem(key, f'"{name}" is of provider {account.get("provider")}; name {needed}')


def _named(key: str, name: object, *, known: object) -> Iterator[KeyProblem]:
    names = list(known) if isinstance(known, dict) else []
    if isinstance(name, str) and name not in names:
        what = key.rpartition(".")[2]
        yield KeyProblem(key, f'there is no {what} "{name}"{did_you_mean(name, names)}')


def _files(tables: Mapping[str, Any]) -> Iterator[KeyProblem]:
    for pattern in PATHS:
        for key, value in _at(tables, pattern):
            if isinstance(value, str) and value:
                yield from _path(key, Path(value), name=pattern[-1])


def _path(key: str, path: Path, *, name: str) -> Iterator[KeyProblem]:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if name not in MADE:
            yield KeyProblem(key, f"there is no file {path}")
        return
    except (OSError, ValueError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else fault
        yield KeyProblem(key, f"{path} cannot be read ({reason})")
        return
    if stat.S_ISDIR(mode) != (name in FOLDERS):
        yield KeyProblem(key, f"{path} is {'no' if name in FOLDERS else 'a'} folder")
    elif not os.access(path, os.R_OK):
        yield KeyProblem(key, f"{path} cannot be read (permission denied)")
    elif name in SECRETS and mode & stat.S_IROTH:
        yield KeyProblem(key, f"everybody here can read {path}; chmod o= {path}", "warning")


def _open_door(tables: Mapping[str, Any]) -> Iterator[KeyProblem]:
    for key, allow in _at(tables, ("smtpd", "allow")):
        try:
            allowed = networks(allow)
        except ValueError:
            return
        for network in allowed:
            if network.prefixlen == 0:
                said = f"{network} lets everybody hand in documents without a login"
                yield KeyProblem(key, f"{said}; name your own networks", "warning")


def _at(tables: Mapping[str, Any], pattern: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Every key that fits a pattern such as ("folder", "*", "path"), with its value."""
    first, *rest = pattern
    for name in tables if first == "*" else [first] if first in tables else []:
        value = tables[name]
        if not rest:
            yield name, value
        elif isinstance(value, dict):
            yield from ((f"{name}.{key}", one) for key, one in _at(value, tuple(rest)))


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, bool):
        return str(value).lower()
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
