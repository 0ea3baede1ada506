"""The commands about what is stored: show it, opt out and in, be forgotten, how long, training.

Each sentence here is a promise that `bot.store` keeps; change them together.
"""

from bot.commands.answer import Call, CommandAnswer, counted
from bot.messages import ChannelSettings

KEPT_BY_OTHERS = "What others wrote, and my own replies, stay even where they mention you."

# What whoever runs a bot there agrees to; docs/privacy.md names the pages.
FORBIDS_TRAINING = {"discord": "Discord's terms for bots", "slack": "Slack's terms for apps"}


async def show(call: Call) -> CommandAnswer:
    """Say what is stored about the caller, and for how long."""
    where = call.caller.where
    about = await call.store.speakers.stored(where.platform, where.workspace, call.caller.author.id)
    settings = await call.store.channels.settings(where)
    if about.opted_out:
        told = "You opted out: I note that you write, and when, but never what."
    elif about.num_messages and about.first_at and about.last_at:
        told = (
            f"I store {counted(about.num_messages, 'message')} of yours, written between "
            f"{about.first_at:%Y-%m-%d} and {about.last_at:%Y-%m-%d}: the text, your name and the "
            "time, and for each whether I spoke and why."
        )
    else:
        told = "I store no messages of yours."
    if about.num_opinions:
        told += (
            f"\nI also keep {counted(about.num_opinions, 'opinion')} of yours on my replies, under "
            "your user id: a reaction, or that you removed one."
        )
    stop, delete = call.caller.typed("privacy optout"), call.caller.typed("privacy forget-me")
    return call.answer(
        f"{told}\n{how_long(settings, here=call.here)} {training_in_words(settings, call)}\n"
        f"{stop} stops it, {delete} deletes it."
    )


async def opt_out(call: Call) -> CommandAnswer:
    """Stop storing the caller's words and opinions, and wipe those stored so far."""
    where = call.caller.where
    wiped = await call.store.speakers.opt_out(where.platform, where.workspace, call.caller.author)
    return call.answer(
        f"You are opted out: the text of {counted(wiped, 'message')} of yours is deleted, and so are "
        "your opinions on my replies. From now on I keep no opinion of yours, and note that you "
        "write, and when, but never what, so I can't answer you either. "
        f"{KEPT_BY_OTHERS} {call.caller.typed('privacy optin')} undoes this for what you write "
        "from then on."
    )


async def opt_in(call: Call) -> CommandAnswer:
    """Store the caller's words again, from now on."""
    where = call.caller.where
    await call.store.speakers.opt_in(
        where.platform, where.workspace, call.caller.author.id, at=call.caller.now
    )
    return call.answer(
        "You are opted in: from now on I store what you write here. What was deleted stays deleted."
    )


async def forget_me(call: Call) -> CommandAnswer:
    """Delete what the caller wrote and thought of replies, everywhere in the workspace."""
    where, author = call.caller.where, call.caller.author
    forgotten = await call.store.speakers.forget(
        where.platform, where.workspace, author.id, at=call.caller.now
    )
    opted_out = await call.store.speakers.is_opted_out(where.platform, where.workspace, author.id)
    optout = call.caller.typed("privacy optout")
    next_ = (
        "You stay opted out."
        if opted_out
        else f"I store what you write from now on, unless you use {optout}."
    )
    return call.answer(
        f"I deleted the text of {counted(forgotten, 'message')} of yours, your name, and your "
        "opinions on my replies. "
        f"Your user id stays, with when you wrote and whether I spoke. {KEPT_BY_OTHERS} {next_}"
    )


async def retention(call: Call) -> CommandAnswer:
    """Show or set how many days the channel's messages are kept; 0 keeps them."""
    where, days = call.caller.where, call.number("days")
    if days is None:
        settings = await call.store.channels.settings(where)
        origin = await call.origin("retention_days")
        return call.answer(f"{how_long(settings, here=call.here)}{origin}")
    settings = await call.store.channels.change(where, retention_days=days or None)
    # At once, so that the answer is true when it is read.
    await call.store.messages.purge(call.caller.now)
    return call.answer(how_long(settings, here=call.here))


async def training(call: Call) -> CommandAnswer:
    """Show or set whether `earshot data import history` may take this channel's messages."""
    where, allowed = call.caller.where, call.text("allowed")
    if not allowed:
        settings = await call.store.channels.settings(where)
        return call.answer(f"{training_in_words(settings, call)}{await call.origin('may_train')}")
    if allowed == "on" and where.platform in FORBIDS_TRAINING:
        return call.answer(f"That stays off: {FORBIDS_TRAINING[where.platform]} forbid it.")
    settings = await call.store.channels.change(where, may_train=allowed == "on")
    told = training_in_words(settings, call)
    if not settings.may_train:
        return call.answer(f"{told} What was taken for training before is not undone.")
    return call.answer(
        f"{told} That goes for what was said before, too, but not for people who opted out. "
        f"{call.caller.typed(*call.invocation.path, 'off')} ends it."
    )


def training_in_words(settings: ChannelSettings, call: Call) -> str:
    """Say whether a model may be trained on messages, those of the channel unless it is for all."""
    theirs = "messages" if call.for_all else "messages of this channel"
    if settings.may_train:
        return f"Whoever runs me may train the model on {theirs}."
    return f"No model may be trained on {theirs}."


def how_long(settings: ChannelSettings, *, here: str = " here") -> str:
    """Say how long messages are kept, those of the channel unless `here` says something else."""
    days = settings.retention_days
    if days is None:
        return f"Messages{here} are kept until somebody deletes them."
    return f"Messages{here} are deleted after {counted(days, 'day')}."
