"""Which tokens end an answer: models, tokenizers and templates each name some of them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_TURN_ENDS = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|eot|>", "<|end_of_turn|>")


def end_token_ids(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> frozenset[int]:
    """Collect every token that ends an answer, by the model, its tokenizer, or its chat template."""
    configured = getattr(model.generation_config, "eos_token_id", None)
    several = configured if isinstance(configured, list) else [configured]
    ends = {*several, tokenizer.eos_token_id}
    # Some models name only the end of a text, though their template ends turns with another token.
    for token_id, token in tokenizer.added_tokens_decoder.items():
        if token.content in _TURN_ENDS and token.content in str(tokenizer.chat_template or ""):
            ends.add(token_id)
    num_tokens = model.config.get_text_config(decoder=True).vocab_size  # some name one beyond it
    return frozenset(end for end in ends if end is not None and end < num_tokens)
