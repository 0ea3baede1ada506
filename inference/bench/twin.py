"""A second model on the same weights, for ways that need an attention of their own."""

import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def twin_of(model: "PreTrainedModel") -> "PreTrainedModel":
    """Copy a model with its configuration, but share its weights and buffers.

    The twin attends as transformers does by itself, whatever our engine has made of the model.
    """
    shared = {id(one): one for one in (*model.parameters(), *model.buffers())}
    twin = copy.deepcopy(model, shared)
    if str(twin.config._attn_implementation).startswith("earshot_"):
        twin.set_attn_implementation("sdpa")
    return twin
