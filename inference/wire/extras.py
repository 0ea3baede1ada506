"""How an extra of Earshot's is installed, said alike by both programs. Values only."""


def install(extra: str) -> str:
    """Give the words for it; from its checkout, since PyPI's `earshot` is another project."""
    return f"pip install '.[{extra}]' in your copy of Earshot"
