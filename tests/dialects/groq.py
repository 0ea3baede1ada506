"""Groq: OpenAI's API, but `logprobs` and `top_logprobs` give HTTP 400, and `n` must be 1.

Source: console.groq.com/docs/openai, "Currently Unsupported OpenAI Features". It does not give the words
of the refusals; these are ours. `context_window` stands in its `/v1/models`.
"""

from tests.dialects.dialect import CONTEXT, OPENAI_FIELDS, Dialect


class Groq(Dialect):
    name = "Groq"
    known = OPENAI_FIELDS - {"logprobs", "top_logprobs"}
    max_answers = 1
    max_logprobs = 0

    def listed(self, model):
        return {**super().listed(model), "active": True, "context_window": CONTEXT}

    def refused(self, body):
        if body.get("n", 1) > 1:
            return self.error(400, "'n' : number must be at most 1")
        return super().refused(body)

    def unknown(self, names):
        return self.error(400, f"property '{names[0]}' is unsupported")
