"""OpenAI's own API: refuses what it does not know, 20 logprobs at most, continues nothing.

Sources: platform.openai.com/docs/api-reference/chat/create; "Unrecognized request argument supplied" in
github.com/TutteInstitute/toponymy/pull/148; for newer models "Unsupported parameter: 'max_tokens' is not
supported with this model. Use 'max_completion_tokens' instead." (microsoft/clarity-agent issue 59) and
"Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is
supported." (leafo/lua-openai issue 12). `OpenAINewer` is such a model, without logprobs.
"""

from tests.dialects.dialect import OPENAI_FIELDS, Dialect


class OpenAIApi(Dialect):
    name = "openai"
    known = OPENAI_FIELDS


class OpenAINewer(OpenAIApi):
    max_logprobs = 0

    def refused(self, body):
        if "max_tokens" in body:
            return self.unsupported("max_tokens", "Use 'max_completion_tokens' instead.")
        if body.get("temperature", 1) != 1:
            message = (
                f"Unsupported value: 'temperature' does not support {body['temperature']} with this "
                "model. Only the default (1) value is supported."
            )
            return self.error(400, message, param="temperature", code="unsupported_value")
        if "logprobs" in body:
            return self.unsupported("logprobs")
        return super().refused(body)

    def unsupported(self, field, advice=""):
        message = f"Unsupported parameter: '{field}' is not supported with this model. {advice}"
        return self.error(400, message.strip(), param=field, code="unsupported_parameter")
