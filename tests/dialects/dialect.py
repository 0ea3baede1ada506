"""What a dialect of the OpenAI-compatible protocol may differ in; one file beside this for each.

The fields and refusals are those of each server's documentation or source, which its file names. Where
neither gives the words of a refusal, the file says so.
"""

from starlette.responses import JSONResponse

from tests.dialects.scripted import num_tokens, render

CHAT_FIELDS = frozenset(
    {"model", "messages", "max_tokens", "temperature", "top_p", "n", "stop", "stream"}
)
OPENAI_FIELDS = CHAT_FIELDS | {"logprobs", "top_logprobs", "user", "max_completion_tokens"}
CONTEXT = 400


class Dialect:
    """A lax server that knows everything; the dialects narrow it down.

    `known` None: fields it does not know are passed over. `max_logprobs` 0: it tells none.
    `max_answers` is the largest `n` it draws; where `refuses_answers` is false it draws no more without
    a word.
    """

    name = ""
    known: frozenset[str] | None = None
    max_logprobs = 20
    max_answers = 128
    counts_tokens = True
    checks_model = True
    stops_long_prompts = True

    def listed(self, model):
        """One entry of `/v1/models`."""
        return {"id": model, "object": "model", "created": 0, "owned_by": self.name}

    def continues(self, body):
        """Whether it goes on from the last message."""
        return body["messages"][-1]["role"] == "assistant" and body.get("continue_final_message")

    def prompt(self, body):
        return render(body["messages"], continued=self.continues(body))

    def limit(self, body):
        return body.get("max_tokens") or body.get("max_completion_tokens") or 16

    def refused(self, body):
        """The refusal of a request, None if it is taken."""
        if self.known is not None and (unknown := sorted(set(body) - self.known)):
            return self.unknown(unknown)
        if body.get("top_logprobs", 0) > self.max_logprobs:
            return self.too_many_logprobs(body["top_logprobs"])
        return None

    def unknown(self, names):
        listed = f"arguments supplied: {', '.join(names)}"
        one = f"argument supplied: {names[0]}"
        return self.error(400, f"Unrecognized request {one if len(names) == 1 else listed}")

    def too_many_logprobs(self, asked):
        message = (
            f"Invalid value for 'top_logprobs': must be less than or equal to {self.max_logprobs}."
        )
        return self.error(400, message, param="top_logprobs")

    def too_long(self, prompt):
        used = num_tokens(prompt)
        message = (
            f"This model's maximum context length is {CONTEXT} tokens. However, your messages "
            f"resulted in {used} tokens. Please reduce the length of the messages."
        )
        return self.error(400, message, param="messages", code="context_length_exceeded")

    def unauthorized(self, key):
        return self.error(401, f"Incorrect API key provided: {key}.", code="invalid_api_key")

    def no_model(self, model):
        return self.error(404, f"The model `{model}` does not exist", code="model_not_found")

    def busy(self, headers):
        response = self.error(429, "Rate limit reached", code="rate_limit_exceeded")
        response.headers.update(headers)
        return response

    def error(self, status, message, *, kind="invalid_request_error", param=None, code=None):
        error = {"message": message, "type": kind, "param": param, "code": code}
        return JSONResponse({"error": error}, status_code=status)
