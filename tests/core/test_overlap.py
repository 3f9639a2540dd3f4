"""How the input fields of two models compare."""

import pytest

from mlalias.core.overlap import overlap


@pytest.mark.parametrize(
    ("old", "new", "shared", "lost", "gained"),
    [
        ("", "", "", "", ""),
        ("", "a b", "", "", "a b"),
        ("a b", "", "", "a b", ""),
        ("a b", "b a", "a b", "", ""),
        ("c a b", "b d c", "c b", "a", "d"),
        ("a A", "A b", "A", "a", "b"),
        ("a a b", "b b", "b", "a", ""),
        ("b", "a a", "", "b", "a"),
    ],
)
def test_fields_as_they_are_spelled_each_once(old, new, shared, lost, gained):
    assert overlap(old.split(), new.split()) == (tuple(shared.split()), tuple(lost.split()), tuple(gained.split()))


@pytest.mark.parametrize(
    ("old", "needed"), [(0, 0), (1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (6, 3), (22, 11)]
)  # fmt: skip
@pytest.mark.parametrize("gained", [0, 3])
def test_half_of_the_old_fields_rounded_up_are_needed(old, needed, gained):
    before = [f"f{i}" for i in range(old)]
    for shared in range(old + 1):
        found = overlap(before, before[:shared] + [f"g{i}" for i in range(gained)])
        assert (found.old_count, found.needed, found.few) == (old, needed, shared < needed)
