"""Sums to learn, and `earshot train` run on them through its command line."""

import json

from typer.testing import CliRunner

from inference.__main__ import app
from tests.inference.tiny import chatml_tokenizer, tiny_llama

FEW = ["--rank", "4", "--dropout", "0", "--max-steps", "3", "--lr", "1e-2"]


def conversation(number, *, first="user"):
    asked = {"role": "user", "name": "Ana", "content": f"assistant, what is {number} plus 1?"}
    said = {"role": "assistant", "content": f"It is {number + 1}."}
    loose = {"role": "user", "name": "Bob", "content": f"I have {number} apples"}
    messages = [loose, asked, said, loose] if first == "user" else [said, asked, said, loose]
    return json.dumps({"id": f"c{number}", "license": "CC0-1.0", "messages": messages})


def tiny_config(**sizes):
    config = tiny_llama(len(chatml_tokenizer())).config
    config.update(sizes)
    return config


def trained(base, data, out, *more, flags=FEW):
    command = ["train", "--base", str(base), "--data", str(data), "--out", str(out), *flags, *more]
    return CliRunner().invoke(app, command)
