import sys
from dataclasses import replace

import pytest

from inference.bench import subject as subjects
from inference.bench.chats import make_chats, opened_ids, with_message
from inference.bench.contest import Contest
from inference.bench.llama import Gguf, LlamaCpp, llama_cpp, quantized
from inference.bench.options import Bench
from inference.errors import InferenceError, PackageMissing
from tests.bench.fake_llama import NUM_WORDS, FakeLlama


@pytest.fixture
def library(monkeypatch):
    fake = FakeLlama()
    monkeypatch.setitem(sys.modules, "llama_cpp", fake)
    monkeypatch.setitem(sys.modules, "llama_cpp.llama_cpp", fake)
    return fake


@pytest.fixture
def gguf(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF and so on")
    return Gguf("q4_0", path)


@pytest.fixture
def llama(tiny_subject, library, gguf):
    one = LlamaCpp(tiny_subject, gguf, num_chats=2, max_tokens=400)
    yield one
    one.close()


def test_only_what_is_new_is_run_behind_the_kept_prefix(llama, library, tiny_subject):
    [chat] = make_chats(tiny_subject, num_tokens=100)
    longer = with_message(tiny_subject, chat, 1)
    before, after = opened_ids(tiny_subject, chat), opened_ids(tiny_subject, longer)

    llama.remember([chat])
    llama.decide([longer])
    llama.remember([chat])

    assert library.batches == [len(before), len(after) - len(before), 1]
    assert library.sequences[0] == list(before)


def test_chats_are_sequences_of_one_batch(llama, library, tiny_subject):
    chats = make_chats(tiny_subject, num_tokens=50, count=2)

    llama.decide(chats)

    lengths = [len(opened_ids(tiny_subject, chat)) for chat in chats]
    assert library.batches == [sum(lengths)]
    assert [llama.num_bytes(chat.session) for chat in chats] == [100 * n for n in lengths]


def test_a_reply_goes_on_with_the_likeliest_token(llama, library, tiny_subject):
    [chat] = make_chats(tiny_subject, num_tokens=50)

    llama.reply([chat], 4)

    ids = opened_ids(tiny_subject, chat)
    drawn = [(ids[-1] + number) % NUM_WORDS for number in (1, 2, 3)]
    assert library.sequences[0] == [*ids, *drawn]


def test_a_long_chat_is_run_in_several_batches(tiny_subject, library, gguf, monkeypatch):
    monkeypatch.setattr("inference.bench.llama.BATCH_TOKENS", 40)
    [chat] = make_chats(tiny_subject, num_tokens=100)

    LlamaCpp(tiny_subject, gguf, num_chats=1, max_tokens=400).decide([chat])

    assert library.batches[:2] == [40, 40]


def test_what_llama_cpp_cannot_run_is_told(tiny_subject, library, gguf, tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"not one")
    [chat] = make_chats(tiny_subject, num_tokens=600)

    with pytest.raises(InferenceError, match="cannot read"):
        LlamaCpp(tiny_subject, replace(gguf, path=broken), num_chats=1, max_tokens=10)
    with pytest.raises(InferenceError, match="256 conversations at most"):
        LlamaCpp(tiny_subject, gguf, num_chats=257, max_tokens=10)
    with pytest.raises(InferenceError, match="could not run"):
        LlamaCpp(tiny_subject, gguf, num_chats=1, max_tokens=10).decide([chat])


def test_weights_are_quantised_into_a_file_that_goes_away(library, gguf, tmp_path):
    with quantized(gguf.path, "q8_0") as made:
        assert made.name == "q8_0"
        assert made.path.read_bytes() == gguf.path.read_bytes()

    assert not made.path.exists()


def test_weights_that_cannot_be_made_are_told(library, gguf, tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"not one")

    with pytest.raises(InferenceError, match="no weights 'q1'"), quantized(gguf.path, "q1"):
        pass
    with pytest.raises(InferenceError, match="cannot turn"), quantized(broken, "q8_0"):
        pass


def test_without_llama_cpp_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "llama_cpp", None)

    with pytest.raises(PackageMissing, match="llama-cpp-python is not installed"):
        llama_cpp()


def test_llama_cpp_is_compared_on_a_file_that_is_named(bench_json, library, gguf, tiny_folder):
    words = ("--model", tiny_folder, "--rounds", "1", "--gguf", gguf.path)

    decided = bench_json("decide", *words, "--histories", "64")
    memory = bench_json("memory", *words, "--histories", "64", "--conversations", "2")

    assert decided["rows"][-1]["way"] == "llama.cpp model: prefix kept"
    assert memory["rows"][-1]["bytes_per_token"] == 100
    assert library.is_closed


def test_another_model_needs_a_file_to_compare_on(tiny_subject, library, tiny_bench):
    with Contest(tiny_subject, tiny_bench) as contest:
        assert contest.notes == [
            "llama.cpp was not measured: name the model's GGUF file with --gguf"
        ]


def test_the_default_model_brings_its_file(tiny_subject, library, gguf, monkeypatch):
    monkeypatch.setattr("inference.convert.find_gguf", lambda: gguf.path)

    bench = Bench(device="cpu", rounds=1, llama=("q4_0", "q8_0"))
    with Contest(tiny_subject, bench) as contest, contest.ways(num_chats=1, max_tokens=64) as ways:
        labels = [way.label for way in ways]

    assert labels[-2:] == ["llama.cpp q4_0: prefix kept", "llama.cpp q8_0: prefix kept"]
    assert not contest.notes


def test_too_many_chats_for_llama_cpp_leave_it_out(tiny_subject, library, gguf):
    bench = Bench(model="some", gguf=gguf.path, device="cpu", rounds=1)

    with Contest(tiny_subject, bench) as contest, contest.ways(num_chats=300, max_tokens=1) as ways:
        labels = [way.label for way in ways]

    assert not any("llama" in label for label in labels)
    assert contest.notes == ["llama.cpp was not measured: it holds 256 conversations at most"]


def test_a_library_without_gpu_support_is_no_match_for_a_gpu(library, monkeypatch, tiny_subject):
    monkeypatch.setattr(subjects.Subject, "device", "cuda")

    with Contest(tiny_subject, Bench(device="cuda")) as contest:
        assert contest.notes == [
            "llama.cpp was not measured: it is built without support for this GPU"
        ]


def test_the_real_library_takes_the_same_calls(default_folder):
    """Runs where llama-cpp-python happens to be installed."""
    pytest.importorskip("llama_cpp")
    from inference.bench.subject import subject_of
    from inference.convert import find_gguf

    assert default_folder.is_dir()
    subject = subject_of(Bench(device="cpu"))
    chats = make_chats(subject, num_tokens=60, count=2)
    with quantized(find_gguf(), "f32") as file:
        llama = LlamaCpp(subject, file, num_chats=2, max_tokens=200)
        llama.remember(chats)
        llama.reply([with_message(subject, chat, 1) for chat in chats], 3)
        assert llama.num_bytes(chats[0].session) > 100_000
        llama.close()
