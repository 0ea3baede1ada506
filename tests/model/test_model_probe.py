"""What doctor says of a server, beyond what the dialects show."""

from dataclasses import replace

import pytest

from bot.model_probe import described
from inference.wire.asking import Way
from inference.wire.chat_form import ChatForm
from inference.wire.probing import OWN_WORKER
from tests.model.conftest import listed


@pytest.mark.parametrize(
    ("abilities", "said"),
    [
        (OWN_WORKER, "not calibrated, 0.5 in the middle of the dial"),
        (replace(OWN_WORKER, counts_tokens=False), "counts no tokens (they are estimated)"),
        (
            replace(OWN_WORKER, continues="unneeded", way=Way(continued=False)),
            "need not go on from an opened answer",
        ),
    ],
)
def test_what_follows_from_an_ability_is_said(abilities, said):
    assert said in described(abilities, ChatForm())


async def test_our_own_worker_is_not_probed(model, server):
    server.models = [listed(earshot={"adapter": None, "chat_form": ChatForm().to_dict()})]

    assert await model.abilities() == OWN_WORKER
    assert server.probes == []
