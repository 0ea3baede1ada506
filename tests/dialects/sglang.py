"""SGLang: as vLLM, but it has no `add_generation_prompt`, and its errors lie flat.

Source: python/sglang/srt/entrypoints/openai/protocol.py (`ChatCompletionRequest`: a pydantic model that
passes over unknown fields, with `continue_final_message`, `min_tokens`, `repetition_penalty`;
`ErrorResponse`; `ModelCard.max_model_len`) and examples/runtime/openai_chat_with_response_prefill.py of
sgl-project/sglang. No limit on `top_logprobs` stands there.
"""

from starlette.responses import JSONResponse

from tests.dialects.dialect import CONTEXT, Dialect
from tests.dialects.scripted import num_tokens


class Sglang(Dialect):
    name = "sglang"
    max_logprobs = 1000
    checks_model = False

    def listed(self, model):
        return {**super().listed(model), "max_model_len": CONTEXT}

    def too_long(self, prompt):
        message = (
            f"The input ({num_tokens(prompt)} tokens) is longer than the model's context length "
            f"({CONTEXT} tokens)."
        )
        return self.error(400, message)

    def error(self, status, message, *, kind="BadRequestError", param=None, code=None):
        error = {
            "object": "error",
            "message": message,
            "type": kind,
            "param": param,
            "code": status,
        }
        return JSONResponse(error, status_code=status)
