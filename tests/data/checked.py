"""Conversations to be checked."""

import json


def user(content, name="Ana"):
    return {"role": "user", "name": name, "content": content}


def reply(content):
    return {"role": "assistant", "content": content}


def chat(*messages, id="a"):
    return {"id": id, "messages": [*messages]}


GOOD = chat(user("assistant, what is 2+2?"), reply("4."), user("thanks", "Ben"))


def write(folder, *lines, name="chats.jsonl"):
    """Write lines to a file: bytes as they are, all else as JSON."""
    file = folder / name
    raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    file.write_bytes(b"".join(line + b"\n" for line in raw))
    return file
