"""The part of llama.cpp's interface that the benchmark uses, with sequences but without a model.

Strict where llama.cpp is: a token's position must follow those its sequence holds, and no sequence
may outgrow its share of the context. The next token of a sequence is one more than its last.
"""

import ctypes
from pathlib import Path
from types import SimpleNamespace

NUM_WORDS = 64


class FakeLlama:
    """One library with one model; `batches` are the sizes of what was decoded."""

    def __init__(self, *, has_gpu=False):
        self.has_gpu = has_gpu
        self.batches = []
        self.sequences = {}
        self.options = None
        self.is_closed = False

    def llama_log_set(self, callback, data):
        pass

    def llama_supports_gpu_offload(self):
        return self.has_gpu

    def llama_model_quantize_default_params(self):
        class Params(ctypes.Structure):
            _fields_ = [
                ("ftype", ctypes.c_int),
                ("allow_requantize", ctypes.c_bool),
                ("nthread", ctypes.c_int),
            ]

        return Params()

    def llama_model_quantize(self, source, target, params):
        content = Path(source.decode()).read_bytes()
        Path(target.decode()).write_bytes(content)
        return 0 if content.startswith(b"GGUF") else 1

    def llama_model_default_params(self):
        return SimpleNamespace(use_mmap=True)

    def llama_model_load_from_file(self, path, options):
        return "model" if Path(path.decode()).read_bytes().startswith(b"GGUF") else None

    def llama_model_free(self, model):
        self.is_closed = True

    def llama_context_default_params(self):
        return SimpleNamespace()

    def llama_init_from_model(self, model, options):
        self.options = options
        return "context"

    def llama_free(self, context):
        pass

    def llama_batch_init(self, size, _embeddings, _sequences):
        return SimpleNamespace(
            token=[0] * size,
            pos=[0] * size,
            n_seq_id=[0] * size,
            seq_id=[[0] for _ in range(size)],
            logits=[False] * size,
            n_tokens=0,
        )

    def llama_batch_free(self, batch):
        pass

    def llama_get_memory(self, context):
        return "memory"

    def llama_memory_seq_rm(self, memory, sequence, begin, end):
        assert end == -1
        del self.sequences.setdefault(sequence, [])[begin:]

    def llama_decode(self, context, batch):
        self.batches.append(batch.n_tokens)
        self.last = {}
        for index in range(batch.n_tokens):
            held = self.sequences.setdefault(batch.seq_id[index][0], [])
            assert batch.pos[index] == len(held)
            held.append(batch.token[index])
            if batch.logits[index]:
                self.last[index] = batch.token[index]
        room = self.options.n_ctx // self.options.n_seq_max
        return int(any(len(held) > room for held in self.sequences.values()))

    def llama_model_get_vocab(self, model):
        return "vocabulary"

    def llama_vocab_n_tokens(self, vocabulary):
        return NUM_WORDS

    def llama_get_logits_ith(self, context, index):
        logits = (ctypes.c_float * NUM_WORDS)()
        logits[(self.last[index] + 1) % NUM_WORDS] = 1.0
        return ctypes.cast(logits, ctypes.POINTER(ctypes.c_float))

    def llama_state_seq_get_size(self, context, sequence):
        return 100 * len(self.sequences[sequence])
