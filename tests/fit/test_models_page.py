import io

import pytest
from rich.console import Console

from inference.catalogue import catalogue, config_of
from inference.devices import Devices
from inference.fit import Wish
from inference.fit_report import report_on
from inference.fit_table import show
from inference.outline import Outline


def row(entry):
    """Write a model's line of the page."""
    sizes = Outline.of(config_of(entry))
    gb = [sizes.weight_bytes(kind, rest="bf16") / 1e9 for kind in ("bf16", "int8", "nf4")]
    count = sizes.num_parameters
    cells = [
        f"`{entry.id}`",
        f"{count / 1e9:.2f} B" if count > 1e9 else f"{count / 1e6:.0f} M",
        *(f"{one:.1f}" for one in gb),
        f"{2 * sizes.kv_width / 1e3:.0f}",
        f"{entry.config['max_position_embeddings']:,}",
        entry.template.replace("|", "\\|"),
        entry.license + (" (to be accepted)" if entry.gated else ""),
        entry.good_for,
    ]
    return f"| {' | '.join(cells)} |"


@pytest.fixture(scope="module")
def page(pytestconfig):
    return (pytestconfig.rootpath / "docs" / "models.md").read_text()


@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.name)
def test_the_page_has_the_catalogue_as_it_is(page, entry):
    assert row(entry) in page.splitlines()


def test_the_page_has_no_other_models(page):
    assert sum(
        line.startswith("| `") and "/" in line.split("|")[1] for line in page.splitlines()
    ) == (
        len(catalogue()) + 4  # the ways to name a model
    )


def test_the_example_is_what_the_doctor_prints(page):
    out = io.StringIO()
    devices = Devices((8.2e9,), 16e9)
    show(report_on("Qwen/Qwen2.5-7B-Instruct", devices, Wish()), Console(file=out, width=80))
    for line in out.getvalue().splitlines()[:9]:
        assert f"    {line}".rstrip() in page.splitlines()
