"""What the model server can do, asked once, and said to the person who runs Earshot.

The probe itself is `inference.wire.probing`, which evaluation shares; this is the bot's side of it:
when to probe, and what follows in words. Knows nothing of how a request is sent.
"""

from inference.wire.answers import ListedModel
from inference.wire.chat_form import ChatForm
from inference.wire.probing import OWN_WORKER, Abilities, Ask, probe

SESSION = "earshot/probe"
THINKS_FIRST = (
    "its answer to a sample chat began with neither (silence) nor (response): if the model thinks "
    "before it answers, switch that off or choose another; else give it a prompt that it "
    "follows, in EARSHOT_CHAT_FORM"
)


async def abilities_of(listed: ListedModel, ask: Ask, form: ChatForm) -> Abilities:
    """Find out what a server can do; our own worker is known. Raises ModelError."""
    if listed.earshot is not None:
        return OWN_WORKER
    return await probe(ask, form)


def described(abilities: Abilities, form: ChatForm) -> str:
    """Say what was found, which way of deciding was chosen, and what follows for the thresholds."""
    counts = "counts tokens" if abilities.counts_tokens else "counts no tokens (they are estimated)"
    found = [_logprobs(abilities), _continues(abilities), counts]
    if without := sorted(abilities.way.without):
        found.append(f"refuses {', '.join(without)}")
    return f"{', '.join(found)}; {_deciding(abilities)}; thresholds: {_thresholds(abilities, form)}"


def _logprobs(abilities: Abilities) -> str:
    count = abilities.num_logprobs
    return f"tells {count} probabilities a token" if count else "tells no probabilities"


def _continues(abilities: Abilities) -> str:
    match abilities.continues:
        case "yes":
            return "goes on from an opened answer"
        case "refused":
            return "refuses to go on from an opened answer"
        case "ignored":
            return "begins a new answer instead of going on from an opened one"
        case "unneeded":
            return "need not go on from an opened answer"


def _deciding(abilities: Abilities) -> str:
    way = abilities.way
    if way.continued and way.top_logprobs:
        return "a decision is one token, read with its alternatives"
    if way.top_logprobs:
        return "a decision is up to 4 tokens, read with their alternatives"
    if way.num_answers > 1:
        return f"a decision is a vote of {way.num_answers} short answers drawn in one request"
    return "a decision is what the model writes first"


def _thresholds(abilities: Abilities, form: ChatForm) -> str:
    if abilities.num_levels == 1:
        return "none, P(speak) is 0 or 1, so every eagerness above 0 does the same"
    if abilities.num_levels is not None:
        return f"coarse, P(speak) moves in steps of 1/{abilities.num_levels} and varies"
    return "calibrated" if form.calibration else "not calibrated, 0.5 in the middle of the dial"
