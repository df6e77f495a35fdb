"""Fewer readers while a server is busy, one more after each calm while."""

from __future__ import annotations

import threading

from mediavault_tui.sources.turns import Turns

MIB = 1024 * 1024


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def turns(most: int = 4) -> tuple[Turns, Clock]:
    clock = Clock()
    return Turns(most, hold_s=5, calm_s=20, clock=clock), clock


def test_answers_that_take_many_times_as_long_end_a_turn_and_calm_gives_it_back() -> None:
    made, clock = turns()
    for _ in range(20):
        made.took(0.01, MIB)
    assert (made.now, made.slowed) == (4, "")
    for _ in range(20):
        made.took(0.9, MIB)
    assert made.now == 3, "one step in five seconds"
    clock.now += 6
    made.took(0.9, MIB)
    assert made.slowed == "the server is busy: 2 of 4 files read at once"
    for _ in range(5):
        clock.now += 6
        made.took(0.9, MIB)
    assert made.now == 1, "never fewer than one"
    for _ in range(30):
        made.took(0.01, MIB)
    assert made.now == 1
    for expected in (2, 3, 4, 4):
        clock.now += 21
        made.took(0.01, MIB)
        assert made.now == expected


def test_a_thin_line_and_one_slow_answer_are_not_taken_for_a_busy_server() -> None:
    made, _ = turns()
    for _ in range(50):
        made.took(1.2, 4 * MIB)  # 3.3 MB/s for each of three readers, from the beginning
    assert made.now == 4
    made, _ = turns()
    for _ in range(20):
        made.took(0.01, 65536)
    made.took(0.8, 65536)
    assert made.now == 4


def test_a_refusal_for_lack_of_resources_counts_at_once() -> None:
    made, clock = turns()
    made.refused()
    made.refused()
    assert made.now == 3
    clock.now += 5
    made.refused()
    assert made.now == 2


def test_no_more_threads_read_than_have_a_turn() -> None:
    made, _ = turns(most=2)
    inside, most = 0, 0
    lock = threading.Lock()
    gate = threading.Barrier(2)

    def read() -> None:
        nonlocal inside, most
        for _ in range(20):
            with made.turn():
                with lock:
                    inside += 1
                    most = max(most, inside)
                gate.wait(10)  # both turns are taken, or this would never end
                with lock:
                    inside -= 1

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert most == 2
