"""Mistral's API: refuses with 422 what its schema does not have, `user` and logprobs among it; has `n`.

Sources: mistralai/platform-docs-public issue 7 and editor-code-assistant/eca issue 231 (the refusal:
"extra_forbidden", also for `max_completion_tokens`); docs.mistral.ai/guides/sampling (`n`, for which the
prompt is billed once). `max_context_length` stands in its `/v1/models`.
"""

from starlette.responses import JSONResponse

from tests.dialects.dialect import CHAT_FIELDS, CONTEXT, Dialect


class Mistral(Dialect):
    name = "mistralai"
    known = CHAT_FIELDS
    max_logprobs = 0

    def listed(self, model):
        return {**super().listed(model), "max_context_length": CONTEXT}

    def unknown(self, names):
        detail = [
            {
                "type": "extra_forbidden",
                "loc": ["body", name],
                "msg": "Extra inputs are not permitted",
                "input": None,
            }
            for name in names
        ]
        error = {"object": "error", "message": {"detail": detail}, "type": "invalid_request_error"}
        return JSONResponse(error | {"param": None, "code": None}, status_code=422)
