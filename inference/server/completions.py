"""Chat completion requests to engine requests, and what the engine gives to OpenAI's answers."""

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from inference.detokenize import TokenTexts
from inference.errors import BadRequest, PromptTooLong
from inference.generation import Done, Piece, Request, TokenLogprob
from inference.sampling import SamplingOptions
from inference.server.models import Served
from inference.server.schema import CompletionRequest
from inference.wire.turns import Turn


def engine_request(body: CompletionRequest, served: Served, session: str | None) -> Request:
    """Render and bound a request. Raises BadRequest, or PromptTooLong with the numbers."""
    loaded = served.loaded
    prompt_ids = loaded.renderer.render(
        [_turn(message.role, message.text) for message in body.messages],
        add_generation_prompt=body.add_generation_prompt,
        continue_final_message=body.continue_final_message,
    )
    if not prompt_ids:
        raise BadRequest(
            "the model's chat template makes nothing of these messages", param="messages"
        )
    room = loaded.max_prompt_tokens - len(prompt_ids)
    if room < 1:
        raise PromptTooLong(
            f"the prompt has {len(prompt_ids)} tokens and the context holds "
            f"{loaded.max_prompt_tokens}, the answer included; send fewer or shorter messages",
            param="messages",
        )
    return Request(
        prompt_ids=tuple(prompt_ids),
        max_tokens=min(body.wanted_tokens or room, room),
        session=session,
        sampling=SamplingOptions(body.temperature, body.top_p, body.top_k, body.repetition_penalty),
        min_tokens=body.min_tokens,
        stop=tuple(body.stop or ()),
        seed=body.seed,
        top_logprobs=(body.top_logprobs or 0) if body.logprobs else None,
        # A decision compares these two; a likeliest few without one of them would make it 0 or 1.
        always_ids=loaded.decision_ids if body.continue_final_message else (),
        adapter=served.adapter,
        likely_ids=served.likely_ids
        if _is_decision(body, served) and room > len(served.likely_ids)
        else (),
    )


def _is_decision(body: CompletionRequest, served: Served) -> bool:
    """Tell whether a request asks for the token that decides, and for nothing else."""
    decision = served.loaded.form.decision
    opens = decision is not None and body.messages[-1].text == decision.prefix
    return opens and body.continue_final_message and body.wanted_tokens == 1


def _turn(role: str, text: str) -> Turn:
    match role:
        case "assistant":
            return {"role": "assistant", "content": text}
        case "user":
            return {"role": "user", "content": text}
        case _:
            return {"role": "system", "content": text}


@dataclass(slots=True)
class Answer:
    """An answer on its way to the client: makes the JSON objects of a completion."""

    model: str
    texts: TokenTexts
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, pieces: list[Piece], done: Done) -> dict[str, Any]:
        """Give a `chat.completion`."""
        logprobs = [piece.logprob for piece in pieces if piece.logprob]
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": "".join(p.text for p in pieces)},
            "logprobs": {"content": [self._logprob(one) for one in logprobs]} if logprobs else None,
            "finish_reason": done.finish_reason,
        }
        return {**self._head("chat.completion"), "choices": [choice], "usage": usage(done)}

    def opening(self) -> dict[str, Any]:
        """Give the first chunk of a stream, which names the role."""
        return self._chunk({"role": "assistant", "content": ""})

    def part(self, piece: Piece) -> dict[str, Any] | None:
        """Give the chunk of one token, None where it shows nothing yet."""
        if not piece.text and piece.logprob is None:
            return None
        chunk = self._chunk({"content": piece.text})
        if piece.logprob is not None:
            chunk["choices"][0]["logprobs"] = {"content": [self._logprob(piece.logprob)]}
        return chunk

    def closing(self, done: Done, *, with_usage: bool) -> Iterator[dict[str, Any]]:
        """Give the last chunks: the reason it ended, and the usage if it was asked for."""
        last = self._chunk({})
        last["choices"][0]["finish_reason"] = done.finish_reason
        yield last
        if with_usage:
            yield {**self._head("chat.completion.chunk"), "choices": [], "usage": usage(done)}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}

    def _chunk(self, delta: dict[str, str]) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
        return {**self._head("chat.completion.chunk"), "choices": [choice]}

    def _logprob(self, token: TokenLogprob) -> dict[str, Any]:
        top = [self._one(token_id, logprob) for token_id, logprob in token.top]
        return {**self._one(token.token_id, token.logprob), "top_logprobs": top}

    def _one(self, token_id: int, logprob: float) -> dict[str, Any]:
        text = self.texts(token_id)
        known = "\N{REPLACEMENT CHARACTER}" not in text  # else part of a character
        return {
            "token": text,
            "logprob": max(logprob, -9999.0),  # as OpenAI does: JSON has no infinity
            "bytes": list(text.encode()) if known else None,
        }


def usage(done: Done) -> dict[str, Any]:
    """Give exact token counts, and how many of the prompt's were not run again."""
    return {
        "prompt_tokens": done.num_prompt_tokens,
        "completion_tokens": done.num_generated_tokens,
        "total_tokens": done.num_prompt_tokens + done.num_generated_tokens,
        "prompt_tokens_details": {"cached_tokens": done.num_cached_tokens},
    }
