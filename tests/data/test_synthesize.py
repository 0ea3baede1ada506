"""earshot data synthesize: a model writes, and we take what is good."""

import json

import pytest
from typer.testing import CliRunner

from inference.__main__ import app
from inference.tune.data.plan import plan
from tests.data.conftest import chat, fault, good, written


def test_conversations_are_written_as_planned_with_structured_output(synthesized, server, out):
    done = synthesized(number=5)

    assert done.exit_code == 0, done.stderr
    conversations = written(out)
    planned = plan(5, seed=0)
    assert [one["id"] for one in conversations] == [item.id for item in planned]
    for item, conversation in zip(planned, conversations, strict=True):
        names = {line["name"] for line in conversation["messages"] if line["role"] == "user"}
        assert names == set(item.people)
        assert conversation["title"] == item.topic
        assert conversation["source"] == "synthetic"
    assert all(asked.fields["response_format"]["type"] == "json_schema" for asked in server.asked)
    assert "5 of 5 planned conversations are written." in done.stdout
    assert "5 answers took 50 tokens." in done.stdout
    assert CliRunner().invoke(app, ["data", "check", str(out)]).exit_code == 0


def test_several_requests_at_a_time_write_the_same_conversations(synthesized, out):
    synthesized("--concurrency", "4", number=8)

    assert sorted(one["id"] for one in written(out)) == [item.id for item in plan(8, seed=0)]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "response_format is not supported"),
        (422, "json_schema: extra fields not permitted"),
        (500, "failed to parse grammar"),
        (400, "bad request"),
    ],
)
def test_a_server_without_structured_output_is_asked_without(
    synthesized, server, out, status, message
):
    def answer(asked):
        if "response_format" in asked.fields:
            return fault(status, message)
        return f"Sure! Here is the chat:\n```json\n{good(asked)}\n```\nEnjoy."

    server.answer = answer
    done = synthesized()

    assert done.exit_code == 0, done.stderr
    assert len(written(out)) == 3
    assert ["response_format" in asked.fields for asked in server.asked] == [True, *[False] * 3]


def test_fields_that_a_server_does_not_want_are_left_out_from_then_on(synthesized, server, out):
    def answer(asked):
        if "max_tokens" in asked.fields:
            return fault(400, "Unsupported parameter", param="max_tokens")
        if "temperature" in asked.fields:
            return fault(400, "temperature must be 1")
        return good(asked)

    server.answer = answer
    synthesized()

    assert len(written(out)) == 3
    assert len(server.asked) == 5
    assert server.asked[-1].fields["max_completion_tokens"] == 3000
    assert {"temperature", "max_tokens"}.isdisjoint(server.asked[-1].fields)


def cut_off(asked):
    return good(asked).replace('"}, {', '",},\n {')[:-20]


def python(asked):
    return f"messages = {chat(asked)}"


def curly_quotes(asked):
    return "[{}".format(json.dumps(chat(asked))[1:].replace('"name"', "“name”"))


def transcript(asked):
    return "\n".join(f"{line['name']}: {line['content']}" for line in chat(asked))


def thoughts(asked):
    return f"<think>[1, {{</think>{json.dumps(chat(asked))}"


@pytest.mark.parametrize("answer", [cut_off, python, curly_quotes, transcript, thoughts])
def test_what_can_be_repaired_is_taken(synthesized, server, out, answer):
    server.answer = answer

    done = synthesized()

    assert done.exit_code == 0, done.stdout
    assert len(written(out)) == 3


def test_garbage_is_asked_for_again_and_counted(synthesized, server, out):
    server.answer = lambda asked: "(silence) (silence)" if asked.number % 2 else good(asked)

    done = synthesized()

    assert len(written(out)) == 3
    assert "2 answers were not taken" in done.stdout
    assert "no messages could be read out of the answer" in done.stdout


def test_nothing_but_garbage_ends_with_an_account_and_leaves_no_file(synthesized, server, out):
    server.answer = lambda asked: "()" * 100

    done = synthesized("--tries", "2")

    assert done.exit_code == 1
    assert "0 of 3 planned conversations are written." in done.stdout
    assert "3 were given up after 2 tries each" in done.stdout
    assert "6 answers were not taken" in done.stdout
    assert "error: no answer was usable" in done.stderr
    assert not out.exists()


def test_the_same_chat_again_is_no_second_conversation(synthesized, server, out):
    server.answer = lambda asked: json.dumps(
        {
            "messages": [
                {**line, "content": f"always the same line, number {number}"}
                for number, line in enumerate(chat(asked))
            ]
        }
    )

    done = synthesized()

    assert len(written(out)) == 1
    assert "it says what another conversation says" in done.stdout


def test_what_the_file_holds_is_not_asked_for_again(synthesized, server, out):
    synthesized(number=2)
    done = synthesized(number=4)

    assert [one["id"] for one in written(out)] == [item.id for item in plan(4, seed=0)]
    assert len(server.asked) == 4
    assert "4 of 4 planned conversations are written, 2 of them before." in done.stdout


def test_another_seed_is_another_plan_in_the_same_file(synthesized, out):
    synthesized(number=2)
    synthesized("--seed", "7", number=2)

    assert len({one["id"] for one in written(out)}) == 4


def test_a_half_line_of_a_killed_run_is_cut_off(synthesized, server, out):
    synthesized(number=1)
    whole = out.read_bytes()
    out.write_bytes(whole + b'{"id": "half')

    synthesized(number=2)

    assert [one["id"] for one in written(out)] == [item.id for item in plan(2, seed=0)]
    assert out.read_bytes().startswith(whole)
