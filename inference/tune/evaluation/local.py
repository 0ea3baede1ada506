"""A model on this machine judges: one forward pass for all decisions that one prompt shows."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from inference.adapters import check_adapter
from inference.chat_forms import fitted, shipped_form
from inference.convert import DEFAULT_MODEL
from inference.errors import TuneRefused
from inference.fit import Wish
from inference.loading import NO_ADAPTER, LoadedModel, load, untuned_form_name
from inference.out_of_memory import telling_memory
from inference.outline import Precision
from inference.render import Renderer
from inference.tune.bases import local_name, public_id
from inference.tune.evaluation.judging import Advance
from inference.tune.evaluation.window import Shown, Window
from inference.tune.examples import (
    Decided,
    Example,
    LossWeights,
    NotAppendOnly,
    conversation_example,
)
from inference.tune.scoring import Parting, decision_scores, p_speak, parting_of
from inference.wire.chat_form import ChatForm
from inference.wire.trim import MAX_PROMPT_TOKENS, prompt_budget
from inference.wire.turns import decision_turns

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MAX_AHEAD = 64  # decisions in one pass; rendering all of a chat of a thousand at once is slow


@dataclass(slots=True)
class LocalJudge:
    """A loaded model as a judge. `context` is what prompt and answer may have, in tokens.

    Not frozen, since it finds out while judging that a template is not append-only.
    """

    label: str
    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"
    renderer: Renderer
    form: ChatForm
    parting: Parting
    context: int
    persona: str = ""
    max_prompt_tokens: int = MAX_PROMPT_TOKENS
    notes: list[str] = field(default_factory=list)

    def scores(self, conversations: Sequence[Shown], advance: Advance) -> list[list[float]]:
        """Give P(speak) of each burst of each conversation. Raises TuneRefused, OutOfMemory."""
        given = []
        for shown in conversations:
            with telling_memory(f"line {shown.conversation.line} was judged"):
                given.append(self._conversation(shown))
            advance(len(shown))
        return given

    def _conversation(self, shown: Shown) -> list[float]:
        budget = prompt_budget(
            max_prompt_tokens=self.max_prompt_tokens,
            context=self.context,
            max_reply_tokens=self.form.sampling.max_tokens,
        )
        window = Window(shown, max_prompt_tokens=budget)
        scores: list[float] = []
        while len(scores) < len(shown):
            window.open(len(scores))
            try:
                scores += self._ahead(shown, window, len(scores))
            except NotAppendOnly:
                scores += self._alone(shown, window, len(scores))
        return scores

    def _ahead(self, shown: Shown, window: Window, index: int) -> list[float]:
        """Score from burst `index` on, as long as the prompt begins where it does."""
        end = min(len(shown), index + MAX_AHEAD)
        example = conversation_example(
            self.renderer,
            self.form,
            shown.bursts(window.first, end),
            weights=LossWeights(),
            persona=self.persona,
        )
        decisions = self._while_it_lasts(shown, window, index, example)
        return decision_scores(self.model, replace(example, decisions=decisions), self.parting)

    def _while_it_lasts(
        self, shown: Shown, window: Window, index: int, example: Example
    ) -> tuple[Decided, ...]:
        """Give the example's decisions from burst `index` on up to one that moves the window."""
        first, taken = window.first, []
        for number, decided in enumerate(example.decisions[index - first :], start=index):
            window.open(number)
            if window.first != first or self._too_long(shown, window, number, decided.position + 1):
                break
            taken.append(decided)
            window.scored(number, num_prompt_tokens=decided.position + 1)
            if window.first != first:
                break
        return tuple(taken)

    @torch.inference_mode()
    def _alone(self, shown: Shown, window: Window, index: int) -> list[float]:
        """Score burst `index` by a pass of its own; nothing if its prompt had to be cut first."""
        bursts = shown.bursts(window.first, index + 1)
        turns = decision_turns(self.form, bursts, persona=self.persona)
        ids = self.renderer.render(turns, continue_final_message=True)
        if self._too_long(shown, window, index, len(ids)):
            return []
        logits = self.model(
            input_ids=torch.tensor([ids], device=self.model.device),
            use_cache=False,
            logits_to_keep=1,
        ).logits[0]
        window.scored(index, num_prompt_tokens=len(ids))
        return p_speak(logits.float().cpu(), self.parting)

    def _too_long(self, shown: Shown, window: Window, index: int, num_tokens: int) -> bool:
        """Tell whether a prompt leaves no room for an answer, and cut it. Raises TuneRefused."""
        if num_tokens < self.context:
            return False
        if not window.refused(index):
            raise TuneRefused(
                f"line {shown.conversation.line}: message {index + 1} alone makes a prompt of "
                f"{num_tokens} tokens, and the model's context holds {self.context}"
            )
        return True


