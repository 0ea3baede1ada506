"""The model behind an OpenAI-compatible server: our own worker, vLLM, llama-server, a hosted API.

Sends a decision and a reply, and finds out how to ask a server that refuses parts of them. Knows
nothing of rules, history or platforms. A failure is not tried again here: by then an ambient
message's moment has passed, and an addressed one had better get its notice.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

from openai import APIError, AsyncOpenAI, AsyncStream, DefaultAsyncHttpxClient
from openai.types.chat import ChatCompletionChunk

from bot.errors import ModelError, ModelUnavailable
from bot.model_cards import card_of, chosen
from bot.model_faults import NotUnderstood, Server
from bot.model_requests import decision_request, reply_request
from bot.ports import ModelCard, Score
from inference.wire.answers import Chunk, Completion, ListedModel, ModelList
from inference.wire.asking import Way, opened, ways_for
from inference.wire.chat_form import ChatForm
from inference.wire.prompted import DEFAULT_FORM
from inference.wire.score import BegunAnew, p_speak
from inference.wire.turns import Turn

CHARS_PER_TOKEN = 3  # where a server does not count; English has 4, and too many is the safe side
MAX_CHARS_PER_TOKEN = 32  # beyond this the server ignores max_tokens, and might never end


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
        self._card: ModelCard | None = None
        self._asking = asyncio.Lock()
        self._way: Way | None = None  # None: not known yet
        self._is_plain = False  # the server refuses fields of a reply that not every server knows

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def card(self) -> ModelCard:
        """Describe the model; asks the server once and after every failure."""
        async with self._asking:
            if self._card is None:
                self._card = await self._ask_card()
            return self._card

    async def score(self, turns: Sequence[Turn], *, session: str) -> Score:
        """Read P(speak) off turns made by `decision_turns`, in the best way the server understands.

        Where the server does not count tokens, `num_prompt_tokens` is estimated from the characters.
        """
        card = await self.card()
        not_understood: list[NotUnderstood] = []
        for way in self._ways(turns):
            try:
                score = await self._score(card, turns, way=way, session=session)
            except NotUnderstood as error:
                not_understood.append(error)
            except ModelError:
                self._forget()
                raise
            else:
                if all(error.lasting for error in not_understood):
                    self._way = way
                return score
        self._forget()
        raise not_understood[0]

    async def reply(self, turns: Sequence[Turn], *, session: str) -> AsyncGenerator[str]:
        """Stream a reply to turns made by `reply_turns`; closing the iterator ends the request."""
        card = await self.card()
        try:
            stream = await self._open_reply(card, turns, session=session)
            async with stream:
                async for piece in self._pieces(stream, max_tokens=card.form.sampling.max_tokens):
                    yield piece
        except ModelError:
            self._forget()
            raise

    def _forget(self) -> None:
        """After a failure the server may be another one, or have another model."""
        self._card, self._way, self._is_plain = None, None, False

    @contextmanager
    def _explained(self) -> Iterator[None]:
        # The cause is left out of the chain: its text is the server's, which may repeat the key.
        try:
            yield
        except (APIError, TimeoutError, ValueError) as error:
            raise self._server.fault(error) from None

    async def _ask_card(self) -> ModelCard:
        with self._explained():
            async with asyncio.timeout(self._server.timeout_s):
                offered = await offered_models(self._client)
        listed = chosen(offered, name=self._model)
        return card_of(listed, form=self._form, max_prompt_tokens=self._max_prompt_tokens)

    def _ways(self, turns: Sequence[Turn]) -> Sequence[Way]:
        if self._way is not None:
            return (self._way,)
        return ways_for(turns)

    async def _score(
        self, card: ModelCard, turns: Sequence[Turn], *, way: Way, session: str
    ) -> Score:
        request = decision_request(card, turns, way=way, session=session)
        with self._explained():
            async with asyncio.timeout(self._server.timeout_s):
                response = await self._client.chat.completions.with_raw_response.create(**request)
            completion = Completion.model_validate_json(response.content)
        try:
            choices = completion.token_choices()
            p = p_speak(choices, form=card.form, opened=opened(turns) if way.continued else "")
        except ValueError as error:
            raise NotUnderstood(
                f"{error}: the model needs a chat form whose prompt names both markers, "
                "see EARSHOT_CHAT_FORM",
                lasting=isinstance(error, BegunAnew),
            ) from error
        if completion.usage is not None:
            return Score(p, completion.usage.prompt_tokens)
        return Score(p, sum(len(turn["content"]) for turn in turns) // CHARS_PER_TOKEN)

    async def _open_reply(
        self, card: ModelCard, turns: Sequence[Turn], *, session: str
    ) -> AsyncStream[ChatCompletionChunk]:
        """Begin a reply; a server that refuses the extra fields is asked once more without them."""
        continues = bool(opened(turns)) and (self._way is None or self._way.continued)
        if not self._is_plain:
            try:
                request = reply_request(
                    card, turns, continued=continues, extras=True, session=session
                )
                return await self._stream(request)
            except NotUnderstood:
                pass
        request = reply_request(card, turns, continued=False, extras=False, session=session)
        stream = await self._stream(request)
        self._is_plain = True
        return stream

    async def _stream(self, request: dict[str, object]) -> AsyncStream[ChatCompletionChunk]:
        with self._explained():
            async with asyncio.timeout(self._server.timeout_s):
                create = self._client.chat.completions.create
                stream: AsyncStream[ChatCompletionChunk] = await create(stream=True, **request)  # type: ignore[call-overload]
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
