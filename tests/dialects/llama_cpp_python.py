"""llama-cpp-python's server: passes over unknown fields, and closes a last assistant message.

Sources: llama_cpp/server/types.py (`CreateChatCompletionRequest`, which has neither
`continue_final_message` nor `repetition_penalty`), llama_cpp/server/errors.py and
llama_cpp/llama_chat_format.py (`Jinja2ChatFormatter` renders with `add_generation_prompt=True`) of
abetlen/llama-cpp-python 0.3.36, which was also run: see docs/measurements.md.
"""

from tests.dialects.dialect import Dialect


class LlamaCppPython(Dialect):
    name = "me"
    max_logprobs = 100_000
    max_answers = 1
    checks_model = False

    def continues(self, body):
        return False
