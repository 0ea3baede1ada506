"""vLLM: takes and passes over unknown fields, continues an answer when told to, at most 20 logprobs.

Sources: vllm/entrypoints/openai/chat_completion/protocol.py and .../engine/protocol.py
(`OpenAIBaseModel`, extra="allow"; `continue_final_message`, `add_generation_prompt`; `max_model_len` in
`/v1/models`) and vllm/sampling_params.py (the limit on logprobs) of vllm-project/vllm;
docs.vllm.ai/en/latest/serving/openai_compatible_server.
"""

from tests.dialects.dialect import CONTEXT, Dialect


class Vllm(Dialect):
    name = "vllm"

    def listed(self, model):
        return {**super().listed(model), "root": model, "parent": None, "max_model_len": CONTEXT}

    def refused(self, body):
        if body.get("continue_final_message") and body.get("add_generation_prompt", True):
            message = (
                "Cannot set both `continue_final_message` and `add_generation_prompt` to True."
            )
            return self.error(400, message)
        return super().refused(body)

    def too_many_logprobs(self, asked):
        message = f"Requested sample logprobs of {asked}, which is greater than max allowed: 20"
        return self.error(400, message, param="logprobs")

    def unauthorized(self, key):
        response = self.error(401, "Unauthorized")
        response.body = b'{"error": "Unauthorized"}'
        response.headers["content-length"] = str(len(response.body))
        return response

    def error(self, status, message, *, kind="BadRequestError", param=None, code=None):
        return super().error(status, message, kind=kind, param=param, code=status)