@dataclass(frozen=True, slots=True)
class LocalChoice:
    """Which model is to judge, and in which form. None: the default model, the adapter it brings.

    Without a `model` an adapter is put on the base that it names, if that is known here or on the
    hub. `prompted` leaves every adapter out and takes the form of a model that nobody tuned.
    `precision` None is the one that fits.
    """

    model: str | None = None
    adapter: Path | None = None
    prompted: bool = False
    chat_form: Path | None = None
    persona: str = ""
    precision: Precision | None = None


def local_judge(choice: LocalChoice) -> LocalJudge:
    """Load a model to judge with. Raises InferenceError."""
    if choice.prompted and choice.adapter is not None:
        raise TuneRefused("--prompted is the model without an adapter: leave --adapter out")
    loaded = load(
        model_of(choice),
        adapter=NO_ADAPTER if choice.prompted else choice.adapter,
        wish=Wish(choice.precision, conversations=1),
    )
    if form := _other_form(choice, loaded):
        fit = fitted(form, loaded.tokenizer)
        loaded = replace(
            loaded, form=fit.form, renderer=fit.renderer, decision_ids=fit.decision_ids
        )
    return judge_of(loaded, persona=choice.persona, prompted=choice.prompted)


def model_of(choice: LocalChoice) -> str | None:
    """Give the model asked for, else the base that the adapter names; None is the default one.

    Raises AdapterBroken.
    """
    if choice.model or choice.adapter is None or choice.adapter == NO_ADAPTER:
        return choice.model
    named = local_name(str(check_adapter(choice.adapter).get("base_model_name_or_path") or ""))
    if not named or named == DEFAULT_MODEL:
        return None
    return named if public_id(named) or Path(named).is_dir() else None


def judge_of(loaded: LoadedModel, *, persona: str = "", prompted: bool = False) -> LocalJudge:
    """Give a loaded model as a judge. Raises TuneRefused if its decisions cannot be read."""
    if not loaded.decision_ids:
        raise TuneRefused(
            f"the tokenizer of {loaded.id} gives (silence) and (response) no place where they part; "
            "serve the model and judge it by --model-url, from its words"
        )
    how = " prompted" if prompted else f" + {loaded.adapter}" if loaded.adapter else ""
    if loaded.precision != "fp32":
        how += f" in {loaded.precision}"
    return LocalJudge(
        label=loaded.id + how,
        model=loaded.model,
        tokenizer=loaded.tokenizer,
        renderer=loaded.renderer,
        form=loaded.form,
        parting=parting_of(loaded.decision_ids, loaded.form.score),
        context=loaded.max_prompt_tokens,
        persona=persona,
    )


def _other_form(choice: LocalChoice, loaded: LoadedModel) -> ChatForm | None:
    """Give the form asked for, None for the model's own."""
    if choice.chat_form is not None:
        return read_form(choice.chat_form)
    if not choice.prompted:
        return None
    return shipped_form(untuned_form_name(loaded.id, loaded.tokenizer))


def read_form(path: Path) -> ChatForm:
    """Read a chat form from its file. Raises TuneRefused."""
    try:
        return ChatForm.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TuneRefused(f"{path} is no chat form that can be read: {error}") from error
