"""The chat form of a chat model that nobody tuned: it decides and replies by being told to.

Used for every server that says nothing of its model. The prompt that decides names both markers,
since otherwise their probabilities mean nothing; the one that replies names none, since a small
model that has read of markers writes them.
"""

from inference.wire.chat_form import ChatForm

DECIDE_PROMPT = """\
You are {name}, one of several people in a group chat. {persona}
After each message decide whether you have to say something. Most messages are for others: answer \
exactly (silence) to them. Answer exactly (response) only if somebody asks you, or asks everybody \
something that you can answer well and nobody has answered."""

REPLY_PROMPT = """\
You are {name}, a friendly assistant in a group chat. {persona}
Each message begins with the name of who wrote it. Answer the last one briefly and to the point, in \
its language, without writing anybody's name in front."""

DEFAULT_FORM = ChatForm(decide_prompt=DECIDE_PROMPT, reply_prompt=REPLY_PROMPT)
