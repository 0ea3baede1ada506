"""llama-server of llama.cpp: goes on from a last assistant message by itself, any number of logprobs.

Sources: tools/server/server-common.cpp of ggml-org/llama.cpp (`oaicompat_chat_params_parse`: prefill of
an assistant message at the end; "Cannot set both add_generation_prompt and continue_final_message to
true."; `n_probs` from `top_logprobs`, without a limit; unknown fields are handed on, so `id_slot` and
`cache_prompt` work here too); pull request 10783 (logprobs in OpenAI's shape, before sampling);
"exceed_context_size_error". The content of an answer that was not streamed holds the opened text again.
"""

from tests.dialects.dialect import CONTEXT, Dialect
from tests.dialects.scripted import num_tokens


class LlamaServer(Dialect):
    name = "llamacpp"
    max_logprobs = 100_000
    checks_model = False
    repeats_opened = True

    def listed(self, model):
        meta = {"vocab_type": 2, "n_vocab": 49152, "n_ctx_train": 8192, "n_ctx": CONTEXT}
        return {**super().listed(model), "meta": meta}

    def continues(self, body):
        return body["messages"][-1]["role"] == "assistant"

    def refused(self, body):
        if body.get("continue_final_message") and body.get("add_generation_prompt", True):
            message = "Cannot set both add_generation_prompt and continue_final_message to true."
            return self.error(400, message)
        if body.get("top_logprobs") is not None and not body.get("logprobs"):
            return self.error(400, "top_logprobs requires logprobs to be set to true")
        return super().refused(body)

    def too_long(self, prompt):
        message = (
            f"request ({num_tokens(prompt)} tokens) exceeds the available context size "
            f"({CONTEXT} tokens), try increasing it"
        )
        return self.error(400, message, kind="exceed_context_size_error")

    def unauthorized(self, key):
        return self.error(401, "Invalid API Key", kind="authentication_error")

    def error(self, status, message, *, kind="invalid_request_error", param=None, code=None):
        return super().error(status, message, kind=kind, code=status)
