import json
from importlib.resources import files

import pytest
import yaml
from jsonschema.validators import validator_for

SCHEMA = "builtin_schemas/vendor/compose-spec.json"


@pytest.fixture
def compose(root):
    return yaml.safe_load((root / "docker-compose.yml").read_text())


def ours(compose):
    """The services made from our own images; others come as their makers built them."""
    return [service for service in compose["services"].values() if "build" in service]


def test_the_compose_file_follows_the_schema(compose):
    schema = json.loads((files("check_jsonschema") / SCHEMA).read_text())

    faults = [error.message for error in validator_for(schema)(schema).iter_errors(compose)]

    assert faults == []


def test_the_schema_would_find_a_fault(compose):
    schema = json.loads((files("check_jsonschema") / SCHEMA).read_text())
    compose["services"]["bot"]["port"] = 1

    assert not validator_for(schema)(schema).is_valid(compose)


def test_the_gpu_is_reserved_by_a_profile_only(compose):
    services = compose["services"]

    with_gpu = {name for name, service in services.items() if "deploy" in service}
    with_profile = {name for name, service in services.items() if "profiles" in service}

    assert with_gpu == {"worker-gpu", "vllm"}
    assert with_profile == {"worker-gpu", "bot-scale", "postgres", "room", "vllm"}


def test_every_service_is_watched_and_cannot_become_root(compose):
    for service in ours(compose):
        assert service["healthcheck"]["test"]
        assert not service["user"].startswith("0")
        assert "no-new-privileges:true" in service["security_opt"]
        assert service["read_only"]


def test_history_and_models_outlive_the_containers(compose):
    services = compose["services"]

    assert services["bot"]["volumes"] == ["history:/history"]
    assert services["worker"]["volumes"] == ["models:/models"]
    assert services["postgres"]["volumes"] == ["postgres:/var/lib/postgresql/data"]
    assert set(compose["volumes"]) == {"history", "hub", "models", "postgres"}


def test_only_this_machine_reaches_the_room_and_nobody_the_worker(compose):
    ports = {name: service.get("ports", []) for name, service in compose["services"].items()}

    assert ports["room"] == ["127.0.0.1:8765:8765"]
    assert ports["worker"] == ports["worker-gpu"] == []


def test_every_target_of_the_compose_file_is_in_the_dockerfile(compose, root):
    dockerfile = (root / "Dockerfile").read_text()

    for service in ours(compose):
        assert f" AS {service['build']['target']}\n" in dockerfile


def test_both_images_run_as_nobody_special(root):
    dockerfile = (root / "Dockerfile").read_text()
    run = dockerfile.split(" AS run\n")[1]

    assert "USER earshot" in run
    assert "USER root" not in run
    assert run.count("HEALTHCHECK") == 2


def test_the_scale_profile_asks_for_the_adapter_that_vllm_serves(compose):
    bot, vllm = compose["services"]["bot-scale"], compose["services"]["vllm"]

    module = vllm["command"][vllm["command"].index("--lora-modules") + 1]

    assert module.split("=") == [bot["environment"]["EARSHOT_MODEL"], "/adapter"]
    assert bot["environment"]["EARSHOT_CHAT_FORM"] == "/adapter/earshot.json"
    assert {
        name for name, one in compose["services"].items() if "scale" in one.get("profiles", [])
    } == {
        "bot-scale",
        "postgres",
        "vllm",
    }


def test_what_can_be_reached_from_outside_is_reached_from_this_machine_only(compose):
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_shipped_adapter_that_the_scale_profile_names_is_there(compose, root):
    volume = compose["services"]["vllm"]["volumes"][0]

    folder = volume.removeprefix("${SCALE_ADAPTER:-").partition("}")[0]

    assert (root / folder / "adapter_config.json").is_file()
    assert (root / folder / "earshot.json").is_file()


def test_without_a_name_or_a_profile_it_is_the_bot_and_its_worker(compose):
    always = {name for name, one in compose["services"].items() if "profiles" not in one}

    assert always == {"bot", "worker"}


def test_no_two_services_share_an_sqlite_file(compose):
    urls = [one.get("environment", {}).get("EARSHOT_DATABASE_URL", "") for one in ours(compose)]
    files = [url for url in urls if url.startswith("sqlite")]

    assert len(files) == len(set(files)) == 2


def test_every_platform_with_tokens_runs_in_one_service(compose, root):
    service = compose["services"]["bot"]

    assert service["command"] == ["earshot", "run"]
    assert "'.[discord,postgres,slack]'" in (root / "Dockerfile").read_text()


def test_the_bot_is_asked_whether_it_hears_by_the_file_that_it_writes(compose):
    service = compose["services"]["bot"]

    assert service["healthcheck"]["test"][1].startswith("earshot health && ")
    assert service["environment"]["EARSHOT_HEALTH_FILE"].startswith(f"{service['tmpfs'][0]}/")
