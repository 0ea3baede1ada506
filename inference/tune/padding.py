"""Choose the token that fills up shorter rows of a batch. Pure, given a tokenizer.

A pad that equals an end token is the classic way to a model that never stops: masks that leave out
the pad leave out the end as well. Ours leave out positions, not ids, and still no end is a pad here.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from inference.errors import TuneRefused

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# Tokens that end a turn or a text under any name: </s>, <|im_end|>, <|eot_id|>, <|endoftext|>,
# <end_of_turn>, <eos>. A tokenizer names one of them as its own, its model may stop at others.
_END = re.compile(r"</s>|end_?of|im_end|<\|end\||eo[stm]\b|eo[stm]_id|endoftext", re.IGNORECASE)
# Tokens that makers keep for later or for filling: <|reserved_special_token_0|>, [control_8], <pad>.
_SPARE = re.compile(r"pad|reserved|unused|control_|extra", re.IGNORECASE)


def pad_id(tokenizer: "PreTrainedTokenizerBase", *, vocab_size: int | None = None) -> int:
    """Give the id of a token that ends nothing, below `vocab_size` where the model has so many rows.

    The tokenizer's own pad if it can be, then a spare token, the unknown one, any special token
    that the chat template does not write, any token. Raises TuneRefused if there is none.
    """
    for token_id in _candidates(tokenizer):
        in_reach = vocab_size is None or token_id < vocab_size
        if in_reach and not _ends(tokenizer, token_id):
            return token_id
    raise TuneRefused("the tokenizer has nothing but end tokens: it cannot be one of a chat model")


def _candidates(tokenizer: "PreTrainedTokenizerBase") -> Iterator[int]:
    """Give possible pads, the best first."""
    added = tokenizer.added_tokens_decoder
    template = str(tokenizer.chat_template or "")
    unused = [i for i in sorted(added) if added[i].content not in template]
    if tokenizer.pad_token_id is not None:
        yield tokenizer.pad_token_id
    yield from (i for i in unused if _SPARE.search(added[i].content))
    if tokenizer.unk_token_id is not None:
        yield tokenizer.unk_token_id
    yield from (i for i in unused if added[i].special and i != tokenizer.bos_token_id)
    # Any ordinary token will do: what is padded is masked by its place.
    yield from range(len(tokenizer))


def _ends(tokenizer: "PreTrainedTokenizerBase", token_id: int) -> bool:
    if token_id == tokenizer.eos_token_id:
        return True
    return bool(_END.search(str(tokenizer.convert_ids_to_tokens(token_id))))
