"""Every test here runs against every server that the bot may meet, unless it asks for some."""

from dataclasses import dataclass

import pytest

from bot.model_client import OpenAIModel
from inference.wire.chat_form import (
    Calibration,
    CalibrationStep,
    ChatForm,
    DecisionTokens,
    Sampling,
)
from tests.dialects.azure import Azure
from tests.dialects.groq import Groq
from tests.dialects.llama_cpp_python import LlamaCppPython
from tests.dialects.llama_server import LlamaServer
from tests.dialects.mistral import Mistral
from tests.dialects.ollama import Ollama, OllamaBefore
from tests.dialects.openai_api import OpenAIApi, OpenAINewer
from tests.dialects.server import serving
from tests.dialects.sglang import Sglang
from tests.dialects.vllm import Vllm


@dataclass(frozen=True)
class Expected:
    """What the probe finds out: how a decision is asked for, and how exact it is."""

    continues: str
    num_logprobs: int
    num_levels: int | None
    context: int | None

    @property
    def continued(self):
        return self.continues == "yes"


DIALECTS = {
    Vllm: Expected("yes", 20, None, 400),
    Sglang: Expected("yes", 20, None, 400),
    LlamaServer: Expected("yes", 20, None, 400),
    LlamaCppPython: Expected("ignored", 20, None, None),
    Ollama: Expected("yes", 20, None, None),
    OllamaBefore: Expected("yes", 0, 1, None),
    OpenAIApi: Expected("refused", 20, None, None),
    OpenAINewer: Expected("refused", 0, 8, None),
    Azure: Expected("refused", 5, None, None),
    Groq: Expected("refused", 0, 1, 400),
    Mistral: Expected("refused", 0, 8, 400),
}

# As a model tuned by Earshot, on a tokenizer like SmolLM2's.
FORM = ChatForm(
    decide_prompt="You are {name}. Answer (silence) or (response). {persona}",
    sampling=Sampling(temperature=0, max_tokens=8, repetition_penalty=1.05),
    decision=DecisionTokens("(", "sil", "response"),
    stop=("\n",),
    calibration=Calibration((CalibrationStep(0, 1.0, 0.0), CalibrationStep(100, 0.0, 1.0))),
)


def pytest_generate_tests(metafunc):
    if "server" in metafunc.fixturenames:
        chosen = getattr(metafunc.function, "dialects", tuple(DIALECTS))
        metafunc.parametrize("dialect", chosen, ids=lambda one: one.__name__)


def only(*dialects):
    """Run a test against some servers only."""

    def mark(test):
        test.dialects = dialects
        return test

    return mark


@pytest.fixture
async def server(dialect):
    async with serving(dialect()) as app:
        yield app


@pytest.fixture
def expected(dialect):
    return DIALECTS[dialect]


@pytest.fixture
async def make_model(server):
    made = []

    def make(**changes):
        settings = {
            "model": None,
            "api_key": None,
            "form": FORM,
            "max_prompt_tokens": 2048,
            "timeout_s": 30.0,
        }
        made.append(OpenAIModel(server.url, **(settings | changes)))
        return made[-1]

    yield make
    for model in made:
        await model.close()


@pytest.fixture
async def model(make_model):
    return make_model()
