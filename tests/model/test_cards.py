"""What a server says of its model, and what is assumed where it says nothing."""

import pytest
from starlette.responses import JSONResponse

from bot.errors import ConfigError, ModelRefused, ModelUnavailable
from inference.wire.chat_form import ChatForm, Sampling
from inference.wire.prompted import DEFAULT_FORM
from tests.model.conftest import listed, refusal


async def test_our_worker_gives_form_and_adapter_itself(model, server):
    form = ChatForm(decide_prompt="", sampling=Sampling(max_tokens=100))
    field = {"adapter": "earshot-tiny", "chat_form": form.to_dict()}
    server.models = [listed(max_model_len=1000, earshot=field)]

    card = await model.card()

    assert (card.id, card.adapter, card.form) == ("tiny", "earshot-tiny", form)
    assert card.max_prompt_tokens == 900


async def test_a_server_that_says_nothing_gets_the_form_for_prompted_models(model):
    card = await model.card()

    assert (card.adapter, card.form, card.max_prompt_tokens) == (None, DEFAULT_FORM, 2048)


async def test_the_form_from_the_settings_serves_where_the_server_gives_none(
    server, make_model, form
):
    model = make_model(server.url, form=form)

    assert (await model.card()).form == form
    await model.close()


async def test_a_context_shorter_than_two_replies_is_halved(model, server):
    server.models = [listed(max_model_len=300)]

    assert (await model.card()).max_prompt_tokens == 150


@pytest.mark.parametrize("name", ["big", "big:latest"])
async def test_a_model_is_picked_by_name_whatever_tag_the_server_adds(server, make_model, name):
    server.models = [listed(), listed(name)]
    model = make_model(server.url, model="big")

    assert (await model.card()).id == name
    await model.close()


async def test_an_adapter_may_be_named_after_the_base_that_is_listed(server, make_model):
    server.models = [listed("base", max_model_len=1000)]
    model = make_model(server.url, model="base:quiet")

    card = await model.card()

    assert card.id == "base:quiet"
    assert card.max_prompt_tokens == 744
    assert server.probes[-1]["model"] == "base:quiet"
    await model.close()


async def test_an_unknown_name_is_refused_with_those_that_there_are(server, make_model):
    model = make_model(server.url, model="huge")

    with pytest.raises(ModelRefused, match=r"no model 'huge', it offers: tiny; .*EARSHOT_MODEL"):
        await model.card()
    await model.close()


async def test_a_server_without_any_model_is_refused(model, server):
    server.models = []

    with pytest.raises(ModelRefused, match="offers no model"):
        await model.card()


async def test_the_card_is_asked_for_once(model, server):
    for _ in range(3):
        await model.card()

    assert server.num_model_lists == 1


async def test_a_failed_card_is_asked_for_again(model, server):
    server.models = lambda: refusal(503, "loading")
    with pytest.raises(ModelUnavailable, match=r"not ready \(loading\): wait"):
        await model.card()
    server.models = [listed()]

    assert (await model.card()).id == "tiny"


async def test_a_faulty_chat_form_is_refused_by_its_field(model, server):
    server.models = [listed(earshot={"adapter": None, "chat_form": {"bananas": 1}})]

    with pytest.raises(ModelRefused, match=r"faulty chat form.*bananas"):
        await model.card()


@pytest.mark.parametrize("data", [[{"name": "no id"}], "tiny", [listed(max_model_len="long")]])
async def test_a_list_of_models_in_another_shape_is_refused(model, server, data):
    server.models = lambda: JSONResponse({"data": data})

    with pytest.raises(ModelRefused, match="EARSHOT_MODEL_URL"):
        await model.card()


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8000", "ftp://host/v1", "http://", "http://[::1", "http://host:port/v1"]
)
def test_an_address_that_is_none_is_refused_without_being_shown(make_model, url):
    with pytest.raises(ConfigError, match=r"EARSHOT_MODEL_URL .* http://127"):
        make_model(url)
