"""The model behind an OpenAI-compatible server: our own worker, vLLM, llama-server, a hosted API.

Sends decisions and replies in the way that a probe found best, and in simpler ones where the server
turns out to refuse that. Knows nothing of rules, history or platforms. A failure is not tried again
here: by then an ambient message's moment has passed.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from openai import APIError, AsyncOpenAI, AsyncStream, DefaultAsyncHttpxClient
from openai.types.chat import ChatCompletionChunk

from bot.errors import ModelBusy, ModelError, ModelUnavailable
from bot.model_cards import card_of, chosen
from bot.model_faults import NotUnderstood, Server, TooLong
from bot.model_probe import SESSION, abilities_of, described
from bot.model_requests import decision_request, probe_request, reply_request
from bot.ports import ModelCard, Score
from inference.wire.answers import Chunk, Completion, ListedModel, ModelList
from inference.wire.asking import Way, num_prompt_tokens, opened, score_of
from inference.wire.chat_form import ChatForm
from inference.wire.probing import Abilities
from inference.wire.prompted import DEFAULT_FORM
from inference.wire.refusals import Understood, understood
from inference.wire.score import BegunAnew
from inference.wire.turns import Turn

logger = logging.getLogger(__name__)

T = TypeVar("T")

MAX_CHARS_PER_TOKEN = 32  # beyond this the server ignores max_tokens, and might never end


@dataclass(slots=True)
class Known:
    """What a server said of its model, and how it is asked; both may turn out otherwise."""

    card: ModelCard
    abilities: Abilities

    def learn(self, found: Understood[Any], *, asked: Way) -> None:
        """Ask in the way that was understood from now on, if the other will never be."""
        if found.lasting and found.way != asked:
            self.abilities = replace(self.abilities, way=found.way)


class OpenAIModel:
    """A `bot.ports.Model` over HTTP."""

    def __init__(  # noqa: PLR0913 - the settings of one server, each by name
        self,
        url: str,
        *,
        model: str | None,
        api_key: str | None,
        form: ChatForm | None,
        max_prompt_tokens: int,
        timeout_s: float,
    ) -> None:
        """Prepare, without connecting. Raises ConfigError for a URL that is none.

        `model` None takes the server's first; `form` is for servers that give none themselves.
        `timeout_s` bounds a decision, and each wait for the next piece of a reply.
        """
        self._server = Server.at(url, secret=api_key, timeout_s=timeout_s)
        self._client = open_client(url, server=self._server)
        self._model = model or None
        self._form = form or DEFAULT_FORM
        self._max_prompt_tokens = max_prompt_tokens
        self._known: Known | None = None
        self._finding_out: asyncio.Task[Known] | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._finding_out is not None:
            self._finding_out.cancel()
        await self._client.close()

    async def card(self) -> ModelCard:
        """Describe the model; asks the server once and after every failure."""
        return (await self._ask_known()).card

    async def abilities(self) -> Abilities:
        """Say what the server can do; it is probed once and after every failure."""
        return (await self._ask_known()).abilities

    async def score(self, turns: Sequence[Turn], *, session: str) -> Score:
        """Read P(speak) off turns made by `decision_turns`, in the best way the server understands.

        Where the server does not count tokens, `num_prompt_tokens` is estimated from the characters.
        """

        async def ask(known: Known) -> Score:
            way = _for_turns(known.abilities.way, turns)
            found = await understood(
                lambda way: self._score(known.card, turns, way=way, session=session), way
            )
            known.learn(found, asked=way)
            return found.answer

        with self._forgetting():
            return await self._ask(ask)

    async def reply(self, turns: Sequence[Turn], *, session: str) -> AsyncGenerator[str]:
        """Stream a reply to turns made by `reply_turns`; closing the iterator ends the request."""

        async def ask(known: Known) -> tuple[AsyncStream[ChatCompletionChunk], int]:
            card, way = known.card, known.abilities.way
            found = await understood(
                lambda way: self._stream(reply_request(card, turns, way=way, session=session)), way
            )
            logprobs = way.top_logprobs  # a reply asks for none
            known.learn(replace(found, way=replace(found.way, top_logprobs=logprobs)), asked=way)
            return found.answer, card.form.sampling.max_tokens

        with self._forgetting():
            opened_stream, max_tokens = await self._ask(ask)
            async with opened_stream as stream:
                async for piece in self._pieces(stream, max_tokens=max_tokens):
                    yield piece

    async def _ask(self, ask: Callable[[Known], Awaitable[T]]) -> T:
        """Ask what is known; if that is not understood, the server may be another one by now."""
        known = await self._ask_known()
        try:
            return await ask(known)
        except NotUnderstood:
            if self._known is known:
                self._known = None
            again = await self._ask_known()
            if again == known:
                raise
            return await ask(again)

    @contextmanager
    def _forgetting(self) -> Iterator[None]:
        """After a failure the server may be another one, or have another model; not if it is busy."""
        try:
            yield
        except (ModelBusy, TooLong):
            raise
        except ModelError:
            self._known = None
            raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        # The cause is left out of the chain: its text is the server's, which may repeat the key.
        try:
            yield
        except (APIError, TimeoutError, ValueError) as error:
            raise self._server.fault(error) from None

    async def _ask_known(self) -> Known:
        """Give what is known, or find it out: all who wait share one attempt, and its failure.

        One after the other, a hundred conversations would wait a hundred times for a server that hangs.
        """
        if self._known is not None:
            return self._known
        if self._finding_out is None:
            self._finding_out = asyncio.create_task(self._find_out(), name="probe")
            self._finding_out.add_done_callback(self._found_out)
        return await asyncio.shield(self._finding_out)

    def _found_out(self, task: asyncio.Task[Known]) -> None:
        self._finding_out = None
        if not task.cancelled() and task.exception() is None:
            self._known = task.result()

    async def _find_out(self) -> Known:
        with self._explained():
            async with asyncio.timeout(self._server.timeout_s):
                offered = await offered_models(self._client)
        listed = chosen(offered, name=self._model)
        card = card_of(listed, form=self._form, max_prompt_tokens=self._max_prompt_tokens)

        async def ask(way: Way, turns: Sequence[Turn]) -> Completion:
            return await self._complete(probe_request(card, turns, way=way, session=SESSION))

        abilities = await abilities_of(listed, ask, card.form)
        logger.info("%s: %s", card.id, described(abilities, card.form))
        return Known(replace(card, num_levels=abilities.num_levels), abilities)

    async def _complete(self, request: dict[str, Any]) -> Completion:
        with self._explained():
            async with asyncio.timeout(self._server.timeout_s):
                response = await self._client.chat.completions.with_raw_response.create(**request)
            return Completion.model_validate_json(response.content)

    async def _score(
        self, card: ModelCard, turns: Sequence[Turn], *, way: Way, session: str
    ) -> Score:
        request = decision_request(card, turns, way=way, session=session)
        completion = await self._complete(request)
        try:
            p_speak = score_of(completion, turns, form=card.form, way=way)
        except ValueError as error:
            raise NotUnderstood(
                f"{error}: the model needs a chat form whose prompt names both markers, "
                "see EARSHOT_CHAT_FORM",
                words="continue_final_message",
                lasting=isinstance(error, BegunAnew),
            ) from error
        return Score(p_speak, num_prompt_tokens(completion, turns))

    async def _stream(self, request: dict[str, Any]) -> AsyncStream[ChatCompletionChunk]:
        with self._explained():
            async with asyncio.timeout(self._server.timeout_s):
                create = self._client.chat.completions.create
                stream: AsyncStream[ChatCompletionChunk] = await create(stream=True, **request)
                return stream

    async def _pieces(
        self, stream: AsyncStream[ChatCompletionChunk], *, max_tokens: int
    ) -> AsyncIterator[str]:
        """Give the pieces of text, without the one space that stands before a continued reply."""
        num_chars = 0
        async for piece in self._texts(stream):
            text = piece if num_chars else piece.removeprefix(" ")
            num_chars += len(piece)
            if text:
                yield text
            if num_chars > max_tokens * MAX_CHARS_PER_TOKEN:
                return

    async def _texts(self, stream: AsyncStream[ChatCompletionChunk]) -> AsyncIterator[str]:
        """Give the texts of the events. Raises ModelUnavailable if the server breaks off."""
        now = asyncio.get_running_loop().time
        events, deadline, is_whole = aiter(stream), now() + self._server.timeout_s, False
        while not is_whole:
            with self._explained():
                async with asyncio.timeout_at(deadline):
                    event = await anext(events, None)
                if event is None:
                    raise ModelUnavailable("the model server broke off its reply: see its log")
                chunk = Chunk.model_validate(event)
            if chunk.text:
                yield chunk.text
                deadline = now() + self._server.timeout_s
            is_whole = chunk.is_last


def _for_turns(way: Way, turns: Sequence[Turn]) -> Way:
    """A form whose markers share no text opens no answer that could be continued."""
    return way if opened(turns) else replace(way, continued=False)


def open_client(url: str, *, server: Server) -> AsyncOpenAI:
    """Make a client that takes nothing from the environment of other OpenAI programs."""
    return AsyncOpenAI(
        base_url=url,
        api_key=server.secret or "none",  # not unset: OPENAI_API_KEY is not for this server
        max_retries=0,
        timeout=server.timeout_s,
        http_client=DefaultAsyncHttpxClient(trust_env=not server.is_local),
    )


async def offered_models(client: AsyncOpenAI) -> list[ListedModel]:
    """List what a server offers. Raises openai.APIError, or ValueError if the answer is no list."""
    response = await client.models.with_raw_response.list()
    return ModelList.model_validate_json(response.content).data
