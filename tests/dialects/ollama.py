"""Ollama's /v1: passes over unknown fields, goes on from a last assistant message, cuts long prompts.

Sources: openai/openai.go of ollama/ollama (the fields of `ChatCompletionRequest`; no `n`, no `user`;
errors); issues 6778 and 5890 there (a last assistant message is continued); the release of v0.12.11,
which added logprobs, and "top_logprobs must be between 0 and 20"; docs/context-length.mdx. A prompt longer
than `num_ctx` loses its beginning without a word, and `/v1/models` does not tell the context.
`OllamaBefore` is a version that has no logprobs yet: it drops the fields.
"""

from tests.dialects.dialect import Dialect


class Ollama(Dialect):
    name = "library"
    max_answers = 1
    stops_long_prompts = False

    def continues(self, body):
        return body["messages"][-1]["role"] == "assistant"

    def too_many_logprobs(self, asked):
        return self.error(400, "top_logprobs must be between 0 and 20")

    def no_model(self, model):
        return self.error(
            404, f'model "{model}" not found, try pulling it first', kind="not_found_error"
        )


class OllamaBefore(Ollama):
    max_logprobs = 0

    def refused(self, body):
        return None
