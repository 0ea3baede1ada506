"""The model server of the soak: answers questions by their numbers, fast, slowly or at length.

A question is a message with a word such as q17. The reply names it, so that whoever counts replies
knows which question each one answers, and the same question always gets the same words.
"""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn
from starlette.responses import StreamingResponse

from tests.dialects.server import MODEL, DialectServer
from tests.dialects.vllm import Vllm

CONTEXT = 8000  # tokens
PIECES = 5
SLOW_EVERY, SLOW_PIECE_S = 6, 0.4  # every sixth reply grows before people's eyes
LONG_EVERY = 9  # every ninth does not fit into one message


class Roomy(Vllm):
    stops_long_prompts = False

    def listed(self, model):
        return {**super().listed(model), "max_model_len": CONTEXT}


@dataclass
class SoakModel(DialectServer):
    """Scores as the scripted model does: it speaks up where somebody asks.

    `num_long_words` are those of a reply that does not fit into one message; `words` what short
    ones say.
    """

    num_long_words: int = 400
    words: Sequence[str] = ("So", "it", "is.")

    def _completed(self, body):
        self.requests.clear()
        self.sessions.clear()
        if not body.get("stream"):
            return super()._completed(body)
        text = self.reply_to(body["messages"])
        return StreamingResponse(_streamed(text), media_type="text/event-stream")

    def reply_to(self, messages) -> str:
        """Give the reply to a prompt: it names the questions of the last burst, or else its words."""
        asked = [one["content"] for one in messages if one["role"] == "user"][-1]
        numbers = list(dict.fromkeys(re.findall(r"\bq\d+\b", asked)))
        first = int(numbers[0][1:]) if numbers else 1
        words = (
            self.words
            if first % LONG_EVERY
            else [f"w{first}x{number}" for number in range(self.num_long_words)]
        )
        names = numbers or list(dict.fromkeys(re.findall(r"\bm\d+\b", asked)))[-1:]
        return " ".join(["As", "to", *names, *words])


@asynccontextmanager
async def serving(app: SoakModel) -> AsyncIterator[str]:
    """Serve the model on a free port until the block ends; give its address."""
    runner = uvicorn.Server(uvicorn.Config(app, lifespan="off", ws="none", log_level="critical"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        app.port = listening.getsockname()[1]
        task = asyncio.create_task(runner.serve(sockets=[listening]))
        try:
            yield app.url
        finally:
            runner.should_exit = runner.force_exit = True
            await task


def new_model(
    *, num_long_words: int = 400, words: Sequence[str] = ("So", "it", "is.")
) -> SoakModel:
    """Make a model that has room for long prompts."""
    return SoakModel(Roomy(), num_long_words=num_long_words, words=words)


async def _streamed(text: str) -> AsyncIterator[str]:
    number = re.search(r"q(\d+)", text)
    is_slow = number is not None and int(number[1]) % SLOW_EVERY == 0
    yield _event({"index": 0, "delta": {"role": "assistant", "content": ""}})
    size = -(-len(text) // PIECES)
    for start in range(0, len(text), size):
        await asyncio.sleep(SLOW_PIECE_S if is_slow else 0.01)
        yield _event({"index": 0, "delta": {"content": text[start : start + size]}})
    yield _event({"index": 0, "delta": {}, "finish_reason": "stop"})
    yield "data: [DONE]\n\n"


def _event(choice) -> str:
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": MODEL}
    return f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n"
