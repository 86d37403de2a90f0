"""What waits to be delivered: nothing is lost, nothing comes twice, and who fails waits longer."""

from webhook.controller.credentials.queue import BATCH, Queue


def test_what_was_added_comes_once():
    queue = Queue()
    queue.add("a", {"x": 1, "y": 2}, 0.0)
    queue.add("a", {"x": 3}, 5.0)
    queue.add("b", {}, 5.0)

    batch = queue.batch(6.0)

    assert batch == {"a": {"x", "y"}}
    assert queue.oldest(6.0) == 6.0
    queue.done(batch)
    assert (len(queue), queue.batch(6.0), queue.oldest(6.0)) == (0, {}, 0.0)


def test_what_is_added_during_a_round_stays():
    queue = Queue()
    queue.add("a", {"x": 1}, 0.0)
    batch = queue.batch(0.0)
    queue.add("a", {"y": 1}, 0.0)

    queue.done(batch)

    assert queue.batch(0.0) == {"a": {"y"}}


def test_a_batch_ends_with_the_namespace_that_fills_it():
    queue = Queue()
    for name in ("a", "b", "c"):
        queue.add(name, {"x": BATCH - 1}, 0.0)

    assert queue.batch(0.0).keys() == {"a", "b"}


def test_a_namespace_that_fails_lets_the_others_pass_and_comes_again():
    queue = Queue()
    queue.add("a", {"x": 1}, 0.0)
    queue.add("b", {"x": 1}, 0.0)

    queue.failed("a", 0.0)

    assert queue.batch(0.5).keys() == {"b"}
    assert queue.batch(1.0).keys() == {"a", "b"}
    queue.failed("a", 1.0)
    assert queue.batch(2.9).keys() == {"b"}
    assert queue.batch(3.0).keys() == {"a", "b"}
