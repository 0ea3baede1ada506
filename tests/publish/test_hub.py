import json
import os
import subprocess
import sys

import pytest

from inference.errors import AdapterBroken, HubRefused, HubUnavailable, ModelBroken, TuneRefused
from inference.tune.publishing.hub import HubAct
from inference.tune.publishing.parcel import Source

# The hub's client 2.4 sends large files in a way that its HTTP library will drop.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

SENT = [
    "README.md",
    "adapter_config.json",
    "adapter_model.safetensors",
    "earshot.json",
    "metrics.json",
]


@pytest.fixture
def source(adapter):
    return Source(adapter, "someone/tiny")


def unheard(detail, progress=None):
    pass


def test_adapter_card_and_chat_form_are_one_commit_and_nothing_else_is_sent(source, hub):
    parcel = HubAct(source, "ana/quiet").carry_out(unheard)

    ((repo, files),) = hub.commits
    assert (repo, sorted(files)) == ("ana/quiet", SENT)
    for name in set(SENT) - {"adapter_config.json", "README.md"}:
        assert files[name] == (source.adapter / name).read_bytes()
    assert hub.repos == {"ana/quiet": False}
    assert parcel.target == f"{hub.url}/ana/quiet"


def test_the_base_is_named_as_others_know_it_and_no_path_is_sent(source, hub, base):
    assert str(base) in (source.adapter / "adapter_config.json").read_text()

    HubAct(source, "ana/quiet").carry_out(unheard)

    config = json.loads(hub.commits[0][1]["adapter_config.json"])
    assert config["base_model_name_or_path"] == "someone/tiny"
    assert config["r"] == 4
    card = hub.commits[0][1]["README.md"].decode()
    assert card.startswith('---\nbase_model: "someone/tiny"\n')
    assert card.endswith("library_name: peft\n---\n\n# Mine\n")


def test_the_card_of_a_base_that_names_itself_is_sent_as_it_is(source, hub):
    config = source.adapter / "adapter_config.json"
    named = json.loads(config.read_text()) | {"base_model_name_or_path": "someone/tiny"}
    config.write_text(json.dumps(named))

    HubAct(Source(source.adapter), "ana/quiet").carry_out(unheard)

    assert hub.commits[0][1]["README.md"] == (source.adapter / "README.md").read_bytes()


def test_the_plan_names_the_files_with_their_sizes_and_asks_nothing(source, hub):
    parcel = HubAct(source, "ana/quiet", private=True).plan()

    assert [item.name for item in parcel.items] == SENT
    sizes = {item.name: item.num_bytes for item in parcel.items}
    assert sizes["metrics.json"] == (source.adapter / "metrics.json").stat().st_size
    assert parcel.num_bytes == sum(sizes.values())
    assert "you only" in parcel.note
    assert hub.paths == []


def test_a_second_publication_goes_to_the_same_repository(source, hub):
    HubAct(source, "ana/quiet").carry_out(unheard)
    (source.adapter / "README.md").write_text("changed")

    HubAct(source, "ana/quiet").carry_out(unheard)

    assert [files["README.md"] for _, files in hub.commits][1] == b"changed"


def test_a_private_repository_is_made_private(source, hub):
    HubAct(source, "ana/quiet", private=True).carry_out(unheard)

    assert hub.repos == {"ana/quiet": True}


def test_a_public_repository_is_not_taken_for_a_private_one(source, hub):
    hub.repos["ana/quiet"] = False

    with pytest.raises(HubRefused, match="everyone can see it"):
        HubAct(source, "ana/quiet", private=True).carry_out(unheard)

    assert hub.commits == []


def test_without_a_login_nothing_is_asked(source, hub, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")

    with pytest.raises(HubRefused, match="hf auth login"):
        HubAct(source, "ana/quiet").carry_out(unheard)

    assert hub.paths == []


def test_a_wrong_token_is_told_from_a_missing_right(source, hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")

    with pytest.raises(HubRefused, match="does not know the token"):
        HubAct(source, "ana/quiet").carry_out(unheard)


def test_a_repository_of_somebody_else_is_refused(source, hub):
    with pytest.raises(HubRefused, match="may not write to ben/quiet"):
        HubAct(source, "ben/quiet").carry_out(unheard)


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [(503, HubUnavailable, "fails .503."), (402, HubRefused, "as the test wishes")],
)
def test_other_answers_of_the_hub_are_told(source, hub, status, kind, words):
    hub.status["/api/whoami-v2"] = status

    with pytest.raises(kind, match=words):
        HubAct(source, "ana/quiet").carry_out(unheard)


def test_a_card_that_the_hub_does_not_take_is_told_before_anything_is_sent(source, hub):
    hub.card_errors = ['"license" must be one of']

    with pytest.raises(HubRefused, match=r'the card: .*"license" must be one of'):
        HubAct(source, "ana/quiet").carry_out(unheard)

    assert (hub.commits, hub.blobs) == ([], {})


def test_a_hub_that_is_away_is_told(source, hub, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # discard: nobody listens

    with pytest.raises(HubUnavailable, match="cannot be reached"):
        HubAct(source, "ana/quiet").carry_out(unheard)


@pytest.mark.parametrize("name", ["README.md", "earshot.json"])
def test_an_adapter_without_card_or_chat_form_is_refused(source, hub, name):
    (source.adapter / name).unlink()

    with pytest.raises(TuneRefused, match=f"has no {name}"):
        HubAct(source, "ana/quiet").plan()


def test_a_damaged_chat_form_is_refused(source, hub):
    (source.adapter / "earshot.json").write_text("{")

    with pytest.raises(ModelBroken, match="not a chat form"):
        HubAct(source, "ana/quiet").plan()


def test_a_folder_without_an_adapter_is_refused(tmp_path, hub):
    with pytest.raises(AdapterBroken, match="no adapter folder"):
        HubAct(Source(tmp_path / "nothing"), "ana/quiet").plan()


def test_a_base_that_is_a_folder_wants_its_public_name(adapter, hub):
    with pytest.raises(TuneRefused, match="--base OWNER/NAME"):
        HubAct(Source(adapter), "ana/quiet").plan()


@pytest.mark.parametrize("repo", ["quiet", "ana/", "ana/a b", "a/b/c"])
def test_a_name_that_is_none_is_refused(source, hub, repo):
    with pytest.raises(TuneRefused):
        HubAct(source, repo).plan()


def test_the_program_sends_to_the_hub_of_the_environment(source, hub, tmp_path):
    environment = {
        **os.environ,  # noqa: TID251
        "HF_ENDPOINT": hub.url,
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HOME": str(tmp_path / "hf"),
    }
    command = ["publish", str(source.adapter), "--to", "hub:ana/quiet", "--base", "someone/tiny"]

    done = subprocess.run(
        [sys.executable, "-m", "inference", *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert f"Published to {hub.url}/ana/quiet" in done.stdout
    assert sorted(hub.commits[0][1]) == SENT
