"""What the code imports is what its own extra requires, not only what some other package brings."""

import ast
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# The extras that ship a folder or a file; the longest name counts. Where several do, each suffices alone.
SHIPPED_BY = {
    "bot": [""],
    "bot/platforms/discord": ["discord"],
    "bot/platforms/slack": ["slack"],
    "bot/platforms/text_files.py": ["discord", "slack"],
    "inference": ["worker"],
    "inference/tune": ["tune"],
    "inference/wire": [""],
    "migrations": [""],
}
OURS = {"bot", "inference", "migrations"}
FOR_TYPES_ALONE = {"_typeshed"}


@pytest.fixture(scope="module")
def distributions():
    return packages_distributions()


@pytest.fixture
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


def declared(project, extra):
    """Name what an extra requires, with Earshot's own requirements; "" is those alone."""
    names = set()
    extras = project["optional-dependencies"]
    for line in [*project["dependencies"], *(extras[extra] if extra else [])]:
        requirement = Requirement(line)
        if requirement.name == "earshot":
            names |= {one for other in requirement.extras for one in declared(project, other)}
        else:
            names.add(canonicalize_name(requirement.name))
    return names


def imported(file):
    """Name the packages of others that a file imports, also within its functions."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    modules = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    modules += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    names = {module.partition(".")[0] for module in modules}
    return names - sys.stdlib_module_names - OURS - FOR_TYPES_ALONE


def shipped_by(path):
    return SHIPPED_BY[max((one for one in SHIPPED_BY if path.startswith(one)), key=len)]


def undeclared(root, project, distributions):
    """List what is imported and not required, with the extra that lacks it."""
    for file in [file for name in sorted(OURS) for file in sorted((root / name).rglob("*.py"))]:
        path = str(file.relative_to(root))
        for name in imported(file):
            given = {canonicalize_name(one) for one in distributions[name]}
            for extra in shipped_by(path):
                if not given & declared(project, extra):
                    yield f"{path} imports {name}, which the extra {extra!r} does not require"


def test_what_is_imported_is_required(root, project, distributions):
    assert not list(undeclared(root, project, distributions))


def test_what_only_others_bring_is_found(root, project, distributions):
    project["optional-dependencies"]["discord"] = ["discord.py>=2.7"]

    found = list(undeclared(root, project, distributions))

    assert any("imports yarl, which the extra 'discord'" in one for one in found)


def brought(name, extras, *, found):
    """Walk through what a package requires on this machine, and what that requires."""
    try:
        lines = distribution(name).requires or []
    except PackageNotFoundError:  # what only another accelerator needs
        return
    for requirement in map(Requirement, lines):
        applies = requirement.marker is None or any(
            requirement.marker.evaluate({"extra": extra}) for extra in extras or {""}
        )
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if applies and key not in found:
            found.add(key)
            brought(requirement.name, requirement.extras, found=found)


def test_everything_that_developing_brings_is_pinned(root):
    lines = (root / "constraints.txt").read_text().splitlines()
    pinned = {canonicalize_name(line.partition("==")[0]) for line in lines if line[0] != "#"}
    found = set()

    brought("earshot", {"dev"}, found=found)

    names = {name for name, _ in found if not name.startswith(("nvidia-", "cuda-", "triton"))}
    assert names - pinned == {"earshot"}
