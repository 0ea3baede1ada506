"""A tokenizer for models of random weights: every word is a token, chats have ChatML's form.

It lets all ways to be compared run on text, as they do on a real model. Needs no files.
"""

from typing import TYPE_CHECKING

from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_WORDS = (
    *("(", ")", "silence", "response", ":", "user", "assistant", "system", "Alice", "Bob"),
    *("shall", "we", "meet", "at", "the", "river", "on", "Sunday", "and", "bring", "small"),
    *("boat", "with", "us"),
    *map(str, range(200)),
)
_CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content']"
    " + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def plain_tokenizer(vocab_size: int) -> "PreTrainedTokenizerBase":
    """Give a tokenizer with at most `vocab_size` tokens; words it lacks are its first token."""
    known = [*_SPECIALS, *_WORDS][:vocab_size]
    words = [*known, *(f"w{number}" for number in range(vocab_size - len(known)))]
    backend = Tokenizer(
        models.WordLevel({word: index for index, word in enumerate(words)}, unk_token=_SPECIALS[0])
    )
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=backend,
        unk_token=_SPECIALS[0],
        pad_token=_SPECIALS[0],
        eos_token=_SPECIALS[2],
        additional_special_tokens=[_SPECIALS[1]],
    )
    tokenizer.chat_template = _CHATML
    return tokenizer
