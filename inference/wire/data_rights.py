"""What an import of people's words says first, in both programs. Values only."""

FLAG = "--i-have-the-right-to-use-this-data"
STATEMENT = (
    "I have the right to use this data: those who wrote it, and the platform, allow training on it."
)
REFUSAL = (
    "Nothing was read. Discord's developer policy forbids training models on message content "
    "obtained through its API without Discord's permission, and Slack's API terms restrict it "
    "likewise; those who wrote the messages may have a say too. If you have the right to use this "
    f"data, say so with {FLAG}."
)
