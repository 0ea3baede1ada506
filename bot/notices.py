"""The fixed sentences that people in a chat see instead of a reply. The causes are in the log."""

CANNOT_THINK = "I can't think right now. Please try again in a minute."
NO_ANSWER = "I have no answer to that."
NOT_POSTED = "My answer could not be posted. Please try again in a minute."
LISTENING = "I'm only listening here. A manager can change that with /assistant mode."
OPTED_OUT = "You have opted out, so I don't read your messages. /assistant privacy optin undoes it."
SAID_BEFORE = (
    "You wrote this before you had me forget you or opted in, so I don't read it. Please ask again."
)
