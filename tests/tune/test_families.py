"""What training needs of a family, held against the real templates of each."""

from dataclasses import replace

import pytest
import torch
from peft import LoraConfig, get_peft_model

from inference.chat_forms import parting_ids
from inference.render import Renderer
from inference.tune.batches import batch
from inference.tune.examples import LossWeights, conversation_example
from inference.tune.losses import weighted_loss
from inference.tune.padding import pad_id
from inference.tune.scoring import decision_scores, p_speak
from inference.wire.turns import Burst, Line, decision_turns, settled_turns
from tests.tune.families import NAMES, family

WEIGHTS = LossWeights(speak=3.0, silence=1.0, marker=0.05, reply=0.2, other=0.0)
CHAT = [
    Burst((Line("Ana", "shall we meet at 10?"),)),
    Burst((Line("Ben", "hi"), Line("Ana", "assistant, capital of Peru?")), "Lima, of course."),
    Burst((Line("Ben", "thx!!"),)),
    Burst((Line("Ben", "¿y tú?"),), "qué? 🇫🇷 wow?!!"),
    Burst((Line("Chiara", "  ok ... "),)),
]

# peft 0.21 asks transformers 5.23 in a way that transformers 6 will drop.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")

every_family = pytest.mark.parametrize("name", NAMES)


def example_of(made, bursts=CHAT, **options):
    weights = options.pop("weights", WEIGHTS)
    return conversation_example(made.renderer, made.form, bursts, weights=weights, **options)


def runs(example):
    """Give the stretches of weighted tokens, as (begin, end)."""
    edges = [0.0, *example.weights, 0.0]
    begins = [i for i in range(len(example.weights)) if edges[i + 1] and not edges[i]]
    ends = [i + 1 for i in range(len(example.weights)) if edges[i + 1] and not edges[i + 2]]
    return list(zip(begins, ends, strict=True))


def lora(made, *, seed=0):
    torch.manual_seed(seed)
    config = LoraConfig(r=4, lora_alpha=8, lora_dropout=0.0, target_modules="all-linear")
    model = get_peft_model(made.model(), config)
    for number, (key, parameter) in enumerate(model.named_parameters()):
        if "lora_B" in key:  # begins as zeros, behind which A has no gradient
            torch.manual_seed(number)
            torch.nn.init.normal_(parameter, std=0.05)
    return model


@every_family
def test_the_weighted_tokens_are_the_answers_and_their_end_and_nothing_else(name):
    made = family(name)

    example = example_of(made, persona="Be kind.")

    shown = [made.tokenizer.decode(example.ids[begin:end]) for begin, end in runs(example)]
    answers = ["(silence)", "(response) Lima, of course.", "(silence)"]
    answers += ["(response) qué? 🇫🇷 wow?!!", "(silence)"]
    assert [text.lstrip(" ") for text in shown] == [answer + made.end for answer in answers]


@every_family
def test_the_token_that_decides_is_where_the_markers_part_and_weighs_what_it_should(name):
    made = family(name)

    example = example_of(made)

    _, silence_id, response_id = parting_ids(made.renderer)
    assert [decided.speaks for decided in example.decisions] == [False, True, False, True, False]
    for decided in example.decisions:
        parting = decided.position + 1
        assert example.ids[parting] == (response_id if decided.speaks else silence_id)
        assert example.weights[parting] == (WEIGHTS.speak if decided.speaks else WEIGHTS.silence)
    deciding = [weight for weight in example.weights if weight in (WEIGHTS.speak, WEIGHTS.silence)]
    assert len(deciding) == len(CHAT)


@every_family
def test_the_words_of_a_reply_and_its_end_weigh_as_a_reply(name):
    made = family(name)

    example = example_of(made)

    begin, end = runs(example)[1]
    said = [example.ids[i] for i in range(begin, end) if example.weights[i] == WEIGHTS.reply]
    assert made.tokenizer.decode(said).lstrip(" ") == f"Lima, of course.{made.end}"


@every_family
def test_the_ids_are_those_of_the_models_own_template(name):
    made = family(name)
    turns = settled_turns(made.form, CHAT)

    example = example_of(made)

    theirs = made.tokenizer.apply_chat_template(turns, chat_template=made.form.chat_template)
    assert list(example.ids) == theirs["input_ids"]


@every_family
def test_what_serving_asks_is_the_beginning_of_what_was_learned(name):
    made = family(name)

    example = example_of(made, persona="Be kind.")

    for number, decided in enumerate(example.decisions, start=1):
        asked = made.renderer.render(
            decision_turns(made.form, CHAT[:number], persona="Be kind."),
            continue_final_message=True,
        )
        assert list(example.ids[: decided.position + 1]) == asked


