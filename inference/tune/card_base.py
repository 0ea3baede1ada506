"""What a model card says of the base of an adapter, and a card brought to name another base. Pure."""

import json
import re
from collections.abc import Mapping

from inference.tune.bases import PUBLIC_IDS, base_license, public_id

_FRONT = re.compile(r"\A---\n(.*?)(?=^---$)", re.MULTILINE | re.DOTALL)
# An entry with the lines that belong to it, however somebody wrote it.
_ENTRIES = re.compile(r"^base_model(?:_relation)?:.*\n(?:[ \t-].*\n)*", re.MULTILINE)
_LINK = re.compile(r"(?<=A LoRA adapter for )(?:`[^`\n]*`|\[[^]\n]*\]\([^)\n]*\))(?= that )")
_SETTING = re.compile(r"^(?:    EARSHOT_MODEL=.*\n)?(?=    EARSHOT_ADAPTER=)", re.MULTILINE)
_SERVED = re.compile(r"(?<=    vllm serve ).+?(?= --enable-lora )")
_TERMS = re.compile(r"(?<= The base model: ).*?(?=\. The data: )")


def base_name(base: str) -> str:
    """Give the hub's id of a base, or the last part of a folder's path: the rest is private."""
    return public_id(base) or " ".join(base.rstrip("/").rsplit("/", 1)[-1].split())


def base_link(base: str) -> str:
    """Give a base as a text names it, with a link where others can find it."""
    public = public_id(base)
    return f"[{public}](https://huggingface.co/{public})" if public else f"`{base_name(base)}`"


def base_setting(base: str) -> str:
    """Give the line that sets a base for our own worker, "" for the one that it has anyway."""
    return "" if base in PUBLIC_IDS else f"    EARSHOT_MODEL={base_name(base)}\n"


def base_terms(base: str) -> str:
    """Give the licence of a base, or what there is to say without it."""
    return base_license(base) or "not known to us; see its own card"


def base_entries(base: str) -> dict[str, str]:
    """Give what the front matter says of a base, nothing of a folder."""
    public = public_id(base)
    return {"base_model": public, "base_model_relation": "adapter"} if public else {}


def front_lines(entries: Mapping[str, object]) -> list[str]:
    """Write entries of the front matter, one a line.

    Each value is written as JSON, which is YAML too and needs no quoting rules of its own.
    """
    return [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in entries.items()]


def with_base(card: str, base: str) -> str:
    """Give a card that names another base: in its front matter, its commands and its licences.

    What else people wrote into it stays; a card that is none of ours may have nothing to change.
    """
    front = "".join(f"{line}\n" for line in front_lines(base_entries(base)))
    edits = {
        _FRONT: lambda found: f"---\n{front}{_ENTRIES.sub('', found[1])}",
        _LINK: lambda _: base_link(base),
        _SETTING: lambda _: base_setting(base),
        _SERVED: lambda _: base_name(base),
        _TERMS: lambda _: base_terms(base),
    }
    for place, edit in edits.items():
        card = place.sub(edit, card, count=1)
    return card
