import asyncio
import json
import os
import re
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from jsonschema.validators import validator_for

from bot.config import Settings, variable

SCHEMA = "builtin_schemas/vendor/compose-spec.json"


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
    assert with_profile == {
        "bot-scale", "postgres", "room", "room-scale", "vllm", "worker-gpu",
    }  # fmt: skip


def test_every_service_is_watched_and_cannot_become_root(compose):
    for service in ours(compose):
        assert service["healthcheck"]["test"]
        assert not service["user"].startswith("0")
        assert "no-new-privileges:true" in service["security_opt"]
        assert service["read_only"]


def test_history_and_models_outlive_the_containers(compose):
    services = compose["services"]

    assert "history:/history" in services["bot"]["volumes"]
    assert "models:/models" in services["worker"]["volumes"]
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


@pytest.mark.parametrize("name", ["bot-scale", "room-scale"])
def test_the_scale_profile_asks_for_the_adapter_that_vllm_serves(compose, name):
    service, vllm = compose["services"][name], compose["services"]["vllm"]

    module = vllm["command"][vllm["command"].index("--lora-modules") + 1]

    assert module.split("=") == [service["environment"]["EARSHOT_MODEL"], "/adapter"]
    assert service["environment"]["EARSHOT_CHAT_FORM"] == "/adapter/earshot.json"
    assert service["volumes"] == [next(v for v in vllm["volumes"] if ":/adapter" in v)]


@pytest.mark.parametrize("name", ["worker", "worker-gpu"])
def test_a_worker_finds_the_adapter_that_it_is_told_of(compose, name):
    service = compose["services"][name]

    assert any(volume.endswith(":/adapter:ro") for volume in service["volumes"])
    assert "EARSHOT_ADAPTER" in service["environment"]


def test_two_bots_cannot_answer_side_by_side(compose):
    bots = [one for one in ours(compose) if one["command"] == ["earshot", "run"]]

    published = [one["ports"] for one in bots]

    assert published == [["127.0.0.1:3000:3000"]] * 2


def test_what_can_be_reached_from_outside_is_reached_from_this_machine_only(compose):
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_shipped_adapter_that_the_scale_profile_names_is_there(compose, root):
    volume = compose["services"]["vllm"]["volumes"][0]

    folder = volume.removeprefix("${ADAPTER_DIR:-").partition("}")[0]

    assert (root / folder / "adapter_config.json").is_file()
    assert (root / folder / "earshot.json").is_file()


def test_without_a_name_or_a_profile_it_is_the_bot_and_its_worker(compose):
    always = {name for name, one in compose["services"].items() if "profiles" not in one}

    assert always == {"bot", "worker"}


def test_no_two_services_share_an_sqlite_file(compose):
    urls = [one["environment"].get("EARSHOT_DATABASE_URL", "") for one in ours(compose)]
    files = [url for url in urls if "sqlite:" in url]

    assert len(files) == len(set(files)) == 2


def test_every_platform_with_tokens_runs_in_one_service(compose, root):
    service = compose["services"]["bot"]

    assert service["command"] == ["earshot", "run"]
    assert "'.[discord,postgres,slack]'" in (root / "Dockerfile").read_text()


def test_the_bot_is_asked_whether_it_hears_by_the_file_that_it_writes(compose):
    service = compose["services"]["bot"]

    assert service["healthcheck"]["test"][1].startswith("earshot health && ")
    assert service["environment"]["EARSHOT_HEALTH_FILE"].startswith(f"{service['tmpfs'][0]}/")


def test_only_the_bot_gets_every_setting(compose):
    given = {name for name, one in compose["services"].items() if "env_file" in one}

    assert given == {"bot", "bot-scale"}


def test_no_other_service_is_given_a_token(compose):
    secret = re.compile("DISCORD|SLACK|DATABASE_URL")
    services = compose["services"]

    for name in ("worker", "worker-gpu", "vllm"):
        assert not [one for one in services[name]["environment"] if secret.search(one)]
    for name in ("room", "room-scale"):
        found = [one for one in services[name]["environment"] if secret.search(one)]
        assert found == ["EARSHOT_DATABASE_URL"]


def test_what_compose_passes_on_are_settings_of_earshots(compose):
    names = {one for service in ours(compose) for one in service["environment"]} - {"HF_TOKEN"}

    assert names <= {variable(field) for field in Settings.model_fields}


@pytest.mark.parametrize("name", ["EARSHOT_DATABASE_URL", "EARSHOT_MODEL_URL"])
def test_the_addresses_of_the_settings_win(compose, name):
    value = compose["services"]["bot"]["environment"][name]

    assert value.startswith(f"${{{name}:-")


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
async def test_the_bot_is_well_only_with_a_model(compose, tmp_path, status, code):
    hears = tmp_path / "earshot"
    hears.write_text("#!/bin/sh\n")
    hears.chmod(0o755)
    asked = []

    async def models(request):
        asked.append((request.path, request.headers["Authorization"]))
        return web.Response(status=status)

    app = web.Application()
    app.router.add_get("/v1/models", models)
    async with TestServer(app, host="127.0.0.1") as server:
        kind, line = compose["services"]["bot"]["healthcheck"]["test"]
        python = Path(sys.executable).parent
        process = await asyncio.create_subprocess_exec(
            "sh",
            "-c",
            line,
            env={
                "PATH": f"{tmp_path}:{python}:{os.defpath}",
                "EARSHOT_MODEL_URL": str(server.make_url("/v1/")),
                "EARSHOT_MODEL_API_KEY": "key",
            },
            stderr=asyncio.subprocess.DEVNULL,
        )
        ended = await asyncio.wait_for(process.wait(), 60)

    assert kind == "CMD-SHELL"
    assert ended == code
    assert asked == [("/v1/models", "Bearer key")]


def test_the_worker_image_can_quantise(root):
    dockerfile = (root / "Dockerfile").read_text()

    install = dockerfile.split(" AS build-worker\n")[1].split("FROM")[0]

    assert re.search(r"'\.\[worker\]' bitsandbytes ", install)
