"""llama.cpp with its own prefix reuse, as one of the ways that are compared.

It is no dependency: where the package `llama_cpp` is installed it is measured, else a note says so.
It runs a GGUF file with the same vocabulary as the model measured; that of the default model is in
its package, and is quantised anew here. Each chat is a sequence of its own, as in llama-server, and
those decided on together run in one batch.
"""

import ctypes
import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from inference.bench.chats import Chat, opened_ids
from inference.bench.subject import Subject
from inference.errors import InferenceError, PackageMissing
from inference.prefix_cache import common_prefix

BATCH_TOKENS = 2048
MAX_SEQUENCES = 256  # LLAMA_MAX_SEQ
NO_FLASH_ATTENTION = 0  # LLAMA_FLASH_ATTN_TYPE_DISABLED
FILE_TYPES = {"f32": 0, "f16": 1, "q4_0": 2, "q4_1": 3, "q8_0": 7}  # llama_ftype
_NO_LOG = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(
    lambda _level, _text, _data: None
)


@dataclass(frozen=True, slots=True)
class Gguf:
    """A file that llama.cpp runs; `name` tells it from others."""

    name: str
    path: Path


def llama_cpp() -> Any:
    """Import llama.cpp's bindings, silenced. Raises PackageMissing."""
    try:
        library = importlib.import_module("llama_cpp.llama_cpp")
    except ImportError as error:
        raise PackageMissing(
            "llama.cpp was not measured: llama-cpp-python is not installed"
        ) from error
    library.llama_log_set(_NO_LOG, None)
    return library


@contextmanager
def quantized(source: Path, kind: str) -> Iterator[Gguf]:
    """Give a GGUF file with the weights of `source` as `kind`, one of FILE_TYPES, for a while.

    Raises InferenceError.
    """
    library = llama_cpp()
    if kind not in FILE_TYPES:
        raise InferenceError(
            f"llama.cpp has no weights {kind!r} here: choose of {', '.join(FILE_TYPES)}"
        )
    options = library.llama_model_quantize_default_params()
    options.ftype = FILE_TYPES[kind]
    options.allow_requantize = True
    options.nthread = torch.get_num_threads()
    with TemporaryDirectory(prefix="earshot-bench-") as folder:
        target = Path(folder) / f"{kind}.gguf"
        failed = library.llama_model_quantize(
            str(source).encode(), str(target).encode(), ctypes.byref(options)
        )
        if failed:
            raise InferenceError(f"llama.cpp cannot turn {source} into {kind}")
        yield Gguf(kind, target)


class LlamaCpp:
    """A GGUF model in llama.cpp. `close` must be called.

    `num_chats` sequences of at most `max_tokens` tokens each can be held; memory for them is taken
    when the first is read. Raises InferenceError.
    """

    max_chats: int | None = None

    def __init__(self, subject: Subject, gguf: Gguf, *, num_chats: int, max_tokens: int) -> None:
        self.label = f"llama.cpp {gguf.name}: prefix kept"
        self._subject = subject
        self._library = llama_cpp()
        if num_chats > MAX_SEQUENCES:
            raise InferenceError(
                f"llama.cpp was not measured: it holds {MAX_SEQUENCES} conversations at most"
            )
        options = self._library.llama_model_default_params()
        options.use_mmap = False  # pages read for the first time would count as time and memory
        self._model = self._library.llama_model_load_from_file(str(gguf.path).encode(), options)
        if not self._model:
            raise InferenceError(f"llama.cpp cannot read {gguf.path}")
        self._num_chats, self._max_tokens = num_chats, max_tokens
        self._context: Any = None
        self._batch: Any = None
        self._held: dict[str, list[int]] = {}  # by session; a session's place is its sequence

    def remember(self, chats: Sequence[Chat]) -> None:
        """Run the chats as they stand."""
        self.decide(chats)

    def decide(self, chats: Sequence[Chat]) -> None:
        """Run what is new of each chat, all in one batch; the logits stay in llama.cpp."""
        self._run([(chat.session, self._rest(chat)) for chat in chats])

    def reply(self, chats: Sequence[Chat], num_tokens: int) -> None:
        """Generate greedily, a token for each chat in one batch."""
        drawn = self._run([(chat.session, self._rest(chat)) for chat in chats])
        for _ in range(num_tokens - 1):
            drawn = self._run([(chat.session, [drawn[chat.session]]) for chat in chats])

    def close(self) -> None:
        """Free all memory."""
        if self._context is not None:
            self._library.llama_batch_free(self._batch)
            self._library.llama_free(self._context)
        self._library.llama_model_free(self._model)

    def num_bytes(self, session: str) -> int:
        """Give what a chat's keys and values take."""
        return int(self._library.llama_state_seq_get_size(self._context, self._sequence(session)))

    def _open(self) -> None:
        options = self._library.llama_context_default_params()
        options.n_ctx = self._num_chats * (self._max_tokens // 256 + 1) * 256
        options.n_seq_max = self._num_chats
        options.n_batch = BATCH_TOKENS
        if self._subject.device == "cpu":
            # Chosen by itself, it takes 1.6 times as long there behind 2,048 tokens.
            options.flash_attn_type = NO_FLASH_ATTENTION
        options.n_threads = options.n_threads_batch = torch.get_num_threads()
        self._context = self._library.llama_init_from_model(self._model, options)
        if not self._context:
            raise InferenceError("llama.cpp has not enough memory for these conversations")
        self._batch = self._library.llama_batch_init(BATCH_TOKENS, 0, 1)

    def _sequence(self, session: str) -> int:
        self._held.setdefault(session, [])
        return list(self._held).index(session)

    def _rest(self, chat: Chat) -> list[int]:
        """Take back what is not of this chat; give what is left to run, a token at least."""
        if self._context is None:
            self._open()
        sequence = self._sequence(chat.session)
        held = self._held[chat.session]
        ids = opened_ids(self._subject, chat)
        num_kept = min(common_prefix(held, ids), len(ids) - 1)
        memory = self._library.llama_get_memory(self._context)
        self._library.llama_memory_seq_rm(memory, sequence, num_kept, -1)
        del held[num_kept:]
        return list(ids[num_kept:])

    def _run(self, parts: Sequence[tuple[str, list[int]]]) -> dict[str, int]:
        """Run tokens behind each session's; give the likeliest next token of each."""
        drawn: dict[str, int] = {}
        waiting: list[tuple[str, int, bool]] = []  # session, token, last of its part
        for session, ids in parts:
            waiting += [(session, token, False) for token in ids[:-1]]
            waiting.append((session, ids[-1], True))
        for begin in range(0, len(waiting), BATCH_TOKENS):
            self._run_batch(waiting[begin : begin + BATCH_TOKENS], drawn)
        return drawn

    def _run_batch(self, tokens: Sequence[tuple[str, int, bool]], drawn: dict[str, int]) -> None:
        batch = self._batch
        batch.n_tokens = len(tokens)
        for index, (session, token, last) in enumerate(tokens):
            held = self._held[session]
            batch.token[index] = token
            batch.pos[index] = len(held)
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = self._sequence(session)
            batch.logits[index] = last
            held.append(token)
        if self._library.llama_decode(self._context, batch):
            raise InferenceError("llama.cpp could not run the conversations")
        size = self._library.llama_vocab_n_tokens(self._library.llama_model_get_vocab(self._model))
        for index, (session, _, last) in enumerate(tokens):
            if last:
                logits = self._library.llama_get_logits_ith(self._context, index)
                drawn[session] = int(np.ctypeslib.as_array(logits, (size,)).argmax())
