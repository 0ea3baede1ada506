"""An Azure OpenAI deployment: OpenAI's API, but 5 logprobs at most.

Source: "Invalid value for 'top_logprobs': must be less than or equal to 5" in confident-ai/deepeval issue
843.
"""

from tests.dialects.openai_api import OpenAIApi


class Azure(OpenAIApi):
    max_logprobs = 5
