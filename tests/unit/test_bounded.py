from flowbrush.backend.methods.bounded import Bounded


def test_what_was_asked_for_last_is_kept_up_to_a_number_of_bytes() -> None:
    made: list[int] = []

    def make(key: int) -> int:
        made.append(key)
        return key

    things = Bounded(make, lambda thing: thing, 10)
    assert [things(key) for key in (4, 5, 4, 5)] == [4, 5, 4, 5] and made == [4, 5]
    assert things(4) == 4 and things(3) == 3  # 5 was asked for longest ago
    assert [things(key) for key in (4, 3)] == [4, 3] and made == [4, 5, 3]
    assert things(5) == 5 and made == [4, 5, 3, 5]
    assert things(50) == 50 and things(50) == 50 and made[-1] == 50 and made.count(50) == 1
