"""What others call the base models, and under which licences they stand. Pure."""

PUBLIC_IDS = {"SmolLM2-135M-Instruct": "HuggingFaceTB/SmolLM2-135M-Instruct"}
"""The hub's ids of models that come to us by another way than the hub."""

# As the models' own cards have it. Sizes of a family differ in licence, so each is named.
BASE_LICENSES = {
    "falcon-7b-instruct": "apache-2.0",
    "gemma-2-2b-it": "gemma",
    "gemma-2-9b-it": "gemma",
    "gemma-2b-it": "gemma",
    "gemma-7b-it": "gemma",
    "llama-2-7b-chat-hf": "llama2",
    "meta-llama-3-8b-instruct": "llama3",
    "llama-3.1-8b-instruct": "llama3.1",
    "mistral-7b-instruct-v0.1": "apache-2.0",
    "mistral-7b-instruct-v0.2": "apache-2.0",
    "mistral-7b-instruct-v0.3": "apache-2.0",
    "openchat-3.5-0106": "apache-2.0",
    "qwen2.5-0.5b-instruct": "apache-2.0",
    "qwen2.5-1.5b-instruct": "apache-2.0",
    "qwen2.5-7b-instruct": "apache-2.0",
    "smollm2-135m-instruct": "apache-2.0",
    "smollm2-360m-instruct": "apache-2.0",
    "smollm2-1.7b-instruct": "apache-2.0",
    "zephyr-7b-beta": "mit",
}


def public_id(base: str) -> str | None:
    """Give the hub's id of a base model, None for a folder, which means nothing to others."""
    if base in PUBLIC_IDS:
        return PUBLIC_IDS[base]
    is_id = base.count("/") == 1 and not base.startswith((".", "/", "~"))
    return base if is_id else None


def base_license(base: str) -> str:
    """Give the licence of a well-known base model as the hub spells it, "" if we do not know."""
    return BASE_LICENSES.get(base.rsplit("/", 1)[-1].casefold(), "")


def local_name(base: str) -> str:
    """Give the name we load a base by, the inverse of `public_id`."""
    return next((name for name, known in PUBLIC_IDS.items() if known == base), base)
