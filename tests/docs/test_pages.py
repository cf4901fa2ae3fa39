"""What is written for people fits the code: commands, options, links, files, tests that are named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from maild import teams
from tools import docs

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))
COMMANDS = dict(docs.all_commands())

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def code_of(page: Path) -> list[str]:
    """Every line of a block and every span that is set as code."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    spans = re.findall(
        r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    )
    return [line for block in blocks for line in block.splitlines()] + spans


def commands_in(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Every command that a page shows, with the words that follow it."""
    for line in code_of(page):
        if not re.match(r"maild [a-z]", line):
            continue
        said = re.split(r" {2,}|#", line)[0].split()[1:]
        full = next((n for n in (2, 1) if " ".join(said[:n]) in COMMANDS), 0)
        yield " ".join(said[:full]) or " ".join(said), said[full:]


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    page = docs.COMMANDS.read_text(encoding="utf-8")
    assert page == docs.commands_page(), "run .venv/bin/python tools/docs.py"
    for name, command in COMMANDS.items():
        assert re.search(rf"^##+ maild {name}\b", page, flags=re.MULTILINE)
        assert command.help, f"maild {name} says nothing about itself"


@by_page
def test_every_command_that_a_page_shows_exists_with_its_options(page: Path) -> None:
    groups = {name.split()[0] for name in COMMANDS if " " in name}
    for name, rest in commands_in(page):
        if name in groups:
            continue
        # "documents list|show" names two of a group.
        for one in re.split(r"\|", name.split()[-1]):
            full = " ".join([*name.split()[:-1], one])
            assert full in COMMANDS, f"{page.name} shows maild {full}"
            known = {option for param in COMMANDS[full].params for option in param.opts}
            shown = {word for word in rest if re.match(r"--?[a-z]", word)}
            assert shown <= known | {"--help"}, f"{page.name} shows maild {full} {' '.join(rest)}"


def test_the_readme_shows_every_command_of_every_day() -> None:
    shown = {name for name, _ in commands_in(ROOT / "README.md")}
    assert {"init", "check", "run", "send", "explain", "golive", "status"} <= shown


def test_the_readmes_configuration_has_nothing_wrong_with_it(tmp_path: Path) -> None:
    [block] = re.findall(r"^```toml\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    path = tmp_path / "maild.toml"
    path.write_text(block, encoding="utf-8")
    checked = teams.check(path)
    assert checked.errors == ()
    assert [line for line in checked.remarks if ": note: " not in line] == []
    [team] = checked.teams
    assert team.mode == "shadow", "a first configuration sends nothing by itself"


def test_what_make_does_is_what_the_pages_say_it_does() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    shown = {
        found[1]
        for page in PAGES
        for line in code_of(page)
        if (found := re.match(r"make (\w+)", line))
    }
    assert {"demo", "test"} <= shown
    assert shown <= targets


@by_page
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors_of(found), f"{page.name} links to {target}"


def anchors_of(page: Path) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}


@by_page
def test_every_file_and_test_that_a_page_names_is_there(page: Path) -> None:
    for code in code_of(page):
        for path in re.findall(
            r"(?<![\w./-])((?:\w[\w.-]*/)+[\w.-]*\w\.(?:py|toml|md|typ))\b", code
        ):
            if re.search(r"\b[A-Z]{4,}\b", path):
                continue  # LANGUAGE.toml stands for several
            here = (ROOT / path, ROOT / "maild" / path, page.parent / path)
            assert any(one.exists() for one in here), f"{page.name} names {path}"
        for path, test in re.findall(r"(tests/[\w/]+\.py)::(test_\w+)", code):
            said = (ROOT / path).read_text(encoding="utf-8")
            assert re.search(rf"def {test}\(", said), f"{page.name} names {path}::{test}"


def test_the_list_of_decisions_has_every_decision_once() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text())
    assert listed == sorted(one.name for one in folder.glob("[0-9]*.md"))
    for name in listed:
        first = (folder / name).read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith(f"# {name[:4]}: ")
        assert first.partition(": ")[2] in (folder / "README.md").read_text(encoding="utf-8")


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    releases = [line for line in lines if line.startswith("## ")]
    assert releases[0] == "## Unreleased"
    kinds = {line for line in lines if line.startswith("### ")}
    assert kinds <= {f"### {one}" for one in ("Added", "Changed", "Fixed", "Removed")}
