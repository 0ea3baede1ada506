"""Tiny tokenizers and models of every family that can be tuned, with the templates they publish.

The templates are those of the hub, to the letter where a conversation of ours can reach; branches
for tools are left out. The tokenizers split text as the real ones do (so that spaces, line breaks
and brackets fall into tokens as they really do), with the same special tokens, but a vocabulary of
some hundred pieces that is learned here.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import torch
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)
from transformers import (
    FalconConfig,
    FalconForCausalLM,
    GemmaConfig,
    GemmaForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from inference.chat_forms import fitted, parting_ids, shipped_form
from inference.render import Renderer
from inference.tune.scoring import Parting
from inference.wire.chat_form import ChatForm

DECIDE_PROMPT = "You are {name}, an assistant in a group chat. Speak when needed. {persona}"

LLAMA2 = (
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
    "{% set system_message = messages[0]['content'] %}{% else %}"
    "{% set loop_messages = messages %}{% set system_message = false %}{% endif %}"
    "{% for message in loop_messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}"
    "{% endif %}{% if loop.index0 == 0 and system_message != false %}"
    "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
    "{% else %}{% set content = message['content'] %}{% endif %}"
    "{% if message['role'] == 'user' %}"
    "{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}"
    "{% endif %}{% endfor %}"
)
ZEPHYR = """\
{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\n'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}"""
OPENCHAT = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ 'GPT4 Correct ' + message['role'].title() + ': ' + message['content'] + '<|end_of_turn|>'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'GPT4 Correct Assistant:' }}{% endif %}"
)
MISTRAL_01 = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}"
    "{% endif %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token + ' ' }}{% else %}"
    "{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}"
)
MISTRAL_02 = """\
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}

{{- bos_token }}
{%- for message in loop_messages %}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('After the optional system message, conversation roles must alternate \
user/assistant/user/assistant/...') }}
    {%- endif %}
    {%- if message['role'] == 'user' %}
        {%- if loop.first and system_message is defined %}
            {{- ' [INST] ' + system_message + '\\n\\n' + message['content'] + ' [/INST]' }}
        {%- else %}
            {{- ' [INST] ' + message['content'] + ' [/INST]' }}
        {%- endif %}
    {%- elif message['role'] == 'assistant' %}
        {{- ' ' + message['content'] + eos_token}}
    {%- else %}
        {{- raise_exception('Only user and assistant roles are supported, with the exception of \
an initial optional system message!') }}
    {%- endif %}
{%- endfor %}
"""
# Puts the system text before the LAST user turn, and nowhere if the assistant has the last word.
MISTRAL_03 = """\
{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}

{#- This block checks for alternating user/assistant messages #}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
        {{- raise_exception("After the optional system message, conversation roles must alternate \
user/assistant/user/assistant/...") }}
    {%- endif %}
    {%- set ns.index = ns.index + 1 %}
{%- endfor %}

{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported, with the exception of \
an initial optional system message!") }}
    {%- endif %}
{%- endfor %}
"""
LLAMA3 = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}"
    "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
    "+ message['content'] | trim + '<|eot_id|>' %}"
    "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}"
    "{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
QWEN25 = """\
{%- if messages[0]['role'] == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
{%- else %}
    {{- '<|im_start|>system\\nYou are Qwen, created by Alibaba Cloud. \
You are a helpful assistant.<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or \
(message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
SMOLLM2 = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
    "<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}"
    "{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}"
    "{% else %}{% set role = message['role'] %}{% endif %}"
    "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}"
)

CORPUS = [
    "Ana: hello, shall we meet at the river on Sunday?",
    "Ben: assistant, what is the capital of Peru? user assistant system Yes, at ten. Lima.",
    "Chiara: it's 5 o'clock; don't be late!! INST SYS GPT4 Correct User Correct Assistant: ok",
] * 3
# In the vocabularies of Llama 3 and Qwen "(response" is one piece, so that the markers share none;
# and marks grow together with a line break behind them.
CODE = ["f(response) g(response)", "f(s) g(s)\n", "yes. no!! (or ?!)\n", "so.\n", "a ( s ( r"] * 20
# In the others the bracket stands alone, and silence begins with "sil".
PROSE = ["response ( sil ence ) silent silver"] * 20

GPT4_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@dataclass(frozen=True)
class Family:
    """A family's tokenizer and tiny model, and how its turns end: `end` follows every answer."""

    name: str
    tokenizer: PreTrainedTokenizerFast
    model: Callable[[], PreTrainedModel]
    end: str
    form: ChatForm
    renderer: Renderer

    @property
    def parting(self) -> Parting:
        found = parting_ids(self.renderer)
        assert found
        return Parting(found[1], found[2])


