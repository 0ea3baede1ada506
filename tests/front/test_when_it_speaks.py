"""What the embedded model must get right for anybody who tries it, through the program itself."""

import json

CALLS = (
    "Earshot, what is the capital of France?",
    "hey earshot what's the capital of france",
    "What is the capital of France, Earshot?",
)
NOT_FOR_IT = ("hi Ben!", "good morning Ben, slept well?", "Ben, are you coming on Friday?")


def decided(earshot, tmp_path, *texts):
    """Replay one chat for each text; give what Earshot did after it, by text."""
    file = tmp_path / "chats.jsonl"
    chats = [
        [("Ben", "morning all"), ("Ana", "hi Ben, back from the lake?"), ("Ana", text)]
        for text in texts
    ]
    said = [[{"role": "user", "name": n, "content": t} for n, t in chat] for chat in chats]
    file.write_text("".join(json.dumps({"messages": messages}) + "\n" for messages in said))

    done = earshot("replay", str(file), "--json")

    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return dict(zip(texts, (row for row in rows if row["index"] == 2), strict=True))


def test_asked_by_name_it_answers(earshot, tmp_path):
    decisions = decided(earshot, tmp_path, *CALLS)

    assert {text: one["action"] for text, one in decisions.items()} == dict.fromkeys(CALLS, "speak")
    assert all("Paris" in one["reply"] for one in decisions.values())


def test_a_friend_who_is_greeted_or_asked_is_left_to_answer(earshot, tmp_path):
    decisions = decided(earshot, tmp_path, *NOT_FOR_IT)

    actions = {text: one["action"] for text, one in decisions.items()}
    assert actions == dict.fromkeys(NOT_FOR_IT, "silent")
