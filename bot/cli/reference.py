"""Writes the pages that are made from the code: settings, `.env.example` and the command line.

Run it with `make docs`; a test fails while a page differs from what this would write.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from bot.config import PREFIX, Settings, variable

ROOT = Path(__file__).parents[2]


def pages() -> dict[str, str]:
    """Give the text of each page by its path from the root of the project."""
    return {
        "docs/settings.md": settings_page(),
        "docs/cli.md": command_line_page(),
        ".env.example": example_env(),
    }


def settings_page() -> str:
    """Render the table of settings, in the order of the class."""
    rows = [
        f"| `{variable(field)}` | {_default(field)} | {_description(field)} |"
        for field in Settings.model_fields
    ]
    return "\n".join(
        [
            "# Settings",
            "",
            "Set them in the environment, or in a file `.env` in the folder where `earshot` starts",
            "(`.env.example` is one to copy); the environment wins. An empty value counts as not set.",
            f"A name that begins with `{PREFIX}` and is not in this table is refused. `earshot doctor`",
            "shows what is set, and never shows a secret.",
            "",
            "| setting | default | meaning |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def example_env() -> str:
    """Render `.env.example`: every setting, commented out."""
    lines = ["# Copy this file to .env and uncomment what you want to change.", ""]
    for field in Settings.model_fields:
        default = Settings.model_fields[field].default
        lines += [f"# {_description(field)}", f"# {variable(field)}={_plain(default)}", ""]
    return "\n".join(lines).replace("`", "")


def command_line_page() -> str:
    """Render the help of every command, as `--help` knows it."""
    import typer
    from typer.cli import get_docs_for_click
    from typer.main import get_command

    from bot.cli.app import app

    command = get_command(app)
    context = typer.Context(command, info_name="earshot")
    text = get_docs_for_click(obj=command, ctx=context, name="earshot", title="The command line")
    for called, described in _handed_over().items():
        text = _with_section(text, called, described)
    return text.strip() + "\n"


def _handed_over() -> dict[str, str]:
    """Ask the worker program, which this one never imports, for the help of its commands."""
    program = [sys.executable, "-m", "inference.reference"]
    answer = subprocess.run(program, check=True, capture_output=True, text=True)  # noqa: S603
    told: dict[str, str] = json.loads(answer.stdout)
    return told


def _with_section(text: str, called: str, described: str) -> str:
    """Put a description in place of the one under the command's heading."""
    section = re.compile(rf"^#+ `{re.escape(called)}`\n.*?(?=^#|\Z)", re.MULTILINE | re.DOTALL)
    return section.sub(lambda _: described + "\n\n", text)


def write_pages() -> None:
    """Write every page."""
    for path, text in pages().items():
        (ROOT / path).write_text(text, encoding="utf-8")


def _default(field: str) -> str:
    shown = Settings.model_fields[field].json_schema_extra
    if isinstance(shown, dict):
        return str(shown["shown_default"])
    default = _plain(Settings.model_fields[field].default)
    return f"`{default}`" if default else "not set"


def _plain(default: object) -> str:
    if isinstance(default, float):
        return f"{default:g}"
    return str(default) if isinstance(default, str | int) else ""


def _description(field: str) -> str:
    return Settings.model_fields[field].description or ""


if __name__ == "__main__":
    write_pages()