def _trained(
    backend: Tokenizer, specials: list[str], corpus: list[str], *, alphabet: list[str] | None = None
) -> Tokenizer:
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=specials,
        initial_alphabet=alphabet or [],
        show_progress=False,
    )
    backend.train_from_iterator(corpus, trainer)
    return backend


def _byte_level(
    split: pre_tokenizers.PreTokenizer, specials: list[str], *, code: bool
) -> Tokenizer:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = split
    backend.decoder = decoders.ByteLevel()
    corpus = CORPUS + (CODE if code else PROSE)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    return _trained(backend, specials, corpus, alphabet=alphabet)


def _gpt4_level(specials: list[str]) -> Tokenizer:
    split = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(GPT4_SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return _byte_level(split, specials, code=True)


def _sentence_pieces(specials: list[str], *, spaces: str) -> Tokenizer:
    """Pieces as SentencePiece makes them: no piece reaches over a space, bytes for what is unknown.

    `spaces` says where a space is put in front: "legacy" at every piece between special tokens,
    "first" at the very beginning, "never".
    """
    bytes_ = [f"<0x{value:02X}>" for value in range(256)]
    backend = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(prepend_scheme="never"),
            pre_tokenizers.Split(Regex(r"▁?[\p{L}\p{N}]+|▁?[^\p{L}\p{N}▁]"), behavior="isolated"),
        ]
    )
    letters = sorted({letter for text in CORPUS + PROSE for letter in text} - {" "})
    _trained(backend, [*specials, *bytes_], CORPUS + PROSE, alphabet=["▁", "\n", *letters])
    raw = json.loads(backend.to_str())
    # Byte pieces are ordinary pieces in real models; the trainer knows only special ones.
    raw["added_tokens"] = [one for one in raw["added_tokens"] if one["content"] not in bytes_]
    backend = Tokenizer.from_str(json.dumps(raw))
    replace_spaces = normalizers.Replace(" ", "▁")
    if spaces == "legacy":
        backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), replace_spaces])
        backend.pre_tokenizer = None
    elif spaces == "first":
        backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    else:
        backend.normalizer = replace_spaces
        backend.pre_tokenizer = None
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    backend.decoder = decoders.Sequence(steps)
    return backend


def _wrapped(backend: Tokenizer, template: str | None, **tokens: str) -> PreTrainedTokenizerFast:
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, **tokens)
    tokenizer.chat_template = template
    return tokenizer


def _llama2(template: str) -> PreTrainedTokenizerFast:
    backend = _sentence_pieces(["<unk>", "<s>", "</s>"], spaces="legacy")
    return _wrapped(backend, template, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


def _zephyr() -> PreTrainedTokenizerFast:
    tokenizer = _llama2(ZEPHYR)
    tokenizer.pad_token = "</s>"
    return tokenizer


def _openchat() -> PreTrainedTokenizerFast:
    tokenizer = _llama2(OPENCHAT)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|end_of_turn|>", "<|pad_0|>"]})
    tokenizer.eos_token = "<|end_of_turn|>"
    tokenizer.pad_token = "<|end_of_turn|>"
    return tokenizer


def _mistral03() -> PreTrainedTokenizerFast:
    specials = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[control_8]"]
    backend = _sentence_pieces(specials, spaces="first")
    return _wrapped(backend, MISTRAL_03, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


def _llama3() -> PreTrainedTokenizerFast:
    names = ["begin_of_text", "end_of_text", "reserved_special_token_0", "start_header_id"]
    backend = _gpt4_level([f"<|{name}|>" for name in [*names, "end_header_id", "eot_id"]])
    return _wrapped(backend, LLAMA3, bos_token="<|begin_of_text|>", eos_token="<|eot_id|>")


def _qwen25() -> PreTrainedTokenizerFast:
    names = ["endoftext", "im_start", "im_end", "object_ref_start", "vision_pad"]
    backend = _gpt4_level([f"<|{name}|>" for name in names])
    backend.normalizer = normalizers.NFC()
    backend.add_tokens([AddedToken("<tool_call>", special=False, normalized=False)])
    return _wrapped(backend, QWEN25, eos_token="<|im_end|>", pad_token="<|endoftext|>")


def _falcon() -> PreTrainedTokenizerFast:
    split = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Punctuation("contiguous"),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
            pre_tokenizers.Digits(individual_digits=False),
        ]
    )
    backend = _byte_level(split, [">>TITLE<<", ">>SUFFIX<<", "<|endoftext|>"], code=False)
    return _wrapped(backend, None, eos_token="<|endoftext|>")


