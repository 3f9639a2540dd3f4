"""Names: which may be created, which may exist, and which a list of patterns matches."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlalias.core.catalog import is_alias, is_model_id, is_new_model_id, is_server_alias
from mlalias.names import Matcher, matches

SNAPSHOT = ".elser_model_2_SNAPSHOT"


@pytest.mark.parametrize(
    ("text", "creatable", "existing"),
    [
        ("m", True, True),
        ("a" * 64, True, True),
        ("a" * 65, False, True),
        ("a" * 78, False, True),
        ("a" * 200, False, True),
        ("a" * 201, False, False),
        (SNAPSHOT, True, True),
        ("." + "a" * 63, True, True),
        ("." + "a" * 64, False, True),
        ("." + "a" * 54 + "_SNAPSHOT", True, True),
        ("." + "a" * 55 + "_SNAPSHOT", False, True),
        ("A", False, False),
        ("", False, False),
        ("../x", False, False),
        ("a\n", False, False),
    ],
)
def test_model_ids_that_may_be_created_and_that_may_exist(text, creatable, existing):
    assert (is_new_model_id(text), is_model_id(text)) == (creatable, existing)


@pytest.mark.parametrize(
    ("text", "creatable", "existing"),
    [("a", True, True), ("7", False, True), ("a" * 200, True, True), ("a" * 201, False, True), ("v1", False, False), ("../x", False, False), ("77", False, False)],
)  # fmt: skip
def test_aliases_that_may_be_created_and_that_may_exist(text, creatable, existing):
    assert (is_alias(text), is_server_alias(text)) == (creatable, existing)


NAMES = st.text("ab-", max_size=6)
PATTERNS = st.text("ab-*?[]!", max_size=6)


@given(patterns=st.lists(PATTERNS, max_size=4), names=st.lists(NAMES, max_size=6))
def test_a_matcher_of_many_patterns_is_as_one_after_the_other(patterns, names):
    match = Matcher(patterns)
    assert [match(name) for name in names] == [
        any(fnmatchcase(name, pattern) for pattern in patterns) for name in names
    ]


@pytest.mark.parametrize(
    ("pattern", "name", "matched"),
    [("a?c", "abc", False), ("a?c", "a?c", True), ("[ab]", "a", False), ("[ab]*", "[ab]c", True), ("*", "x", True)],
)
def test_the_patterns_of_elasticsearch_have_only_stars(pattern, name, matched):
    assert matches(pattern, name, wildcards="*") == matched
