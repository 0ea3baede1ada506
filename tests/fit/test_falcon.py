"""The transcript form on a Falcon, as a person would have one: loaded, deciding, replying."""

import pytest
import torch

from inference.catalogue import config_of, entry_of
from inference.engine import Engine
from inference.generation import Done, Request
from inference.loading import LoadedModel, load
from inference.sampling import SamplingOptions
from inference.wire.score import TokenChoice, p_speak
from tests.tune.families import family

CHAT = [
    {"role": "system", "content": "You are Ada."},
    {"role": "user", "content": "Ana: shall we meet at 10?\nBen: fine"},
    {"role": "assistant", "content": "(silence)"},
    {"role": "user", "content": "Ana: assistant, where is the river?"},
]
TRANSCRIPT = (
    "You are Ada.\n\nAna: shall we meet at 10?\nBen: fine\nassistant: (silence)\n"
    "Ana: assistant, where is the river?\n"
)


@pytest.fixture(scope="module")
def falcon(tmp_path_factory) -> LoadedModel:
    """A tiny Falcon with a chat template, as the hub has given it one since."""
    folder = tmp_path_factory.mktemp("models") / "falcon-7b-instruct"
    made = family("falcon-7b-instruct")
    config = config_of(entry_of("tiiuae/falcon-7b-instruct"))
    model = made.model()
    assert model.config.multi_query == config.multi_query
    model.save_pretrained(folder)
    made.tokenizer.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(
        "{% for m in messages %}{{ m['role'] + ': ' + m['content'] }}{% endfor %}Falcon:"
    )
    return load(str(folder))


@pytest.fixture
def engine(falcon) -> Engine:
    return Engine(falcon.model, falcon.tokenizer, max_cached_tokens=4096)


def fond_of_line_breaks(falcon, ids):
    """Let the model end a line about every third token; a random one hardly ever would."""
    with torch.inference_mode():
        out = falcon.model(torch.tensor([ids]), output_hidden_states=True)
        last, logits = out.hidden_states[-1][0, -1], out.logits[0, -1]
    row = last / last.norm() ** 2 * (logits.logsumexp(-1) - 1)
    falcon.model.get_input_embeddings().weight.data[falcon.tokenizer.encode("\n")[0]] = row


def text_of(falcon, ids):
    return falcon.tokenizer.decode(ids)


def test_it_gets_the_transcript_whatever_template_its_tokenizer_has(falcon):
    ids = falcon.renderer.render(CHAT, add_generation_prompt=True)

    assert falcon.tokenizer.chat_template
    assert text_of(falcon, ids) == TRANSCRIPT + "assistant:"
    assert falcon.form.stop == ("\n",)
    assert falcon.form.system_role


def test_the_markers_part_where_the_form_says(falcon):
    form = falcon.form

    silence, response = falcon.decision_ids
    assert (form.decision.silence, form.decision.response) == (
        text_of(falcon, [silence]),
        text_of(falcon, [response]),
    )
    opened = [*CHAT, {"role": "assistant", "content": form.decision.prefix}]
    rendered = text_of(falcon, falcon.renderer.render(opened, continue_final_message=True))
    assert rendered == TRANSCRIPT + f"assistant: {form.decision.prefix}".rstrip(" ")


def test_it_decides(falcon, engine):
    opened = [*CHAT, {"role": "assistant", "content": falcon.form.decision.prefix}]
    ids = falcon.renderer.render(opened, continue_final_message=True)
    request = Request(
        tuple(ids), 1, session="room", top_logprobs=20, always_ids=falcon.decision_ids
    )

    piece, _ = engine.steps(request)

    told = {text_of(falcon, [token_id]): logprob for token_id, logprob in piece.logprob.top}
    choice = TokenChoice(text_of(falcon, [piece.logprob.token_id]), told)
    with torch.inference_mode():
        logits = falcon.model(torch.tensor([ids])).logits[0, -1]
    silence, response = logits[list(falcon.decision_ids)].softmax(-1).tolist()
    assert silence + response == pytest.approx(1)
    heard = p_speak([choice], form=falcon.form, opened=falcon.form.decision.prefix)
    assert heard == pytest.approx(response, abs=1e-4)


def test_the_next_decision_reuses_all_that_stood(falcon, engine):
    first = falcon.renderer.render(CHAT, add_generation_prompt=True)
    longer = [*CHAT, {"role": "assistant", "content": "(silence)"}, CHAT[1]]
    second = falcon.renderer.render(longer, add_generation_prompt=True)
    list(engine.steps(Request(tuple(first), 1, session="room")))

    done = list(engine.steps(Request(tuple(second), 1, session="room")))[-1]

    assert second[: len(first)] == first
    assert done.num_cached_tokens >= len(first)


def test_a_reply_ends_with_its_line(falcon, engine):
    ids = falcon.renderer.render(CHAT, add_generation_prompt=True)

    fond_of_line_breaks(falcon, ids)

    for seed in range(4):
        *pieces, done = engine.steps(
            Request(
                tuple(ids),
                400,
                min_tokens=1,
                seed=seed,
                sampling=SamplingOptions(temperature=1.0),
                stop=falcon.form.stop,
            )
        )
        said = "".join(piece.text for piece in pieces)
        assert isinstance(done, Done)
        assert done.finish_reason == "stop"
        assert "\n" not in said[1:]
