import json
import subprocess
import sys
import time

import pytest

from inference.bench import gpu
from inference.bench.gpu import Outcome, checks, main, run_parts, table
from inference.bench.gpu_parts import PARTS, Part, Scene
from inference.bench.shapes import QWEN_7B
from inference.errors import InferenceError

TINY = ["--device", "cpu", "--tiny"]

# What a bare machine lacks; None makes an import of it fail.
BARE = """
import sys
for name in ("fastapi", "gguf", "llama_cpp", "matplotlib", "openai", "platformdirs", "prometheus_client",
             "sqlalchemy", "starlette", "typer", "uvicorn"):
    sys.modules[name] = None
from inference.bench.gpu import main
main(["--device", "cpu", "--tiny", "--only", "decide"])
"""


@pytest.fixture
def scene():
    return Scene(QWEN_7B, device="cpu", is_tiny=True)


def part(name, act, max_s=5.0):
    return Part(name, max_s, act)


def test_all_parts_run_in_small_on_a_cpu(tmp_path, capsys):
    pytest.importorskip("bitsandbytes")
    names = [one.name for one in PARTS if one.name != "profile"]

    main([*TINY, "--only", ",".join(names), "--out", str(tmp_path / "gpu.json")])

    told = json.loads((tmp_path / "gpu.json").read_text())
    figures = {one["part"]: one["figures"] for one in told["parts"]}
    assert list(figures) == names
    assert figures["decide"]["decision_ms"] > 0
    assert figures["many"]["decisions_per_s"] > 0
    assert figures["graphs"]["static"]["tokens_per_s"] > 0
    assert [one["part"] for one in told["parts"] if one["skipped"]] == ["compiled"]
    assert "times as fast as the articles' way" in capsys.readouterr().out


def test_a_profile_names_operations(scene):
    outcomes = run_parts(
        [one for one in PARTS if one.name in ("model", "profile")], scene, max_s=60, out=None
    )

    assert any("aten::" in line for line in outcomes[-1].figures["1 at once"])


def test_a_bare_machine_is_enough():
    ended = subprocess.run(
        [sys.executable, "-c", BARE], capture_output=True, text=True, timeout=120, check=False
    )

    assert ended.returncode == 0, ended.stderr
    assert "one decision, ms" in ended.stdout


def test_a_part_that_breaks_leaves_the_others(scene, tmp_path, monkeypatch, capsys):
    def broken(_scene):
        raise ValueError("odd")

    def missing(_scene):
        raise InferenceError("nf4 needs bitsandbytes")

    parts = [part("broken", broken), part("missing", missing), part("sound", lambda _: {"a": 1})]
    monkeypatch.setattr(gpu, "PARTS", tuple(parts))

    with pytest.raises(SystemExit) as ended:
        main([*TINY, "--out", str(tmp_path / "gpu.json")])

    assert ended.value.code == 1
    told = json.loads((tmp_path / "gpu.json").read_text())["parts"]
    assert [one["failure"] for one in told] == ["ValueError: odd", None, None]
    assert told[1]["skipped"] == "nf4 needs bitsandbytes"
    assert told[2]["figures"] == {"a": 1}
    assert "not measured: nf4 needs bitsandbytes" in capsys.readouterr().out


def test_a_part_that_takes_too_long_is_stopped(scene):
    def endless(_scene):
        while True:
            time.monotonic()

    outcomes = run_parts(
        [part("endless", endless, max_s=0.01), part("next", lambda _: {"a": 1})],
        scene,
        max_s=60,
        out=None,
    )

    assert "stopped after" in outcomes[0].failure
    assert outcomes[1].figures == {"a": 1}


def test_no_part_begins_after_the_time_is_over(scene):
    [outcome] = run_parts([part("late", lambda _: {"a": 1})], scene, max_s=0, out=None)

    assert outcome.failure == "no time was left"


def test_without_a_model_the_parts_say_so(scene):
    rest = [one for one in PARTS if one.name in ("decide", "graphs")]

    outcomes = run_parts(rest, scene, max_s=60, out=None)

    assert [one.skipped for one in outcomes] == ["there is no model"] * 2


def test_targets_are_held_against_what_was_measured():
    outcomes = [Outcome("decide", 1, {"decision_ms": 19.0, "times_articles": 49.9})]

    found = {check.name: check.is_met for check in checks(outcomes)}

    assert found["one decision, ms"] is True
    assert found["times as fast as the articles' way"] is False
    assert found["decisions a second"] is None
    assert "MISSED" in table(outcomes)
