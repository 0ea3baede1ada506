"""Who is compared: Earshot first, then whatever else can run the same model here."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Self

from inference.bench.llama import Gguf, LlamaCpp, llama_cpp, quantized
from inference.bench.options import Bench
from inference.bench.paged import PagedBatching
from inference.bench.subject import Subject
from inference.bench.ways import ArticlesWay, KeptPrefix, Way
from inference.errors import InferenceError

SPARE_TOKENS = 320  # a conversation's: for the message, what is generated, and whole pages


class Contest:
    """The ways to compare on one model. `notes` say which could not be measured, and why.

    Use it in a `with` statement: it keeps files for llama.cpp.
    """

    def __init__(self, subject: Subject, bench: Bench) -> None:
        self.subject = subject
        self.bench = bench
        self.notes: list[str] = []
        self._files: list[Gguf] = []
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            try:
                self._files = _llama_files(self.subject, self.bench, opening)
            except InferenceError as error:
                self.notes.append(str(error))
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @contextmanager
    def ways(self, *, num_chats: int, max_tokens: int) -> Iterator[list[Way]]:
        """Give each way with room for `num_chats` chats of `max_tokens` tokens; Earshot is first."""
        room = max_tokens + SPARE_TOKENS
        with ExitStack() as opened:
            # transformers' ways first: the engine may change how the model computes.
            articles = ArticlesWay(self.subject)
            paged = self._paged(num_chats * room, opened)
            llamas = [
                self._llama(gguf, opened, num_chats=num_chats, max_tokens=room)
                for gguf in self._files
            ]
            kept = KeptPrefix(self.subject, max_cached_tokens=num_chats * room)
            others = [way for way in (articles, paged, *llamas) if way is not None]
            yield [kept, *others]

    def _paged(self, max_tokens: int, opened: ExitStack) -> PagedBatching | None:
        try:
            paged = PagedBatching(self.subject, max_tokens=max_tokens)
        except Exception as error:  # noqa: BLE001 - its demands differ from version to version
            self._note(f"{PagedBatching.label} was not measured: {error}")
            return None
        opened.callback(paged.close)
        return paged

    def _llama(
        self, gguf: Gguf, opened: ExitStack, *, num_chats: int, max_tokens: int
    ) -> LlamaCpp | None:
        try:
            llama = LlamaCpp(self.subject, gguf, num_chats=num_chats, max_tokens=max_tokens)
        except InferenceError as error:
            self._note(str(error))
            return None
        opened.callback(llama.close)
        return llama

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _llama_files(subject: Subject, bench: Bench, opening: ExitStack) -> list[Gguf]:
    """Give a GGUF file for each kind of weights wanted. Raises InferenceError if there is none."""
    library = llama_cpp()
    if subject.device == "cuda" and not library.llama_supports_gpu_offload():
        raise InferenceError("llama.cpp was not measured: it is built without support for this GPU")
    if bench.gguf is not None:
        return [Gguf(bench.gguf.stem, bench.gguf)]
    if bench.shape is not None or bench.model not in (None, "", "default"):
        raise InferenceError("llama.cpp was not measured: name the model's GGUF file with --gguf")
    from inference.convert import find_gguf

    source = find_gguf()
    return [opening.enter_context(quantized(source, kind)) for kind in bench.llama]
