"""docs/engines.md says of each server what the tests found."""

from pathlib import Path

import pytest

from tests.dialects.azure import Azure
from tests.dialects.conftest import DIALECTS
from tests.dialects.groq import Groq
from tests.dialects.llama_cpp_python import LlamaCppPython
from tests.dialects.llama_server import LlamaServer
from tests.dialects.mistral import Mistral
from tests.dialects.ollama import Ollama, OllamaBefore
from tests.dialects.openai_api import OpenAIApi, OpenAINewer
from tests.dialects.sglang import Sglang
from tests.dialects.vllm import Vllm

ROWS = {
    Vllm: "vLLM",
    Sglang: "SGLang",
    LlamaServer: "llama-server",
    Ollama: "Ollama from 0.12.11 on",
    OllamaBefore: "Ollama before",
    LlamaCppPython: "llama-cpp-python's server",
    OpenAIApi: "OpenAI, models that take `max_tokens`",
    OpenAINewer: "OpenAI, newer models without logprobs",
    Azure: "a host that allows 5 logprobs",
    Mistral: "Mistral's API",
    Groq: "Groq",
}
CONTINUES = {"yes": "yes", "ignored": "no, begins anew", "refused": "no, refuses"}


def deciding(expected):
    if expected.num_levels is None:
        asked = "1 token" if expected.continued else "up to 4 tokens"
        return f"{asked} | as calibrated"
    if expected.num_levels > 1:
        return f"{expected.num_levels} short answers | coarse: steps of 1/{expected.num_levels}"
    return "what it writes first | none: 0 or 1"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_table_holds_what_the_probe_finds(dialect):
    page = Path(__file__).parents[2] / "docs/engines.md"
    expected = DIALECTS[dialect]
    told = expected.num_logprobs or "none"

    row = f"| {ROWS[dialect]} | {told} | {CONTINUES[expected.continues]} | {deciding(expected)} |"

    assert row in page.read_text()
