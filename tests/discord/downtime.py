"""What stood in a chat before a downtime, and how to wait until what came in it is caught up."""


async def asked_and_answered(chat):
    """Let Mia ask and the bot answer, and go; give the question and the reply."""
    async with chat.running():
        mia = chat.server.member("Mia")
        asked = await mia.says(
            chat.server.general, "the capital of France?", mentions=[chat.server.bot]
        )
        await chat.heard(chat.server.general, asked)
    (reply,) = chat.messages()
    return asked, reply


async def caught_up(chat):
    """Wait until a live message is heard, and so all before it."""
    said = await chat.server.member("Zoe").says(chat.server.general, "hello")
    await chat.heard(chat.server.general, said)
