"""A model behind a URL judges: one request a decision, as the bot sends it.

Any OpenAI-compatible server: our worker, vLLM, a hosted API that gives few logprobs or none.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    AsyncOpenAI,
    BadRequestError,
    DefaultAsyncHttpxClient,
    UnprocessableEntityError,
)

from inference.errors import InferenceError, TuneRefused
from inference.tune.evaluation.judging import Advance
from inference.tune.evaluation.window import Shown, Window
from inference.tune.model_server import words_of
from inference.wire.answers import Completion, ListedModel, ModelList
from inference.wire.asking import Way, decision_fields, fitted, num_prompt_tokens, score_of
from inference.wire.chat_form import ChatForm
from inference.wire.probing import OWN_WORKER, probe
from inference.wire.prompted import DEFAULT_FORM
from inference.wire.refusals import WayRefused, is_too_long, understood
from inference.wire.score import BegunAnew
from inference.wire.server_address import address_of, is_local
from inference.wire.trim import MAX_PROMPT_TOKENS, prompt_budget
from inference.wire.turns import Turn, decision_turns

SESSION = "evaluate/probe"
MAX_RETRIES = 5  # of the openai client: it waits longer each time, half a minute in all
NO_LOGPROBS = (
    "the server gave no logprobs: P(speak) is 0 or 1, by what it wrote, so AUROC, average precision "
    "and calibration error say less than a model's that tells its probabilities"
)
VOTES = (
    "the server gave no logprobs: P(speak) is the share of {} drawn answers, so it varies from run to "
    "run, and calibration error says less than a model's that tells its probabilities"
)


@dataclass(frozen=True, slots=True)
class RemoteChoice:
    """Which server is to judge. `model` None is its first; `form` None is what it gives itself."""

    url: str
    model: str | None = None
    api_key: str | None = None
    form: ChatForm | None = None
    persona: str = ""
    max_requests: int = 4
    timeout_s: float = 60.0

    @property
    def address(self) -> str:
        """The URL as it may be shown, without a password."""
        return address_of(self.url)

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine, where no proxy must be asked."""
        return is_local(self.url)


@dataclass(slots=True)
class RemoteJudge:
    """A server as a judge; `is_own`: our own worker. `_way` is how it is asked, None before it is known."""

    choice: RemoteChoice
    model: str
    label: str
    form: ChatForm
    max_prompt_tokens: int
    is_own: bool = False
    notes: list[str] = field(default_factory=list)
    _way: Way | None = None

    def scores(self, conversations: Sequence[Shown], advance: Advance) -> list[list[float]]:
        """Give P(speak) of each burst of each conversation. Raises InferenceError."""
        return asyncio.run(self._scores(conversations, advance))

    async def _scores(self, conversations: Sequence[Shown], advance: Advance) -> list[list[float]]:
        room = asyncio.Semaphore(self.choice.max_requests)
        async with open_client(self.choice) as client:
            if self._way is None:
                self._way = await self._probed(client)

            async def one(shown: Shown) -> list[float]:
                async with room:
                    return await self._conversation(client, shown, advance)

            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(one(shown)) for shown in conversations]
            except* InferenceError as errors:
                raise errors.exceptions[0] from None
        return [task.result() for task in tasks]

    async def _conversation(
        self, client: AsyncOpenAI, shown: Shown, advance: Advance
    ) -> list[float]:
        """Score burst after burst: where a prompt begins depends on how long the last one was."""
        window = Window(shown, max_prompt_tokens=self.max_prompt_tokens)
        scores: list[float] = []
        while len(scores) < len(shown):
            index = len(scores)
            window.open(index)
            bursts = shown.bursts(window.first, index + 1)
            turns = decision_turns(self.form, bursts, persona=self.choice.persona)
            try:
                score, num_tokens = await self._decide(client, turns, session=_session(shown))
            except (_Refused, _TooLong) as refused:
                if self._may_be_too_long(turns) and window.refused(index):
                    continue
                raise TuneRefused(f"{_where(shown, index)}: {refused}") from None
            scores.append(score)
            window.scored(index, num_prompt_tokens=num_tokens)
            advance(1)
        return scores

    async def _probed(self, client: AsyncOpenAI) -> Way:
        """Find the best way to ask the server, as the bot does at its start."""
        if self.is_own:
            return OWN_WORKER.way

        async def ask(way: Way, turns: Sequence[Turn]) -> Completion:
            return await self._complete(client, turns, way=way, session=SESSION)

        try:
            abilities = await probe(ask, self.form)
        except (_Refused, _TooLong) as refused:
            raise TuneRefused(str(refused)) from None
        if abilities.num_levels is not None:
            num_votes = abilities.num_levels
            self.notes.append(VOTES.format(num_votes) if num_votes > 1 else NO_LOGPROBS)
        return abilities.way

    async def _decide(
        self, client: AsyncOpenAI, turns: Sequence[Turn], *, session: str
    ) -> tuple[float, int]:
        """Give P(speak) and the prompt's length, in the best way that the server understands."""

        async def ask(way: Way) -> tuple[float, int]:
            completion = await self._complete(client, turns, way=way, session=session)
            try:
                score = score_of(completion, turns, form=self.form, way=way)
            except ValueError as error:
                raise _Refused(
                    f"the server's answer holds no decision: {error}",
                    words="continue_final_message",
                    lasting=isinstance(error, BegunAnew),
                ) from None
            return score, num_prompt_tokens(completion, turns)

        found = await understood(ask, self._way or Way())
        if found.lasting:
            self._way = found.way
        return found.answer

    async def _complete(
        self, client: AsyncOpenAI, turns: Sequence[Turn], *, way: Way, session: str
    ) -> Completion:
        fields = {
            **decision_fields(turns, way=way),
            "model": self.model,
            "user": session,
            "extra_headers": {"X-Session-Id": session},
        }
        try:
            response = await client.chat.completions.with_raw_response.create(
                **fitted(fields, way=way)
            )
        except (BadRequestError, UnprocessableEntityError) as error:
            words = words_of(error, secret=self.choice.api_key)
            message = f"the server refused the request (HTTP {error.status_code}){words}"
            if is_too_long(str(error.body)):
                raise _TooLong(message) from None
            raise _Refused(message, words=str(error.body)) from None
        except APIError as error:
            raise InferenceError(explained(error, self.choice.address)) from None
        try:
            return Completion.model_validate_json(response.content)
        except ValueError as error:
            raise _Refused(f"the server's answer holds no decision: {error}") from None

    def _may_be_too_long(self, turns: Sequence[Turn]) -> bool:
        """Tell whether a prompt could pass the budget; a token is at least one byte."""
        num_bytes = sum(len(turn["content"].encode()) for turn in turns)
        return num_bytes > self.max_prompt_tokens


