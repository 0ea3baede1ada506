"""The sizes of a model that decide how much memory it takes, told before any weights are read."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from inference.loading_faults import not_a_model, other_kind

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

Precision = Literal["fp32", "bf16", "fp16", "int8", "nf4"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
PLAIN_BYTES = {"fp32": 4, "bf16": 2, "fp16": 2}
# Of a weight in a linear layer: nf4 has a scale of one byte for 64 weights, and a scale of those.
_NF4_BYTES = 0.5 + 1 / 64 + 4 / (64 * 256)


@dataclass(frozen=True, slots=True)
class Outline:
    """The sizes of a model that decide on memory, in elements.

    `linear` counts the weights of linear layers but the head, `other` all the rest, tied ones once;
    `wide_in` and `wide_out` are what goes into and comes out of the linear layers of one block;
    `kv_width` is what the keys and values of one token take, through all layers.
    """

    linear: int
    other: int
    largest: int
    num_layers: int
    hidden: int
    wide_in: int
    wide_out: int
    vocab: int
    kv_width: int

    @property
    def num_parameters(self) -> int:
        """All parameters of the model."""
        return self.linear + self.other

    @classmethod
    def of(cls, config: "PretrainedConfig") -> "Outline":
        """Take the sizes from a configuration, by building the model without its weights.

        Raises ModelBroken where none can be built.
        """
        import torch

        model: Any = without_weights(config)
        head = model.get_output_embeddings()
        linears = [
            one for one in model.modules() if isinstance(one, torch.nn.Linear) and one is not head
        ]
        linear = sum(one.weight.numel() for one in linears)
        everything = sum(one.numel() for one in model.parameters())
        text = config.get_text_config()
        inputs = model.get_input_embeddings().weight
        if text.tie_word_embeddings and head is not None and head.weight is not inputs:
            everything -= head.weight.numel()  # tied only once the weights are there
        return cls(
            linear=linear,
            other=everything - linear,
            largest=max((one.weight.numel() for one in linears), default=0),
            num_layers=text.num_hidden_layers,
            hidden=inputs.shape[1],
            wide_in=sum(one.in_features for one in linears) // text.num_hidden_layers,
            wide_out=sum(one.out_features for one in linears) // text.num_hidden_layers,
            vocab=inputs.shape[0],
            kv_width=_kv_width(text),
        )

    def weight_bytes(self, precision: Precision, *, rest: Literal["fp32", "bf16", "fp16"]) -> float:
        """Give the bytes of all weights in a precision.

        int8 and nf4 hold for linear layers but the head; embeddings, head and norms stay in `rest`.
        """
        if precision in PLAIN_BYTES:
            return float(PLAIN_BYTES[precision] * self.num_parameters)
        linear = 1 + 4 / self.hidden if precision == "int8" else _NF4_BYTES
        return linear * self.linear + PLAIN_BYTES[rest] * self.other


def without_weights(config: "PretrainedConfig") -> "PreTrainedModel":
    """Build a model that has layers and shapes but no weights, and takes no memory.

    Raises ModelBroken where the configuration is of no model that continues a text.
    """
    import torch
    from transformers import AutoModelForCausalLM

    called = config.name_or_path or config.model_type
    if _fills_gaps(config):
        raise other_kind(called, config.model_type.capitalize())
    try:
        with torch.device("meta"):
            model: PreTrainedModel = AutoModelForCausalLM.from_config(  # type: ignore[no-untyped-call]
                config, trust_remote_code=False
            )
    except Exception as error:  # each architecture has demands of its own on its sizes
        raise not_a_model(called, error) from error
    return model


def _fills_gaps(config: "PretrainedConfig") -> bool:
    """Tell a BERT and its kin, which transformers would load as if they continued a text."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES as FILLERS

    return config.model_type in FILLERS and getattr(config, "is_decoder", True) is False


def _kv_width(text: Any) -> int:
    """Count the elements of one token's keys and values through all layers.

    A layer that looks at a window of the past only counts like the others: it is kept whole.
    """
    num_heads = text.num_attention_heads
    if getattr(text, "multi_query", False) and not getattr(text, "new_decoder_architecture", False):
        num_kv_heads = 1  # Falcon 7B: its configuration names as many as it has heads
    else:
        named = (getattr(text, name, None) for name in ("num_key_value_heads", "num_kv_heads"))
        num_kv_heads = next((number for number in named if number), num_heads)
    head = getattr(text, "head_dim", None) or text.hidden_size // num_heads
    return int(2 * text.num_hidden_layers * num_kv_heads * head)
