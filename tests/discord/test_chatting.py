"""People chat on Discord, and the whole bot is among them."""


async def test_two_people_chat_and_it_stays_silent_until_it_is_asked(chat, server):
    async with chat.running():
        mia, ben = server.member("Mia"), server.member("Ben")
        await mia.says(server.general, "nice weather")
        last = await ben.says(server.general, "indeed")
        await chat.heard(server.general, last)
        assert chat.posts() == []

        asked = await mia.says(
            server.general, "what is the capital of France?", mentions=[server.bot]
        )
        await server.until(lambda: chat.posts() == ["Paris."])

        assert server.posts(server.general)[-1].replies_to["message_id"] == asked.id
        await chat.settled()
        assert await chat.history(server.general) == [
            ("Mia", "nice weather"),
            ("Ben", "indeed"),
            ("Mia", "@Earshot what is the capital of France?"),
            ("Earshot", "Paris."),
        ]
