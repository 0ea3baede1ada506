"""Write base and adapter as one GGUF file, which llama-server and Ollama load.

Tensors are named, and those of Llama's queries and keys permuted, as llama.cpp expects them. One
tensor after the other is converted while it is written, so that the file needs no memory of its own.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from inference.errors import InferenceError, TuneRefused
from inference.locating import Report
from inference.tune.bases import base_license, public_id
from inference.tune.publishing.fresh import check_file, check_room, fresh_files
from inference.tune.publishing.gguf_vocabulary import add_vocabulary, vocabulary_of
from inference.tune.publishing.merging import Merged, Outline, merge, outlined
from inference.tune.publishing.parcel import Item, Parcel, Source, WeightType
from inference.wire.chat_form import FILE_NAME

if TYPE_CHECKING:
    from gguf import GGMLQuantizationType, GGUFWriter

# transformers' model types and llama.cpp's architectures; a Mistral is a Llama there.
ARCHITECTURES = {"llama": "llama", "mistral": "llama", "qwen2": "qwen2"}


@dataclass(frozen=True, slots=True)
class GgufAct:
    """Publish as the file `target`, with the chat form in a file beside it."""

    source: Source
    target: Path
    weights: WeightType = "f16"
    overwrite: bool = False

    @property
    def form_file(self) -> Path:
        """Give the file of the chat form, for EARSHOT_CHAT_FORM."""
        return self.target.with_name(f"{self.target.stem}.{FILE_NAME}")

    def plan(self) -> Parcel:
        """Check the adapter, its base, the target and the disk. Raises InferenceError."""
        return self._planned(outlined(self.source))

    def carry_out(self, report: Report) -> Parcel:
        """Merge and write the file. Raises InferenceError, and then nothing is there."""
        outline = outlined(self.source)
        parcel = self._planned(outline)
        merged = merge(self.source, outline, report)
        with fresh_files(self.target.parent) as folder:
            written = folder / self.target.name
            _write(merged, outline, written, weights=self.weights, report=report)
            _read_back(written, num_tensors=len(outline.shapes))
            text = json.dumps(merged.form.to_dict(), indent=2, ensure_ascii=False) + "\n"
            (folder / self.form_file.name).write_text(text, encoding="utf-8")
        items = tuple(
            Item(path.name, path.stat().st_size) for path in (self.target, self.form_file)
        )
        return Parcel(parcel.target, items, parcel.note)

    def _planned(self, outline: Outline) -> Parcel:
        for path in (self.target, self.form_file):
            check_file(path, overwrite=self.overwrite)
        _check_architecture(outline)
        num_bytes = sum(
            _num_bytes(shape, _stored(shape, self.weights)) for shape in outline.shapes.values()
        )
        check_room(self.target, num_bytes)
        items = (Item(self.target.name, num_bytes), Item(self.form_file.name))
        note = f"{outline.where.name} with the adapter merged in, {self.weights}"
        return Parcel(str(self.target), items, note)


def _check_architecture(outline: Outline) -> None:
    """Refuse what llama.cpp would compute otherwise than transformers does."""
    config = outline.config
    if config.model_type not in ARCHITECTURES:
        raise TuneRefused(
            f"a {config.model_type} model cannot be written as GGUF here, only "
            f"{', '.join(sorted(ARCHITECTURES))}; publish with --merged and convert the folder with "
            "llama.cpp's convert_hf_to_gguf.py"
        )
    kind = _rope(outline).get("rope_type", "default")
    if kind != "default":
        raise TuneRefused(
            f"rotary positions of type {kind} cannot be written as GGUF here; publish with --merged "
            "and convert the folder with llama.cpp's convert_hf_to_gguf.py"
        )


def _write(
    merged: Merged, outline: Outline, path: Path, *, weights: WeightType, report: Report
) -> None:
    from gguf import GGUFWriter

    state = merged.model.state_dict()
    names = _gguf_names(outline)
    writer = GGUFWriter(path, ARCHITECTURES[outline.config.model_type])
    try:
        _add_header(writer, merged, outline, weights=weights)
        for name, shape in outline.shapes.items():
            stored = _stored(shape, weights)
            writer.add_tensor_info(
                names[name], shape, np.dtype(np.float32), _num_bytes(shape, stored), stored
            )
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for done, (name, shape) in enumerate(outline.shapes.items()):
            report(f"writing {path.name}", done / len(outline.shapes))
            _write_tensor(writer, _arranged(state[name], name, outline), _stored(shape, weights))
    finally:
        writer.close()


def _write_tensor(
    writer: "GGUFWriter", tensor: torch.Tensor, stored: "GGMLQuantizationType"
) -> None:
    from gguf import quantize

    writer.write_tensor_data(quantize(tensor.float().contiguous().numpy(), stored))


def _arranged(tensor: torch.Tensor, name: str, outline: Outline) -> torch.Tensor:
    """Put the rows of a Llama's queries and keys into llama.cpp's order.

    transformers rotates the first half of a head against the second, llama.cpp neighbours: so rows
    i and i + half of each head become neighbours.
    """
    heads = {"q_proj": "num_attention_heads", "k_proj": "num_key_value_heads"}
    part = name.rsplit(".", 2)[-2]
    if ARCHITECTURES[outline.config.model_type] != "llama" or part not in heads:
        return tensor
    num_heads: int = outline.config.to_dict()[heads[part]]
    split = tensor.reshape(num_heads, 2, -1, *tensor.shape[1:])
    return split.transpose(1, 2).reshape(tensor.shape)


def _add_header(
    writer: "GGUFWriter", merged: Merged, outline: Outline, *, weights: WeightType
) -> None:
    from gguf import LlamaFileType

    types = {"f32": "ALL_F32", "f16": "MOSTLY_F16", "bf16": "MOSTLY_BF16", "q8_0": "MOSTLY_Q8_0"}
    writer.add_type("model")
    writer.add_name(f"{outline.where.name} that knows when to speak")
    base = public_id(outline.where.name)
    if base is not None:
        owner, name = base.split("/")
        writer.add_base_model_count(1)
        writer.add_base_model_name(0, name)
        writer.add_base_model_organization(0, owner)
        writer.add_base_model_repo_url(0, f"https://huggingface.co/{base}")
    if license_ := base_license(outline.where.name):
        writer.add_license(license_)
    writer.add_file_type(LlamaFileType[types[weights]])
    writer.add_quantization_version(2)  # llama.cpp's GGML_QNT_VERSION
    _add_shape(writer, outline)
    vocabulary = vocabulary_of(merged.tokenizer, num_rows=outline.config.vocab_size)
    add_vocabulary(writer, vocabulary)
    if isinstance(merged.tokenizer.chat_template, str):
        writer.add_chat_template(merged.tokenizer.chat_template)


def _add_shape(writer: "GGUFWriter", outline: Outline) -> None:
    config: Any = outline.config
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(float(_rope(outline)["rope_theta"]))
    writer.add_rope_dimension_count(head_dim)
    writer.add_key_length(head_dim)
    writer.add_value_length(head_dim)
    writer.add_vocab_size(config.vocab_size)


def _rope(outline: Outline) -> Mapping[str, Any]:
    parameters: Mapping[str, Any] = vars(outline.config).get("rope_parameters") or {}
    return {"rope_theta": 10000.0, **parameters}


def _gguf_names(outline: Outline) -> dict[str, str]:
    """Map the tensors' names. Raises TuneRefused for one that llama.cpp has no name for."""
    from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, get_tensor_name_map

    wanted = ARCHITECTURES[outline.config.model_type]
    arch = next(arch for arch in MODEL_ARCH if MODEL_ARCH_NAMES[arch] == wanted)
    known = get_tensor_name_map(arch, outline.config.num_hidden_layers)
    names = {}
    for name in outline.shapes:
        found = known.get_name(name, try_suffixes=(".weight", ".bias"))
        if found is None:
            raise TuneRefused(f"llama.cpp has no name for the tensor {name} of this model")
        names[name] = found
    return names


def _stored(shape: tuple[int, ...], weights: WeightType) -> "GGMLQuantizationType":
    """Choose the type of a tensor: vectors are small and stay exact, as llama.cpp has them."""
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

    kinds = GGMLQuantizationType
    if len(shape) < 2:
        return kinds.F32
    chosen = kinds[weights.upper()]
    fits = shape[-1] % GGML_QUANT_SIZES[chosen][0] == 0
    return chosen if fits else kinds.F16


def _num_bytes(shape: tuple[int, ...], stored: "GGMLQuantizationType") -> int:
    from gguf import GGML_QUANT_SIZES

    block, num_bytes = GGML_QUANT_SIZES[stored]
    return torch.Size(shape).numel() // block * num_bytes


def _read_back(path: Path, *, num_tensors: int) -> None:
    """Make sure that the file is whole before it takes its name."""
    from gguf import GGUFReader

    try:
        found = len(GGUFReader(path).tensors)
    except (ValueError, IndexError, KeyError) as error:
        raise InferenceError(f"the file written cannot be read back: {error}") from error
    if found != num_tensors:
        raise InferenceError(f"the file written has {found} tensors instead of {num_tensors}")
