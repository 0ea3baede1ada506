"""Linear layers whose weights lie in the order in which a CPU multiplies them fastest.

PyTorch hands a float32 product to MKL, which takes the weights as they lie and reorders them for
every call. oneDNN, which PyTorch brings as well, takes weights that were reordered once: for the 20
to 100 tokens of a decision that takes two thirds of the time on an AMD processor, and differs by
rounding only. Processors that multiply bfloat16 take another half off; see docs/measurements.md.

The layers know neither gradients nor saving: pack a model that only answers.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FAMILIES = {"llama", "mistral", "qwen2", "qwen3"}  # those whose layers do no more than call these
NUM_TOKENS = 33  # of a usual decision, which the order is chosen for; other counts work as well


class PackedLinear(nn.Linear):
    """A linear layer with reordered weights, of shape (out, in) as before, for inference only.

    It stays a Linear, so that adapters can be put on it, but cannot be merged into it.
    """

    def __init__(self, plain: nn.Linear) -> None:
        """Take the weights of a plain layer."""
        nn.Module.__init__(self)
        self.in_features, self.out_features = plain.in_features, plain.out_features
        weight = plain.weight.detach()
        packed = torch.ops.mkldnn._reorder_linear_weight(weight, NUM_TOKENS)
        self.weight = nn.Parameter(packed, requires_grad=False)
        self.register_parameter("bias", None)
        if isinstance(plain.bias, nn.Parameter):
            self.bias = nn.Parameter(plain.bias.detach(), requires_grad=False)
        self.train(plain.training)

    def forward(self, input: Tensor) -> Tensor:
        """Give input (..., in) times the weights, (..., out)."""
        product: Tensor = torch.ops.mkldnn._linear_pointwise.default(
            input, self.weight, self.bias, "none", [], ""
        )
        return product


def multiplies_bfloat16() -> bool:
    """Tell whether this processor has instructions for products of bfloat16."""
    return bool(torch.cpu._is_avx512_bf16_supported())


def can_pack_weights(model: "PreTrainedModel") -> bool:
    """Tell whether a model is on a CPU, in a precision it multiplies, and of a family that was tried."""
    on_cpu = model.device.type == "cpu" and bool(torch._C._has_mkldnn)
    fast = model.dtype == torch.float32 or (model.dtype == torch.bfloat16 and multiplies_bfloat16())
    return on_cpu and fast and model.config.model_type in FAMILIES


def pack_weights(model: "PreTrainedModel") -> int:
    """Replace the model's linear layers in place, where that pays; give how many were replaced.

    The plain weights are freed as it goes; what is left of a model that was mapped from its file is
    copied, so that the file can be let go. A head that shares its weights with the embeddings stays
    plain: packed, it would take their memory a second time.
    """
    if not can_pack_weights(model):
        return 0
    shared = model.get_input_embeddings().weight
    plain = [
        (parent, name, layer)
        for parent in model.modules()
        for name, layer in parent.named_children()
        if type(layer) is nn.Linear and layer.weight is not shared
    ]
    num_packed = len(plain)
    while plain:
        parent, name, layer = plain.pop()
        setattr(parent, name, PackedLinear(layer))
        del layer
    for parameter in model.parameters():
        if not parameter.is_mkldnn:
            parameter.data = parameter.data.clone()
    return num_packed
