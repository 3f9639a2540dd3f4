"""Names that are valid and not, and what a catalog says of its aliases and models."""

import pytest
from values import catalog, deployment, model

from mlalias.core.catalog import Catalog, Change, is_alias, is_model_id, is_new_model_id, is_pattern, is_server_alias


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        *((text, True) for text in ("a", "1", "a1", "1a", "a.b-c_d", "a..b", "a" * 64)),
        *((text, True) for text in (".elser_model_2", ".elser_model_2_SNAPSHOT", ".a_SNAPSHOT", "." + "a" * 63)),
        *((text, False) for text in ("", ".", "-a", "_a", "a-", "a_", "a.", "..a", "A", "aB", "a b", "a/b", "é", "a\n")),
        *((text, False) for text in ("a" * 201, "." + "a" * 200, "a_SNAPSHOT", "._SNAPSHOT", "../a", "*")),
    ],
)  # fmt: skip
def test_a_model_id(text, valid):
    assert (is_model_id(text), is_new_model_id(text)) == (valid, valid)


@pytest.mark.parametrize(
    ("text", "exists"), [("a" * 65, True), ("." + "a" * 64, True), ("a" * 200, True), ("." + "a" * 199, True), ("a" * 201, False)]
)  # fmt: skip
def test_an_id_that_is_too_long_for_a_new_model(text, exists):
    assert (is_model_id(text), is_new_model_id(text)) == (exists, False)


@pytest.mark.parametrize(
    ("text", "valid", "on_a_server"),
    [
        *((text, True, True) for text in ("a", "prod", "1a", "00a", "a.b-c_d", "a..b", "a--b", "9.x", "a1b", "x" * 200)),
        *((text, False, True) for text in ("7", "x" * 201)),
        *((text, False, False) for text in ("", "v1", "77", "prod-2", "prod-", "prod_", "prod.", "Prod", "prodD")),
        *((text, False, False) for text in ("_a", ".a", "-a", "a b", "a/b", "*", "_all", "a\n", "\na", "é", "aé", "ａ")),
        *((text, False, False) for text in ("a,b", "../x")),
    ],
)  # fmt: skip
def test_an_alias(text, valid, on_a_server):
    assert (is_alias(text), is_server_alias(text)) == (valid, on_a_server)


@pytest.mark.parametrize(
    ("text", "is_one"), [("a*", True), ("?", True), ("[ab]", True), ("a]", False), ("a", False), ("", False)]
)
def test_a_pattern(text, is_one):
    assert is_pattern(text) is is_one


@pytest.mark.parametrize(
    ("state", "count", "running"),
    [("started", 1, True), ("started", 0, False), ("starting", 1, True), ("stopping", 1, False), ("failed", 2, True)],
)
def test_a_deployment_that_can_answer(state, count, running):
    assert deployment(state=state, running=count).running is running


def test_what_a_model_is():
    whole = model("m", "pytorch", "ner", fields="b a")
    assert (whole.model_type, whole.inference_type, whole.field_names) == ("pytorch", "ner", ["b", "a"])
    bare = model("m")
    assert (bare.model_type, bare.inference_type, tuple(bare.field_names)) == (None, None, ())


@pytest.mark.parametrize(
    ("new", "old", "result"),
    [("m", None, "created"), ("m", "n", "reassigned"), ("m", "m", "unchanged"), (None, "m", "deleted"), (None, None, "unchanged")],
)  # fmt: skip
def test_what_becomes_of_an_alias(new, old, result):
    assert Change("x", new, old).result == result


SOME = catalog(
    {"z": "m", "a": "m", "lost": "gone"},
    ["n", "m"],
    pipelines={"q": ["a"], "p": ["m", "a"], "r": []},
)


@pytest.mark.parametrize(
    ("name", "target"), [("z", "m"), ("m", "m"), ("n", "n"), ("lost", "gone"), ("gone", None), ("none", None)]
)
def test_what_a_name_stands_for(name, target):
    assert SOME.target(name) == target


def test_the_aliases_of_a_model_are_sorted():
    assert (SOME.aliases_of("m"), SOME.aliases_of("gone"), SOME.aliases_of("n")) == (("a", "z"), ("lost",), ())
    assert SOME.aliases_by_model() == {"m": ("a", "z"), "gone": ("lost",)}


@pytest.mark.parametrize(
    ("names", "pipelines"), [(("a",), ("p", "q")), (("m",), ("p",)), (("m", "a"), ("p", "q")), (("z",), ()), ((), ())]
)
def test_the_pipelines_that_use_a_name(names, pipelines):
    assert SOME.pipelines_naming(*names) == pipelines


class Vanishing(dict):
    """Models of which one goes away between the listing and the look."""

    def get(self, model_id, default=None):
        return default if model_id == "gone" else super().get(model_id, default)


def test_known_models_are_sorted_and_leave_out_what_goes_away():
    models = Vanishing(n=model("n"), gone=model("gone"), m=model("m"))
    assert [one.model_id for one in Catalog({}, models).known_models()] == ["m", "n"]


def test_a_catalog_is_in_a_directory_unless_its_store_says_otherwise():
    assert (Catalog({}, {}).live, Catalog({}, {}).revision, Catalog({}, {}).history_known) == (False, 0, True)
