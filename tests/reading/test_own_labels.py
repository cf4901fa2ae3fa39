"""Labels that an accountant adds: checked by file and key, and used beside those of maild."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from maild import teams
from maild.answers import labels_named
from maild.app import App
from maild.errors import ConfigError
from maild.intake.figures import figures_of
from maild.reading import own_labels
from maild.reading.sandbox import Sandbox
from tests import builders_pdf as make

pytestmark = pytest.mark.anyio
ADDED = '[nl]\nnumber = ["bonvolgcode"]\n'


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox(1, labels=own_labels.read(ADDED)[0])
    yield made
    await made.close()


async def test_a_word_that_was_added_is_a_label_and_those_of_maild_still_are(
    sandbox: Sandbox,
) -> None:
    page = make.a_pdf(("Bonvolgcode: K-17", "Factuurdatum: 12 maart 2026"))
    found = await figures_of(sandbox, page)
    assert found["invoice_number"].value == "K-17"
    assert found["issue_date"].value == "2026-03-12"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[nl\n", "no TOML"),
        ('[it]\nnumber = ["numero"]\n', "it: it must be a table, one of nl, fr, de, en"),
        (
            '[nl]\nnumbr = ["bon"]\n',
            'nl.numbr: maild knows no such meaning; did you mean "number"?',
        ),
        ('[nl]\nnumber = "bon"\n', "nl.number: it must be a list of words"),
        ('[nl]\nnumber = ["12"]\n', 'nl.number: "12" must have a letter'),
    ],
)
def test_what_is_wrong_is_named_with_its_key_and_left_out(text: str, said: str) -> None:
    found, problems = own_labels.read(text)
    assert found == {}
    assert [one for one in problems if said in one] == list(problems) != []


def test_check_names_the_file_and_the_key(tmp_path: Path) -> None:
    (tmp_path / "maild.toml").write_text('[reading]\nlabels = "words.toml"\n')
    config = str(tmp_path / "maild.toml")
    assert "words.toml" in "\n".join(teams.check(config).errors)
    (tmp_path / "words.toml").write_text('[nl]\nnumbr = ["bon"]\n')
    (error,) = [one for one in teams.check(config).errors if "reading.labels" in one]
    assert "words.toml: nl.numbr" in error
    with pytest.raises(ConfigError, match=r"nl\.numbr"):
        labels_named(config=config)
    (tmp_path / "words.toml").write_text(ADDED)
    assert labels_named(config=config) == {"nl": {"number": ["bonvolgcode"]}}


async def test_a_reload_takes_the_words_of_the_file_over_and_a_wrong_file_leaves_those_of_before(
    tmp_path: Path,
) -> None:
    words, config = tmp_path / "words.toml", tmp_path / "maild.toml"
    words.write_text(ADDED)
    config.write_text(f'[maild]\ndata_dir = "{tmp_path}/data"\n[reading]\nlabels = "words.toml"\n')
    async with App.opened(config) as app:
        sandbox = app.desk.opener.sandbox

        async def number_of(label: str) -> object:
            page = make.a_pdf((f"{label}: K-17", "Factuurdatum: 12 maart 2026"))
            return (await figures_of(sandbox, page))["invoice_number"].value

        words.write_text(ADDED.replace("bonvolgcode", "rekencode"))
        assert await number_of("Rekencode") is None
        assert app.reload() == ([], ())
        assert (await number_of("Rekencode"), await number_of("Bonvolgcode")) == ("K-17", None)
        words.write_text('[nl]\nnumbr = ["bonvolgcode"]\n')
        _, [said] = app.reload()
        assert "words.toml: nl.numbr" in said
        assert await number_of("Rekencode") == "K-17"
        words.unlink()
        _, [said] = app.reload()
        assert "there is no file" in said
        config.write_text(f'[maild]\ndata_dir = "{tmp_path}/data"\n')
        _, [said] = app.reload()
        assert "cannot be read" in said
        assert await number_of("Rekencode") == "K-17"
