import json
import re

import pytest

from inference.errors import InferenceError, TuneRefused
from inference.tune.evaluation.confusions import MAX_SHOWN, confusions
from inference.tune.evaluation.facts import Answered
from inference.tune.evaluation.judging import with_scores
from inference.tune.evaluation.plots import plots
from inference.tune.evaluation.replies import FileReplies, Generations, Replies, Written
from inference.tune.evaluation.report import checked_folder, write_report
from inference.tune.evaluation.run import Evaluation, Judgement
from inference.tune.evaluation.writing import Likelihood
from inference.tune.metrics import FileDecisions, Judged, JudgedConversation
from tests.evaluate.samples import decided, drawn_file, one_file

CHATS = drawn_file("chats")
PEOPLE = drawn_file("people", due_share=0)


def evaluation(*files, **words):
    silent = [
        with_scores(file, [[0.0] * len(one.decisions) for one in file.conversations])
        for file in files
    ]
    judgements = (Judgement.of("tiny", 0.4, files), Judgement.of("always silent", 0.5, silent))
    return Evaluation((), None, judgements, ("mind this",), **words)


def test_the_page_shows_each_file_with_plots_baselines_and_confusions(tmp_path):
    page = write_report(evaluation(CHATS, PEOPLE), tmp_path).read_text()

    assert page.count("data:image/svg+xml;base64,") == 4 + 2
    for words in ("mind this", "always silent", "Spoken out of place", "Missed", "people"):
        assert words in page


def test_the_page_asks_nothing_of_any_server(tmp_path):
    page = write_report(evaluation(CHATS), tmp_path).read_text()

    assert not re.search(r"(?:src|href)=\"(?!data:|#)", page)
    assert "<script" not in page
    assert "@import" not in page


def test_words_of_people_are_shown_as_they_are(tmp_path):
    nasty = Judged(0.9, "Ana: <script>alert(1)</script> {{ 7 * 7 }}", False)

    page = write_report(evaluation(one_file(nasty, decided(0.1, due=True))), tmp_path).read_text()

    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "{{ 7 * 7 }}" in page


def test_the_figures_lie_beside_the_page(tmp_path):
    write_report(evaluation(CHATS, PEOPLE), tmp_path)

    told = json.loads((tmp_path / "figures.json").read_text())

    assert [judge["name"] for judge in told["judges"]] == ["tiny", "always silent"]
    assert [one["file"] for one in told["judges"][0]["figures"]] == ["chats", "people"]
    assert told["notes"] == ["mind this"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figures.json", "index.html"]


def test_replies_and_generations_have_a_place_on_the_page(tmp_path):
    written = (Written("a", "Ana: assistant?", "Yes."), Written("a", "Ana: assistant??", ""))
    replies = Replies(
        (Answered("capital of France?", "Paris.", True), Answered("7 + 5?", "13", False)),
        (FileReplies("chats", written, Likelihood(10, 20.0)),),
    )

    page = write_report(
        evaluation(CHATS, replies=replies, generations=(Generations("chats", 4, 1, 2),)), tmp_path
    ).read_text()

    for words in ("1 of 2 right", "50.0%", "(nothing)", "75.0%", "7.4"):
        assert words in page
    told = json.loads((tmp_path / "figures.json").read_text())
    assert told["replies"]["fact_share"] == 0.5
    assert told["generations"][0]["well_formed_share"] == 0.75


def test_a_folder_that_cannot_be_is_refused_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(TuneRefused, match="cannot be written"):
        checked_folder(tmp_path / "file")
    checked_folder(tmp_path / "new" / "folder")
    assert (tmp_path / "new" / "folder").is_dir()


def test_a_report_replaces_an_earlier_one_and_nothing_else(tmp_path):
    checked_folder(tmp_path / "report")
    write_report(evaluation(CHATS), tmp_path / "report")
    checked_folder(tmp_path / "report")

    for name in ("index.html", "figures.json"):
        strange = tmp_path / name.partition(".")[0]
        strange.mkdir()
        (strange / name).write_text("[1, 2]")
        with pytest.raises(TuneRefused, match=rf"{name} is no report of ours"):
            checked_folder(strange)


def test_a_page_that_cannot_be_written_leaves_no_half_of_it(tmp_path):
    (tmp_path / "index.html").mkdir()

    with pytest.raises(InferenceError, match=r"index\.html cannot be written"):
        write_report(evaluation(CHATS), tmp_path)

    assert not (tmp_path / ".index.html").exists()


def test_the_same_decisions_make_the_same_pictures():
    judgements = (Judgement.of("tiny", 0.4, [CHATS]),)

    assert plots(judgements, 0) == plots(judgements, 0)


def test_many_decisions_make_no_larger_pictures():
    many = FileDecisions("many", CHATS.conversations * 20)
    spread = drawn_file("spread", num_conversations=1200)
    sizes = [
        len(plot.svg)
        for file in (CHATS, many, spread)
        for plot in plots((Judgement.of("tiny", 0.4, [file]),), 0)
    ]

    assert max(sizes) < 60_000


def test_the_surest_mistakes_come_first_with_what_was_said_around_them():
    chat = JudgedConversation("a", 1, tuple(decided(0.0) for _ in range(20)))
    wrong = JudgedConversation(
        "b",
        2,
        (*chat.decisions, decided(0.9), decided(0.1, due=True), decided(0.7), decided(0.0)),
    )

    found = confusions(FileDecisions("chats", (chat, wrong)), threshold=0.5)

    assert [one.decided.score for one in found.spoken] == [0.9, 0.7]
    assert (found.num_spoken, found.num_missed) == (2, 1)
    first = found.spoken[0]
    assert first.num_before == 10
    assert [marked for marked, _ in first.around] == [False] * 10 + [True, False, False]


def test_only_the_worst_mistakes_are_shown_and_all_are_counted():
    found = confusions(one_file(*[decided(0.9)] * 99), threshold=0.5)

    assert (len(found.spoken), found.num_spoken) == (MAX_SHOWN, 99)
