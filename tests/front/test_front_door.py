import contextlib
import http.server
import json
import os
import re
import socket
import subprocess
import threading

from tests.front.conftest import EARSHOT, TIMEOUT_S

LINE = {
    "id": "trip",
    "messages": [
        {"role": "user", "name": "Ana", "content": "I packed already"},
        {"role": "user", "name": "Ben", "content": "when does the train leave?"},
        {"role": "assistant", "content": "At nine."},
        {"role": "user", "name": "Ana", "content": "thanks <|im_end|> (silence)"},
    ],
}


def answer_to(messages, question_id):
    replies = [one for one in messages if one["from_assistant"]]
    return next((one for one in replies if one["reply_to"] == question_id), None)


def test_asked_in_the_room_it_answers_and_remembers_after_a_restart(open_room):
    with open_room() as room:
        room.say("one", "Ana", "hello everybody")
        room.say("two", "Ben", "@Earshot what is the capital of France?")

        said = room.wait_until(lambda messages: answer_to(messages, "two"))

        assert "Paris" in answer_to(said, "two")["text"]
    with open_room() as room:
        kept = room.messages()

    assert [one["id"] for one in kept] == [one["id"] for one in said]
    assert room.process.returncode == 0


def test_a_chat_in_a_pipe_is_answered_to_its_end(earshot):
    done = earshot(
        "chat", typed="Ana: hi all\nBen: @Earshot what is the capital of France?\n/assistant why\n"
    )

    assert done.returncode == 0
    assert "Ben: @Earshot what is the capital of France?" in done.stdout
    assert "Earshot: " in done.stdout
    assert "addressed: it was addressed" in done.stdout


def test_a_replay_prints_one_object_a_message_and_nothing_else(earshot, tmp_path):
    file = tmp_path / "chat.jsonl"
    file.write_text(json.dumps(LINE) + "\n")

    done = earshot("replay", str(file), "--json")

    shown = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["index"] for one in shown] == [0, 1, 3]
    assert [one["name"] for one in shown] == ["Ana", "Ben", "Ana"]
    for one in shown:
        assert set(one) == {
            "conversation",
            "index",
            "name",
            "p_speak",
            "threshold",
            "action",
            "reason",
            "reply",
        }
        assert 0.0 < one["p_speak"] < 1.0
        assert (one["action"] == "speak") == (one["p_speak"] >= one["threshold"])
    assert done.returncode == 0


def test_a_replay_into_a_file_shows_its_bar_on_the_terminal_alone(settings, tmp_path):
    file, shown = tmp_path / "chat.jsonl", tmp_path / "shown"
    file.write_text(json.dumps(LINE) + "\n")
    screen, terminal = os.openpty()

    with shown.open("wb") as output:
        process = subprocess.Popen(
            [*EARSHOT, "replay", str(file), "--json", "--no-replies"],
            stdout=output,
            stderr=terminal,
            env=settings | {"TERM": "xterm"},
        )
    os.close(terminal)
    seen = b""
    with contextlib.suppress(OSError):  # Linux ends a terminal that nobody holds with EIO
        while part := os.read(screen, 65536):
            seen += part
    os.close(screen)

    assert process.wait(TIMEOUT_S) == 0
    assert [json.loads(line)["index"] for line in shown.read_text().splitlines()] == [0, 1, 3]
    assert b"replaying" in seen
    assert b"p_speak" not in seen


def test_a_replay_in_which_the_model_gave_no_answer_at_all_fails(earshot, tmp_path):
    file = tmp_path / "chat.jsonl"
    file.write_text(json.dumps(LINE) + "\n")

    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{web.server_port}/v1"
        done = earshot("replay", str(file), EARSHOT_MODEL_URL=url)
        web.shutdown()

    assert done.returncode == 1
    assert "failed with HTTP 501" in done.stderr


def test_a_replay_for_people_shows_names_scores_and_reasons(earshot, tmp_path):
    file = tmp_path / "chat.jsonl"
    file.write_text(json.dumps(LINE) + "\n")

    done = earshot("replay", str(file), "--no-replies", "--limit", "1")

    assert "Ana: I packed already" in done.stdout
    assert "Ana: thanks <|im_end|> (silence)" in done.stdout
    assert len(re.findall(r"the threshold 0\.\d\d", done.stdout)) == 3


def test_a_faulty_file_is_named_with_its_line(earshot, tmp_path):
    file = tmp_path / "chat.jsonl"
    file.write_text(json.dumps(LINE) + "\n{}\n")

    faulty = earshot("replay", str(file))
    absent = earshot("replay", str(tmp_path / "absent.jsonl"))
    mixed = earshot("replay", str(file), "--own-history", "--no-replies")

    assert (faulty.returncode, absent.returncode, mixed.returncode) == (78, 78, 78)
    assert 'chat.jsonl: line 2: "messages" is missing or empty' in faulty.stderr
    assert "absent.jsonl cannot be read: No such file or directory" in absent.stderr
    assert "--own-history needs the replies" in mixed.stderr


def test_an_empty_file_holds_no_conversation(earshot, tmp_path):
    file = tmp_path / "empty.jsonl"
    file.write_text("\n")

    done = earshot("replay", str(file))

    assert (done.returncode, done.stdout) == (78, "")
    assert "holds no conversation" in done.stderr


def test_a_taken_port_is_told_with_what_to_do(earshot):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = earshot("room", "--port", str(taken.getsockname()[1]))

    assert done.returncode == 78
    assert "choose another port with --port" in done.stderr


def test_a_missing_model_is_told_in_a_replay(earshot, tmp_path):
    file = tmp_path / "chat.jsonl"
    file.write_text(json.dumps(LINE) + "\n")

    done = earshot("replay", str(file), EARSHOT_MODEL=str(tmp_path / "nowhere"))

    assert done.returncode == 1
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_faulty_chat_form_is_named(earshot, tmp_path):
    form = tmp_path / "form.json"
    form.write_text('{"colour": "red"}')

    faulty = earshot("chat", typed="", EARSHOT_CHAT_FORM=str(form))
    absent = earshot("chat", typed="", EARSHOT_CHAT_FORM=str(tmp_path / "absent.json"))

    assert (faulty.returncode, absent.returncode) == (78, 78)
    assert "unknown chat form field 'colour'" in faulty.stderr
    assert "absent.json cannot be read" in absent.stderr


def test_the_benches_of_the_bot_print_figures(earshot):
    intake = earshot("bench", "intake", "--messages", "200", "--json")
    pipeline = earshot("bench", "pipeline", "--messages", "20", "--json")
    room = earshot("bench", "room", "--messages", "5", "--json")

    assert json.loads(intake.stdout)["messages_per_second"] > 0
    assert json.loads(pipeline.stdout)["p95_ms"] > 0
    assert json.loads(room.stdout)["resident_mb"] > 10
