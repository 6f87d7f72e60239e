"""A poisoned conversation and a projection that fails on everything are told apart."""

from __future__ import annotations

from consumers.failure_streak import FailureStreak


def refuse(streak: FailureStreak, conversations: int) -> list[bool]:
    return [streak.refused(("acme", f"c{n}")) for n in range(conversations)]


def test_ten_conversations_in_a_row_are_too_many_where_nothing_ever_worked() -> None:
    assert refuse(FailureStreak(), 10) == [False] * 9 + [True]


def test_a_hundred_in_a_row_are_too_many_later() -> None:
    streak = FailureStreak()
    streak.applied()
    assert refuse(streak, 100) == [False] * 99 + [True]


def test_what_goes_through_ends_the_row() -> None:
    streak = FailureStreak()
    for _ in range(5):
        assert not any(refuse(streak, 9))
        streak.applied()
    assert not any(refuse(streak, 99))


def test_one_conversation_is_one_however_often_it_is_refused() -> None:
    streak = FailureStreak()
    assert not any(streak.refused(("acme", "sick")) for _ in range(1000))


def test_a_broken_projection_stays_broken_until_something_goes_through() -> None:
    streak = FailureStreak()
    refuse(streak, 10)
    assert streak.refused(("acme", "c1"))
    streak.applied()
    assert not streak.refused(("acme", "c1"))


def test_conversations_of_the_same_name_differ_by_company() -> None:
    streak = FailureStreak()
    assert [streak.refused((f"company-{n}", "c")) for n in range(10)][-1]


def test_a_projection_attached_anew_begins_as_one_that_nothing_is_known_of() -> None:
    streak = FailureStreak()
    streak.applied()
    refuse(streak, 100)
    streak.begin_anew()
    assert refuse(streak, 10) == [False] * 9 + [True]
