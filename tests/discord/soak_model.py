"""The model server of the soak: answers questions by their numbers, fast, slowly or at length.

A question is a message with a word such as q17. The reply names it, so that whoever counts replies
knows which question each one answers, and the same question always gets the same words.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

from tests.dialects.server import MODEL, DialectServer
from tests.dialects.vllm import Vllm

CONTEXT = 8000  # tokens
PIECES = 5
SLOW_EVERY, SLOW_PIECE_S = 6, 0.4  # every sixth reply grows before people's eyes
LONG_EVERY, LONG_WORDS = 9, 400  # every ninth does not fit into one message of Discord's


class Roomy(Vllm):
    stops_long_prompts = False

    def listed(self, model):
        return {**super().listed(model), "max_model_len": CONTEXT}


class SoakModel(DialectServer):
    """Scores as the scripted model does: it speaks up where somebody asks."""

    def _completed(self, body):
        self.requests.clear()
        self.sessions.clear()
        if not body.get("stream"):
            return super()._completed(body)
        text = reply_to(body["messages"])
        return StreamingResponse(_streamed(text), media_type="text/event-stream")


def reply_to(messages) -> str:
    """Give the reply to a prompt: it names the questions of the last burst, or else its words."""
    asked = [one["content"] for one in messages if one["role"] == "user"][-1]
    numbers = list(dict.fromkeys(re.findall(r"\bq\d+\b", asked)))
    first = int(numbers[0][1:]) if numbers else 1
    words = (
        ["So", "it", "is."]
        if first % LONG_EVERY
        else [f"w{first}x{number}" for number in range(LONG_WORDS)]
    )
    names = numbers or list(dict.fromkeys(re.findall(r"\bm\d+\b", asked)))[-1:]
    return " ".join(["As", "to", *names, *words])


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
