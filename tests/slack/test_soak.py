"""The bot on Slack under load and faults, as a process of its own."""

import pytest

from tests.slack.soak import HTTP, SOCKET, soak
from tests.soaking.plan import Plan, shown

MOST_GROWTH = 1.1  # of memory, between the second and the last fifth of the longest life
EVERYWHERE = ("reset after the effect", "events twice", "SIGTERM", "503 after the effect")


@pytest.mark.parametrize(
    ("transport", "faults"),
    [(SOCKET, (*EVERYWHERE, "connection dropped", "handshake 403")), (HTTP, EVERYWHERE)],
)
async def test_nothing_is_lost_or_doubled_while_things_go_wrong(tmp_path, transport, faults):
    plan = Plan(8.0, 7, 10.0, fault_every_s=1.0, at_least=faults, transport=transport)

    soaked = await soak(plan, tmp_path)

    assert not soaked.faults, shown(soaked)
    assert soaked.figures["recorded"] > 20
    assert soaked.figures["answered"] > 3


@pytest.mark.soak
async def test_two_processes_neither_lose_nor_double(tmp_path):
    soaked = await soak(Plan(seconds=60.0, seed=5, fault_every_s=2.0, num_processes=2), tmp_path)

    assert not soaked.faults, shown(soaked)


@pytest.mark.soak
async def test_ten_minutes_of_faults_lose_nothing_double_nothing_and_take_no_memory(tmp_path):
    soaked = await soak(Plan(seconds=600.0), tmp_path)

    figures = soaked.figures
    assert not soaked.faults, shown(soaked)
    early, late = figures["memory, second fifth, MiB"], figures["memory, last fifth, MiB"]
    assert late < MOST_GROWTH * early, shown(soaked)
