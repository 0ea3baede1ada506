import pytest
import torch

from inference.attention import few_queries_attention


@pytest.mark.parametrize("num_new", [1, 5, 33])
@pytest.mark.parametrize("heads", [(9, 3), (4, 4), (4, 1)])
def test_few_queries_on_a_halved_past_give_what_exact_attention_gives(num_new, heads):
    torch.manual_seed(0)
    num_heads, num_kv_heads = heads
    query = torch.randn(1, num_new, num_heads, 16).transpose(1, 2)
    store = torch.randn(2, 1, num_kv_heads, 256, 16)
    keys, values = store[..., : 100 + num_new, :].bfloat16()
    mask = torch.zeros(num_new, 100 + num_new).masked_fill_(
        ~torch.ones(num_new, 100 + num_new, dtype=torch.bool).tril(100), -torch.inf
    )

    attended = few_queries_attention(query, keys, values, mask=mask, scale=None)

    exact = torch.nn.functional.scaled_dot_product_attention(
        query, keys.float(), values.float(), attn_mask=mask, enable_gqa=True
    )
    assert attended.dtype == torch.float32
    assert (attended - exact).abs().max() < 0.02  # what bfloat16 rounds of values of about 1
