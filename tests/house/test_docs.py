import re
import tomllib

import pytest
from packaging.requirements import Requirement

from bot.cli.reference import pages, write_pages
from bot.commands.definition import COMMANDS
from bot.config import Settings, variable


@pytest.mark.parametrize("path", sorted(pages()))
def test_the_page_is_what_make_docs_writes(root, path):
    assert (root / path).read_text() == pages()[path], "run `make docs`"


def test_make_docs_writes_every_page(monkeypatch, tmp_path):
    monkeypatch.setattr("bot.cli.reference.ROOT", tmp_path)
    (tmp_path / "docs").mkdir()

    write_pages()

    written = {str(f.relative_to(tmp_path)) for f in tmp_path.rglob("*") if f.is_file()}
    assert written == set(pages())


def test_every_setting_has_a_meaning():
    page = pages()["docs/settings.md"]

    for field in Settings.model_fields:
        assert Settings.model_fields[field].description, field
        assert f"`{variable(field)}`" in page


def test_the_example_holds_no_secret_and_changes_nothing(root):
    lines = (root / ".env.example").read_text().splitlines()

    assert all(line == "" or line.startswith("# ") for line in lines)
    assert all(
        line.endswith("=") for line in lines if re.match("# EARSHOT_.*(TOKEN|KEY|SECRET)=", line)
    )


def test_each_dependency_says_why_it_is_there(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    reasons = (root / "docs/decisions.md").read_text().partition("## Each dependency")[2]

    for line in [*project["dependencies"], *extras]:
        name = Requirement(line).name
        if name != "earshot":
            assert re.search(rf"\b{re.escape(name)}\b", reasons), name


def test_every_link_between_the_pages_leads_somewhere(root):
    documents = [*root.glob("*.md"), *root.glob("docs/*.md")]

    for document in documents:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_file_that_the_architecture_names_exists(root):
    text = (root / "docs/architecture.md").read_text()

    for path in re.findall(r"`((?:bot|inference)/[\w./]+)`", text):
        assert (root / path).exists(), path


@pytest.mark.parametrize("platform", ["discord", "slack"])
def test_a_platforms_package_lists_each_of_its_modules_once(root, platform):
    package = root / "bot/platforms" / platform
    listed = [
        name
        for line in (package / "__init__.py").read_text().split("\n- ")[1:]
        for name in re.findall(r"`(\w+)`", line)
    ]

    assert sorted(listed) == sorted(each.stem for each in package.glob("[!_]*.py"))


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md"])
def test_what_people_can_command_is_listed(root, page):
    text = (root / page).read_text()

    assert not [command.name for command in COMMANDS if f"`{command.name}`" not in text]


def test_the_changes_name_every_program(root):
    text = (root / "CHANGELOG.md").read_text()
    names = re.findall(
        r"^\* `([a-z]+)`: ", pages()["docs/cli.md"].partition("## ")[0], re.MULTILINE
    )

    assert "room" in names
    assert not [name for name in names if f"`earshot {name}" not in text]


def test_the_readme_names_its_two_commands(root):
    readme = (root / "README.md").read_text()

    assert "    make room " in readme
    assert "    make test " in readme