def _llama3_base() -> PreTrainedTokenizerFast:
    """A base model, without a template: line breaks grow together with the marks before them."""
    tokenizer = _llama3()
    tokenizer.chat_template = None
    tokenizer.eos_token = "<|end_of_text|>"
    return tokenizer


def _smollm2() -> PreTrainedTokenizerFast:
    split = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(False)]
    )
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", "<empty_output>"]
    backend = _byte_level(split, specials, code=False)
    return _wrapped(
        backend,
        SMOLLM2,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        unk_token="<|endoftext|>",
        pad_token="<|im_end|>",
    )


def _gemma() -> PreTrainedTokenizerFast:
    specials = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]
    backend = _sentence_pieces(specials, spaces="never")
    return _wrapped(
        backend, GEMMA, bos_token="<bos>", eos_token="<eos>", unk_token="<unk>", pad_token="<pad>"
    )


TINY = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
    "bos_token_id": None,
    "eos_token_id": None,
    "pad_token_id": None,
    "initializer_range": 0.1,
}
FALCON = {name: value for name, value in TINY.items() if name != "intermediate_size"}
FALCON |= {"multi_query": True, "parallel_attn": True, "alibi": False, "bias": False}
ARCHITECTURES = {
    "llama": (LlamaConfig, LlamaForCausalLM, TINY),
    "mistral": (MistralConfig, MistralForCausalLM, TINY),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM, TINY | {"tie_word_embeddings": True}),
    "falcon": (FalconConfig, FalconForCausalLM, FALCON),
    "gemma": (GemmaConfig, GemmaForCausalLM, TINY | {"head_dim": 8}),
}


def tiny_model(architecture: str, vocab_size: int, *, seed: int = 0) -> PreTrainedModel:
    """A random model of 2 layers, ready to train."""
    config_class, model_class, sizes = ARCHITECTURES[architecture]
    torch.manual_seed(seed)
    return model_class(config_class(vocab_size=vocab_size, **sizes))


MADE = {
    "Llama-2-7b-chat-hf": (lambda: _llama2(LLAMA2), "llama", " </s>"),
    "zephyr-7b-beta": (_zephyr, "mistral", "</s>"),
    "OpenChat-3.5-0106": (_openchat, "mistral", "<|end_of_turn|>"),
    "Mistral-7B-Instruct-v0.1": (lambda: _llama2(MISTRAL_01), "mistral", "</s>"),
    "Mistral-7B-Instruct-v0.2": (lambda: _llama2(MISTRAL_02), "mistral", "</s>"),
    "Mistral-7B-Instruct-v0.3": (_mistral03, "mistral", "</s>"),
    "Meta-Llama-3-8B-Instruct": (_llama3, "llama", "<|eot_id|>"),
    "Meta-Llama-3-8B": (_llama3_base, "llama", "\n"),
    "Qwen2.5-Instruct": (_qwen25, "qwen2", "<|im_end|>"),
    "falcon-7b-instruct": (_falcon, "falcon", "\n"),
    "SmolLM2-Instruct": (_smollm2, "llama", "<|im_end|>"),
    "gemma-7b-it": (_gemma, "gemma", "<end_of_turn>"),
}
NAMES = tuple(MADE)


@cache
def family(name: str) -> Family:
    """Give a family, its tokenizer learned once."""
    make, architecture, end = MADE[name]
    tokenizer = make()
    form = ChatForm(decide_prompt=DECIDE_PROMPT)
    if tokenizer.chat_template is None:
        transcript = shipped_form("transcript")
        form = replace(transcript, decide_prompt=DECIDE_PROMPT, reply_prompt=None)
    fit = fitted(form, tokenizer)
    form, renderer = fit.form, fit.renderer
    return Family(
        name, tokenizer, lambda: tiny_model(architecture, len(tokenizer)), end, form, renderer
    )