class _Refused(WayRefused):
    """The server did not take the request in this way."""

    def __init__(self, message: str, *, words: str = "", lasting: bool = True) -> None:
        super().__init__(message)
        self.words = words
        self.lasting = lasting


class _TooLong(Exception):  # noqa: N818 - what the prompt is
    """The prompt is longer than the model takes."""


def remote_judge(choice: RemoteChoice) -> RemoteJudge:
    """Ask a server what it offers, and make a judge of it. Raises InferenceError."""
    try:
        address_of(choice.url)
    except ValueError as error:
        raise TuneRefused(f"--model-url {error}") from None
    listed = _listed(asyncio.run(_offered(choice)), choice)
    form = choice.form or _own_form(listed)
    budget = MAX_PROMPT_TOKENS
    if listed.context is not None:
        budget = prompt_budget(
            max_prompt_tokens=MAX_PROMPT_TOKENS,
            context=listed.context,
            max_reply_tokens=form.sampling.max_tokens,
        )
    adapter = listed.earshot.adapter if listed.earshot else None
    label = f"{listed.id} + {adapter}" if adapter else listed.id
    return RemoteJudge(choice, listed.id, label, form, budget, is_own=listed.earshot is not None)


def open_client(choice: RemoteChoice) -> AsyncOpenAI:
    """Make a client that takes nothing from the environment of other OpenAI programs."""
    return AsyncOpenAI(
        base_url=choice.url,
        api_key=choice.api_key or "none",
        max_retries=MAX_RETRIES,
        timeout=choice.timeout_s,
        http_client=DefaultAsyncHttpxClient(trust_env=not choice.is_local),
    )


async def _offered(choice: RemoteChoice) -> list[ListedModel]:
    async with open_client(choice) as client:
        try:
            response = await client.models.with_raw_response.list()
            return ModelList.model_validate_json(response.content).data
        except APIError as error:
            raise InferenceError(explained(error, choice.address)) from None
        except ValueError:
            raise TuneRefused(
                f"{choice.address} does not answer as an OpenAI-compatible server; the address often "
                "ends in /v1"
            ) from None


def _listed(offered: Sequence[ListedModel], choice: RemoteChoice) -> ListedModel:
    """Pick the model asked for, or the first."""
    for listed in offered:
        if choice.model in (None, listed.id, listed.id.removesuffix(":latest")):
            return listed
    names = ", ".join(listed.id for listed in offered[:5]) or "none"
    raise TuneRefused(f"the server has no model {choice.model!r}, it offers: {names}")


def _own_form(listed: ListedModel) -> ChatForm:
    """Give the chat form that the server gives, or that of a model nobody tuned."""
    if listed.earshot is None:
        return DEFAULT_FORM
    try:
        return ChatForm.from_dict(listed.earshot.chat_form)
    except ValueError as error:
        raise TuneRefused(f"the server gives a faulty chat form: {error}") from error


def explained(error: APIError, address: str) -> str:
    """Say what went wrong with a server, without what its answer may repeat of the key."""
    if isinstance(error, APIStatusError):
        if error.status_code in (401, 403):
            return f"the server at {address} refused the key (HTTP {error.status_code})"
        return f"the server at {address} failed with HTTP {error.status_code}: see its log"
    if isinstance(error, APIConnectionError):
        return f"no model server answers at {address}, or it broke off"
    return f"the server at {address} gave up while it answered"


def _session(shown: Shown) -> str:
    conversation = shown.conversation
    return quote(f"evaluate/{conversation.line}:{conversation.id}", safe="/:")


def _where(shown: Shown, index: int) -> str:
    return f"line {shown.conversation.line}, message {index + 1}"
