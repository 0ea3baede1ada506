"""The chat side of Earshot: adapters, history, rules, posting.

Imports no GPU stack; of `inference` it sees only `inference.wire`.
"""
