"""A mapping over two functions, and how rarely it calls them."""

import pytest

from mlalias.core.lazy import Lazy


def test_a_value_is_looked_up_only_when_it_is_asked_for():
    asked = []
    lazy = Lazy(lambda key: asked.append(key) or {"a": 1}.get(key), lambda: ["a", "b"])
    assert (list(lazy), len(lazy), asked) == (["a", "b"], 2, [])
    assert (lazy["a"], lazy.get("none"), asked) == (1, None, ["a", "none"])
    with pytest.raises(KeyError, match="none"):
        lazy["none"]


@pytest.mark.parametrize(("key", "is_there"), [("a", True), ("none", False), (3, False), (None, False)])
def test_whether_a_key_is_there(key, is_there):
    values = {"a": 1}
    assert (key in Lazy(values.get, lambda: values)) is is_there
    assert (key in Lazy(lambda _: pytest.fail("not asked for"), lambda: values, values.__contains__)) is is_there


def test_an_error_of_a_function_passes_through():
    def fail(_):
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        Lazy(fail, list).get("a")
