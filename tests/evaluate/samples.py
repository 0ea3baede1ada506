"""Files of decisions as a model of a known quality would make them."""

import numpy as np

from inference.tune.metrics import FileDecisions, Judged, JudgedConversation


def decided(score, due=False, named=False):
    return Judged(score, "Ana: well", named, "Yes." if due else None)


def one_file(*decisions, name="chat"):
    return FileDecisions(name, (JudgedConversation("a", 1, decisions),))


def drawn_file(  # noqa: PLR0913 - each is a property of the file
    name, *, due_share=0.15, skill=2.0, level=-2.0, num_conversations=60, seed=0
):
    """Draw logits around `level`, those of due messages `skill` higher."""
    random = np.random.default_rng(seed)

    def judged():
        due = random.random() < due_share
        logit = random.normal(level + skill * due)
        return decided(1 / (1 + np.exp(-logit)), due, due and random.random() < 0.5)

    conversations = tuple(
        JudgedConversation(str(number), number + 1, tuple(judged() for _ in range(12)))
        for number in range(num_conversations)
    )
    return FileDecisions(name, conversations)
