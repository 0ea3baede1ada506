"""Every command with `docker compose` that people are told starts all that they will need."""

import re
from urllib.parse import urlsplit

import pytest


def commands(text):
    """Every `docker compose ... up ...` of a page; in docker-compose.yml three spaces end one."""
    found = re.findall(r"docker compose (?:--profile \w+ )*up\b[ \w-]*", text.replace("   ", "\n"))
    return [" ".join(one.split()) for one in found]


@pytest.fixture
def told(root):
    """The commands that people are told to type, wherever that is."""
    pages = [root / "docker-compose.yml", *root.glob("*.md"), *root.glob("docs/*.md")]
    return {one for page in pages for one in commands(page.read_text())}


def with_defaults(value):
    """A value as Compose gives it where nothing is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value or "")


def started(compose, command):
    """Name what a command starts: the services that it names with what they depend on, or all."""
    words = command.split()
    profiles = {words[i + 1] for i, word in enumerate(words) if word == "--profile"}
    services = compose["services"]
    enabled = {n for n, one in services.items() if profiles.issuperset(one.get("profiles", []))}
    named = [word for word in words[words.index("up") + 1 :] if not word.startswith("-")]
    waiting, found = named or sorted(enabled), set()
    while waiting:
        name = waiting.pop()
        assert name in enabled, f"{command}: {name} is of a profile that is not named"
        found.add(name)
        waiting += services[name].get("depends_on", [])
    return found


def hosts(compose, names):
    """The names under which containers find some services."""
    aliases = [
        alias
        for name in names
        for network in compose["services"][name].get("networks", {}).values()
        for alias in network["aliases"]
    ]
    return {*names, *aliases}


def not_started(compose, command):
    """Name the hosts that a command's services ask for a model or the history, and that it leaves out."""
    names = started(compose, command)
    asked = {
        urlsplit(with_defaults(compose["services"][name].get("environment", {}).get(url))).hostname
        for name in names
        for url in ("EARSHOT_MODEL_URL", "EARSHOT_DATABASE_URL")
    }
    return asked - {None} - hosts(compose, names)


def test_each_command_that_is_told_starts_whom_its_services_ask(compose, told):
    left_out = {command: not_started(compose, command) for command in told}

    assert len(told) >= 5
    assert not any(left_out.values()), left_out


def test_a_command_that_leaves_somebody_out_is_found(compose):
    del compose["services"]["bot-scale"]["depends_on"]["vllm"]

    left_out = not_started(compose, "docker compose --profile scale up --build bot-scale")

    assert left_out == {"vllm"}
