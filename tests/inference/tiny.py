"""Tiny random models and tokenizers with the chat templates in wide use, made on the spot."""

import json
from pathlib import Path

import torch
from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

CORPUS = [
    "Alice: hello, shall we meet at the river on Sunday? (silence) (response) Yes, at ten.",
    "Bob: assistant, what is the capital of France? user assistant system (response) Paris.",
    "Chiara: it's 5 o'clock; don't be late! INST SYS header start end of turn text",
] * 3

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content']"
    " + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA3 = (
    "{% for message in messages %}{% set content = '<|start_header_id|>' + message['role'] + "
    "'<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' %}"
    "{% if loop.first %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
    "{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
MISTRAL = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}"
    "{% endif %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% else %}{{ message['content'] + eos_token }}{% endif %}{% endfor %}"
)


def chatml_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE, as SmolLM2 and Qwen have it; <think> is an added token, but no special one."""
    backend = _byte_level(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    backend.add_tokens([AddedToken("<think>", special=False)])
    return _wrapped(backend, CHATML, eos_token="<|im_end|>", pad_token="<|endoftext|>")


def llama3_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE with the header tokens of Llama 3 and a template that trims contents."""
    specials = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    return _wrapped(
        _byte_level(specials), LLAMA3, bos_token="<|begin_of_text|>", eos_token="<|eot_id|>"
    )


def mistral_tokenizer(*, legacy: bool = False) -> PreTrainedTokenizerFast:
    """SentencePiece-like BPE: a space in front of the first word, or (legacy) of every piece.

    The template has no system role and insists on alternating roles.
    """
    backend = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    if legacy:
        backend.normalizer = normalizers.Sequence(
            [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
        )
    else:
        backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    bytes_ = [f"<0x{value:02X}>" for value in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=["<unk>", "<s>", "</s>", *bytes_], show_progress=False
    )
    # Without the markers, or "(silence)" would be one token; in real vocabularies it is not.
    words = [text.replace("(", "").replace(" ", "▁") for text in CORPUS]
    backend.train_from_iterator(words, trainer)
    backend = _without_byte_specials(backend, bytes_)
    backend.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return _wrapped(backend, MISTRAL, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


def tiny_llama(
    vocab_size: int, *, eos_token_id: int | None = None, seed: int = 0
) -> LlamaForCausalLM:
    """A random Llama of 2 layers with 4 heads on 2 key-value heads."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        bos_token_id=None,
        eos_token_id=eos_token_id,
        initializer_range=0.3,  # large, so that probabilities differ enough to tell errors
    )
    return LlamaForCausalLM(config).eval()


def save_tiny_model(folder: Path, *, chat_template: bool = True, seed: int = 0) -> Path:
    """Write a ChatML model into a folder, as a person would have one."""
    tokenizer = chatml_tokenizer()
    if not chat_template:
        tokenizer.chat_template = None
    tiny_llama(len(tokenizer), eos_token_id=tokenizer.eos_token_id, seed=seed).save_pretrained(
        folder
    )
    tokenizer.save_pretrained(folder)
    return folder


def _byte_level(specials: list[str]) -> Tokenizer:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(CORPUS, trainer)
    return backend


def _without_byte_specials(backend: Tokenizer, bytes_: list[str]) -> Tokenizer:
    """Byte pieces are ordinary pieces in real models; the trainer knows only special ones."""
    raw = json.loads(backend.to_str())
    raw["added_tokens"] = [one for one in raw["added_tokens"] if one["content"] not in bytes_]
    return Tokenizer.from_str(json.dumps(raw))


def _wrapped(backend: Tokenizer, template: str, **tokens: str) -> PreTrainedTokenizerFast:
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, **tokens)
    tokenizer.chat_template = template
    return tokenizer
