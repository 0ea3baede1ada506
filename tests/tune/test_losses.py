"""The loss, the batches it is taken of, the scores, the split and the pad."""

from types import SimpleNamespace

import pytest
import torch
from tokenizers import Tokenizer, models

from inference.errors import TuneRefused
from inference.tune.batches import batch
from inference.tune.examples import Decided, Example
from inference.tune.losses import weighted_loss
from inference.tune.padding import pad_id
from inference.tune.scoring import Parting, decision_scores, p_speak
from inference.tune.split import is_held_out, split
from inference.wire.conversation_file import FileConversation, FileMessage
from tests.tune.families import NAMES, PreTrainedTokenizerFast, family, tiny_model

A = Example((5, 6, 7, 8), (0.0, 0.0, 3.0, 0.2), (Decided(1, True, 0, 4),))
B = Example((5, 9, 7), (0.0, 1.0, 0.0), (Decided(0, False, 0, 3),))

SPARE = ("<unk>", "<pad>", "<|pad_0|>", "[control_8]", "<|reserved_special_token_0|>")
SPARE += ("<|vision_pad|>", ">>TITLE<<", "<repo_name>")


def test_shorter_rows_are_padded_on_the_right_and_weigh_nothing_there():
    padded = batch([A, B], pad_id=1)

    assert padded.ids.tolist() == [[5, 6, 7, 8], [5, 9, 7, 1]]
    assert padded.attention.tolist() == [[1, 1, 1, 1], [1, 1, 1, 0]]
    assert padded.weights[1].tolist() == [0, 1, 0, 0]


def test_the_loss_is_the_weighted_mean_of_each_tokens_own():
    model = tiny_model("llama", 20).eval()

    loss = weighted_loss(model, batch([A, B], pad_id=1), total_weight=4.2)

    expected = 0.0
    for example in (A, B):
        logits = model(input_ids=torch.tensor([example.ids])).logits[0]
        for position, weight in enumerate(example.weights[1:]):
            logprobs = logits[position].float().log_softmax(-1)
            expected -= weight * logprobs[example.ids[position + 1]].item()
    assert loss.item() == pytest.approx(expected / 4.2, rel=1e-5)


def test_logits_are_computed_only_where_something_is_learned():
    asked = []

    def model(**inputs):
        asked.append(inputs)
        return SimpleNamespace(logits=torch.zeros(1, len(inputs["logits_to_keep"]), 20))

    model.device = torch.device("cpu")
    weighted_loss(model, batch([A], pad_id=1), total_weight=1.0)

    assert asked[0]["logits_to_keep"].tolist() == [1, 2]
    assert asked[0]["attention_mask"] is None  # a batch of one has no padding


def test_scores_are_of_the_token_that_decides():
    model = tiny_model("llama", 20).eval()
    parting = Parting(silence_id=8, response_id=7)

    (score,) = decision_scores(model, A, parting)

    logits = model(input_ids=torch.tensor([[5, 6]])).logits[0, -1]
    expected = torch.sigmoid(logits[7] - logits[8]).item()
    assert score == pytest.approx(expected, abs=1e-6)


def test_an_example_without_decisions_has_no_scores():
    no_model = None

    assert decision_scores(no_model, Example((1, 2), (0.0, 0.0), ()), Parting(0, 1)) == []


def test_one_minus_silence_is_of_all_tokens():
    logits = torch.tensor([[1.0, 2.0, 3.0]])

    ratio = p_speak(logits, Parting(0, 1))
    not_silence = p_speak(logits, Parting(0, 1, score="not_silence"))

    assert ratio == pytest.approx([0.7310586])
    assert not_silence == pytest.approx([1 - 0.0900306])


def test_about_as_many_are_held_out_as_asked_and_always_the_same():
    ids = [f"chat-{number}" for number in range(4000)]

    held_out = [one for one in ids if is_held_out(one)]

    assert len(held_out) / len(ids) == pytest.approx(0.15, abs=0.02)
    assert held_out == [one for one in ids if is_held_out(one)]
    assert set(held_out) < {one for one in ids if is_held_out(one, share=0.3)}


def test_a_split_loses_nothing_and_keeps_the_order():
    chats = [FileConversation(str(n), n, (FileMessage("Ana", "hi"),)) for n in range(100)]

    training, held_out = split(chats)

    assert sorted(training + held_out, key=lambda one: one.line) == chats
    assert training == sorted(training, key=lambda one: one.line)
    assert all(is_held_out(one.id) for one in held_out)
    assert split(chats, share=0.0) == (chats, [])


@pytest.mark.parametrize("name", NAMES)
def test_a_pad_is_a_spare_token_that_ends_nothing(name):
    tokenizer = family(name).tokenizer
    shown = tokenizer.convert_ids_to_tokens(pad_id(tokenizer))

    assert shown in SPARE


def tokenizer_of(*words):
    vocabulary = {word: number for number, word in enumerate(words)}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token=words[0]))
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token="</s>", pad_token="<|im_end|>"
    )


def test_where_nothing_is_spare_an_ordinary_token_is_the_pad():
    assert pad_id(tokenizer_of("</s>", "<|im_end|>", "hi")) == 2


def test_a_tokenizer_of_nothing_but_ends_is_refused():
    with pytest.raises(TuneRefused, match="nothing but end tokens"):
        pad_id(tokenizer_of("</s>", "<|im_end|>"))


def test_a_pad_that_the_model_has_no_row_for_is_passed_over():
    tokenizer = family("OpenChat-3.5-0106").tokenizer
    beyond = tokenizer.convert_tokens_to_ids("<|pad_0|>")

    assert pad_id(tokenizer) == beyond
    assert pad_id(tokenizer, vocab_size=beyond) == tokenizer.unk_token_id
