"""Answers are worked out once, and do not fill the memory."""

from registry.resolving.answers import MOST_ANSWERS, Answers


def test_answer_is_worked_out_once():
    answers = Answers()
    asked = []

    given = [answers.get("question", lambda: asked.append(1) or "answer") for _ in range(3)]

    assert (given, asked) == (["answer"] * 3, [1])


def test_answers_do_not_fill_the_memory():
    answers = Answers()
    asked = []

    for question in ["first", *range(MOST_ANSWERS), "first"]:
        answers.get(question, lambda question=question: asked.append(question))

    assert asked.count("first") == 2
