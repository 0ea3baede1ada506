"""What tests of growing replies share: words that grow, and how to show them."""

BEGUN = "Turin is **quite** far away"  # words worth a look
MORE = f"{BEGUN}: about"
WHOLE = f"{BEGUN}: about 250 km."
SHOWN = "Turin is *quite* far away: about 250 km."  # as Slack's dialect has it
START, APPEND, STOP = "chat.startStream", "chat.appendStream", "chat.stopStream"


async def shown(earshot, draft, *texts):
    """Show these words one after the other, and wait until each is shown."""
    for text in texts:
        num_asked = len(earshot.pace.asked)
        await earshot.platform.draft(draft, text)
        if num_asked:
            earshot.pace.go()
        await earshot.pace.asked_for(num_asked + 1)


def names(slack):
    """List the calls that post, change and delete messages."""
    return [call.name for call in slack.calls if call.name.startswith("chat.")]