@every_family
def test_a_longer_conversation_goes_on_where_the_shorter_ended(name):
    made = family(name)
    whole = example_of(made)

    for number in range(1, len(CHAT)):
        shorter = example_of(made, CHAT[:number])

        end = shorter.decisions[-1].end
        assert shorter.ids[:end] == whole.ids[:end]
        assert shorter.decisions == whole.decisions[:number]


@every_family
def test_a_system_prompt_stands_once_and_before_everybodys_words(name):
    made = family(name)

    text = made.tokenizer.decode(example_of(made, persona="Be kind.").ids)

    assert text.count("Be kind.") == 1
    assert text.index("Speak when needed. Be kind.") < text.index("Ana: shall we meet")


@pytest.mark.parametrize(
    "name", ["Mistral-7B-Instruct-v0.1", "Mistral-7B-Instruct-v0.3", "gemma-7b-it"]
)
def test_a_system_prompt_is_folded_where_the_template_has_no_lasting_place_for_it(name):
    made = family(name)

    assert not made.form.system_role
    assert settled_turns(made.form, CHAT)[0]["role"] == "user"


@every_family
def test_no_pad_is_an_end(name):
    made = family(name)

    pad = pad_id(made.tokenizer)

    ends = {made.tokenizer.eos_token_id, made.tokenizer.convert_tokens_to_ids(made.end.strip())}
    assert pad not in ends
    assert pad not in example_of(made).ids


@every_family
def test_with_loss_on_everything_only_the_very_first_token_is_left_out(name):
    made = family(name)

    example = example_of(made, weights=replace(WEIGHTS, other=0.1))

    assert example.weights[0] == 0.0
    assert all(example.weights[1:])


@every_family
def test_the_loss_falls_in_a_few_steps(name):
    made = family(name)
    model = lora(made)
    chats = batch([example_of(made), example_of(made, CHAT[1:])], pad_id=pad_id(made.tokenizer))
    optimizer = torch.optim.AdamW(
        [one for one in model.parameters() if one.requires_grad], lr=0.01, weight_decay=0.0
    )

    losses = []
    for _ in range(12):
        loss = weighted_loss(model, chats, total_weight=float(chats.weights.sum()))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())

    assert losses[-1] < 0.8 * losses[0]


@every_family
def test_a_batch_of_eight_learns_what_eight_batches_of_one_do(name):
    made = family(name)
    pad = pad_id(made.tokenizer)
    chats = [example_of(made, CHAT[i:j]) for i in range(4) for j in (i + 1, 5)]
    total = sum(sum(example.weights) for example in chats)

    def gradients(batches):
        model = lora(made)
        for one in batches:
            weighted_loss(model, batch(one, pad_id=pad), total_weight=total).backward()
        return {key: p.grad for key, p in model.named_parameters() if p.requires_grad}

    together, apart = gradients([chats]), gradients([[one] for one in chats])

    assert len(chats) == 8
    assert any(gradient.abs().max() > 1e-4 for gradient in together.values())
    for key, gradient in together.items():
        torch.testing.assert_close(gradient, apart[key], atol=1e-6, rtol=1e-3)


@every_family
def test_one_pass_scores_as_one_pass_for_each_decision_does(name):
    made = family(name)
    model = lora(made).eval()

    scores = decision_scores(model, example_of(made), made.parting)

    for number, score in enumerate(scores, start=1):
        asked = made.renderer.render(
            decision_turns(made.form, CHAT[:number]), continue_final_message=True
        )
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([asked])).logits[0, -1:].float()
        assert p_speak(logits, made.parting) == pytest.approx([score], abs=1e-5)


def test_the_tiny_smollm2_has_the_template_of_the_default_model():
    from inference.convert import default_model_folder, find_gguf
    from inference.errors import ModelMissing

    try:
        find_gguf()
    except ModelMissing as missing:
        pytest.skip(str(missing))
    from transformers import AutoTokenizer

    real = AutoTokenizer.from_pretrained(default_model_folder(lambda _: None))

    made = family("SmolLM2-Instruct")
    assert real.chat_template == made.tokenizer.chat_template
    renderer = Renderer(real)
    example = conversation_example(renderer, made.form, CHAT, weights=WEIGHTS)
    shown = [real.decode(example.ids[begin:end]) for begin, end in runs(example)]
    assert shown[:2] == ["(silence)<|im_end|>", "(response) Lima, of course.<|im_end|>"]
    assert pad_id(real) not in (real.eos_token_id, real.convert_tokens_to_ids("<|endoftext|>"))
