"""What holds for any catalog."""

import json
import re
import shutil
import string
import tempfile
from contextlib import contextmanager
from pathlib import Path
from unicodedata import bidirectional, category

import pytest
from harness import SAMPLE, contents
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlalias.core.catalog import is_alias, is_model_id
from mlalias.documents.codec import read_toml, to_json, to_toml
from mlalias.documents.facts import to_answer, to_declaration
from mlalias.stores.directory.store import DirectoryStore

BIDI_CONTROLS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
PER_TEST = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
keys = text.filter(
    lambda key: (
        key
        not in ("model_id", "deployments", "metadata", "model_type", "description", "tags", "input", "inference_config")
    )
)
integers = st.integers(-(2**63), 2**63 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.booleans() | integers | floats | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
model_ids = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,10}[a-z0-9])?", fullmatch=True).filter(is_model_id)
aliases = st.from_regex(r"([a-z0-9][a-z0-9._-]{0,8})?[a-z]", fullmatch=True).filter(is_alias)


@st.composite
def configs(draw):
    config = draw(st.dictionaries(keys, values, max_size=3))
    # A table by such a name is another model, whose name with dots lacks its quotes in TOML.
    config = {
        key: value for key, value in config.items() if not isinstance(value, dict) or re.fullmatch("[a-z_]+", key)
    }
    optional = {
        "model_type": st.sampled_from(["tree_ensemble", "pytorch", "lang_ident"]) | text,
        "description": text,
        "tags": st.lists(text, max_size=3),
        "input": st.fixed_dictionaries({"field_names": st.lists(text, max_size=5)}),
        "inference_config": st.dictionaries(text, st.dictionaries(text, values, max_size=2), min_size=1, max_size=1),
        "metadata": st.dictionaries(text.filter(lambda key: key != "model_aliases"), values, min_size=1, max_size=2),
    }
    return config | draw(st.fixed_dictionaries({}, optional=optional))


@st.composite
def answers(draw):
    """A body of GET _ml/trained_models, sorted as servers do it."""
    models = draw(st.dictionaries(model_ids, configs(), max_size=4))
    names = draw(st.lists(aliases.filter(lambda name: name not in models), unique=True, max_size=4)) if models else []
    for name in sorted(names):
        config = models[draw(st.sampled_from(sorted(models)))]
        config.setdefault("metadata", {}).setdefault("model_aliases", []).append(name)
    entries = [{"model_id": model_id, **models[model_id]} for model_id in sorted(models)]
    return {"count": len(entries), "trained_model_configs": entries}


@contextmanager
def fresh():
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory) / "catalog"


def written(directory, name, content):
    directory.parent.mkdir(exist_ok=True)
    path = directory.parent / name
    path.write_text(content)
    return path


@PER_TEST
@given(answers())
def test_import_then_export_is_the_identity_on_answers(run, answer):
    with fresh() as catalog:
        path = written(catalog, "answer.json", json.dumps(answer))
        assert run("import", path, "--catalog", catalog).code == 0
        assert run("export", "--format", "elasticsearch", "--catalog", catalog).json == answer
        before = contents(catalog) if catalog.exists() else {}
        assert run("import", path, "--catalog", catalog).code == 0
        assert (contents(catalog) if catalog.exists() else {}) == before


@PER_TEST
@given(answers())
def test_a_toml_export_brings_the_same_catalog_about(run, answer):
    with fresh() as one, fresh() as two:
        path = written(one, "answer.json", json.dumps(answer))
        assert run("import", path, "--catalog", one).code == 0
        exported = run("export", "--catalog", one).out
        for command in ("import", "apply"):
            shutil.rmtree(two, ignore_errors=True)
            assert run(command, written(two, "export.toml", exported), "--catalog", two).code == 0
            assert run("export", "--catalog", two).out == exported
        assert (
            run(
                "apply", written(two, "export.toml", exported), "--prune", "--allow-empty", "--check", "--catalog", two
            ).code
            == 0
        )


@PER_TEST
@given(document=st.dictionaries(text, values, max_size=4))
def test_toml_text_is_read_as_it_was_written_and_shows_no_control_character(document):
    written_text = to_toml(document)
    assert read_toml(written_text, "x") == document
    assert not [c for c in written_text if c != "\n" and (category(c) == "Cc" or bidirectional(c) in BIDI_CONTROLS)]
    assert json.loads(to_json(document)) == document
    assert to_json(document).isascii()


@PER_TEST
@given(model_id=model_ids, alias=aliases)
def test_put_is_followed_by_resolve(run, model_id, alias):
    with fresh() as catalog:
        path = written(catalog, "seed.toml", to_toml({"models": {model_id: {}}}))
        assert run("import", path, "--catalog", catalog).code == 0
        ran = run("put", model_id, alias, "--catalog", catalog)
        if alias == model_id:
            assert ran.code == 3
        else:
            assert ran.code == 0
            assert run("resolve", alias, "--catalog", catalog).out == f"{model_id}\n"
            assert run("resolve", model_id, "--catalog", catalog).out == f"{model_id}\n"


WORDS = st.sampled_from(
    ["flight_delay_model", "sentiment", "elser", "v1", "", "sst-2-next", "sst-2-draft", "lang_ident_model_1", "gone", "-r", "--exist-ok",
     "--strict", "--if-current=elser", "--model=gone", "--force", "-n", "--to=0", "--to=9", "--delete", "-o", "json", "tsv", "--prune", "\x1b[31m"]
)  # fmt: skip


@settings(PER_TEST, max_examples=100)
@given(
    command=st.sampled_from(["put", "delete", "forget", "rollback", "apply", "import", "nonsense"]),
    words=st.lists(WORDS, max_size=5),
)
def test_a_refused_command_changes_no_byte_and_leaves_no_traceback(run, pristine, command, words):
    with fresh() as catalog:
        shutil.copytree(pristine, catalog)
        before = contents(catalog)
        ran = run(command, *words, "--catalog", catalog)
        assert ran.code in (0, 2, 3, 4, 5)
        if ran.code:
            assert contents(catalog) == before
            assert "error: " in ran.err or '"error": {' in ran.out  # as JSON has it
            assert "\x1b" not in ran.out + ran.err
        if ran.code and words[-2:] == ["-o", "json"]:
            assert ran.json["error"]["reason"]


@PER_TEST
@given(text=st.text(max_size=200))
def test_any_text_is_told_to_be_an_alias_or_what_is_wrong_with_it(run, text):
    with fresh() as catalog:
        path = written(catalog, "seed.toml", "[models.m]")
        assert run("import", path, "--catalog", catalog).code == 0
        ran = run("put", "--catalog", catalog, "--", "m", text)
        assert ran.code == (3 if text == "m" or not is_alias(text) else 0)
        assert len(ran.err.splitlines()) <= 3


@pytest.mark.parametrize(
    "character", string.ascii_uppercase + string.punctuation.translate(str.maketrans("", "", "._-")) + " \n\té"
)
@pytest.mark.parametrize("pattern", ["{}a", "a{}", "a{}a", "{}"])
def test_no_other_character_is_in_a_model_id_or_an_alias(character, pattern):
    assert not is_model_id(pattern.format(character))
    assert not is_alias(pattern.format(character))


@pytest.mark.parametrize(
    ("model_id", "valid"),
    [
        ("a", True), ("7", True), ("a1", True), ("1a", True), ("a.b-c_d", True), (".elser_model_2", True), (".elser_model_2_linux-x86_64", True),
        (".elser_model_2_SNAPSHOT", True), ("a" * 78, True), ("a" * 200, True), ("." + "a" * 199, True),
        ("a" * 201, False), ("." + "a" * 200, False), ("", False), (".", False), ("..", False), ("..a", False), ("a.", False), ("-a", False), ("_a", False), ("a_", False),
        ("A", False), ("a\n", False), ("a/b", False), ("../../etc/passwd", False), ("elser_SNAPSHOT", False), (".SNAPSHOT", False), ("._SNAPSHOT", False),
    ],
)  # fmt: skip
def test_model_ids(run, catalog, tmp_path, model_id, valid):
    path = tmp_path / "answer.json"
    path.write_text(json.dumps({"trained_model_configs": [{"model_id": model_id}]}))
    ran = run("import", path)
    assert ran.code == (0 if valid else 2)
    assert [model.model_id for model in DirectoryStore(catalog).read().known_models()] == ([model_id] if valid else [])


def test_documents_of_a_store_are_those_of_its_export(run, sample):
    catalog = DirectoryStore(sample).read()
    assert read_toml(run("export").out, "x") == to_declaration(catalog)
    assert run("export", "--format", "elasticsearch").json == to_answer(catalog)


GOOD = {path.name: path.read_bytes() for path in SAMPLE.glob("*.json")}


@st.composite
def mutated(draw, good):
    """A good file with a few bytes cut out, doubled, changed or put in."""
    content = bytearray(good)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from([0, 1, 1, 2, 20, 500])))
        piece = st.sampled_from(
            [b"", b'"', b"]", b"{", b"\n", b"=", b"null", b"-1", b"\xff", b"\0", b'""', b"[]", b"\\"]
        )
        content[start:end] = draw(piece | st.just(bytes(content[start:end]) * 2))
    return bytes(content)


@settings(PER_TEST, max_examples=40)
@given(data=st.data(), name=st.sampled_from(sorted(GOOD)), command=st.sampled_from(["import", "apply"]))
def test_a_mutated_document_is_taken_whole_or_not_at_all(run, pristine, data, name, command):
    with fresh() as catalog:
        shutil.copytree(pristine, catalog)
        before = contents(catalog)
        path = catalog.parent / "document"
        path.write_bytes(data.draw(mutated(GOOD[name])))
        ran = run(command, path, "-o", "json", "--catalog", catalog)
        assert ran.code in (0, 2, 3, 4, 5)
        assert ran.err == ""
        assert ("error" in ran.json) == (ran.code != 0)
        if ran.code:
            assert contents(catalog) == before
        else:
            assert run("verify", "--catalog", catalog).code == 0


@st.composite
def documents(draw):
    """What `import` may take: answers about models, with whatever is in them, and files of the sample, mutated."""
    if draw(st.booleans()):
        return json.dumps(draw(answers())).encode()
    return draw(mutated(GOOD[draw(st.sampled_from(sorted(GOOD)))]))


@settings(PER_TEST, max_examples=60)
@given(documents())
def test_what_import_takes_is_exported_taken_again_and_forgotten(run, document):
    with fresh() as one, fresh() as two:
        path = written(one, "document", "")
        path.write_bytes(document)
        if run("import", path, "--quiet", "--catalog", one).code:
            return
        for format_, name in (("toml", "export.toml"), ("elasticsearch", "export.json")):
            exported = run("export", "--format", format_, "--catalog", one)
            assert exported.code == 0
            taken = run("import", written(two, name, exported.out), "--quiet", "--catalog", two)
            assert taken.code == 0, taken.err
            shutil.rmtree(two, ignore_errors=True)
        for model in run("models", "-o", "json", "--catalog", one).json["models"]:
            forgotten = run("forget", model["model_id"], "--force", "--catalog", one)
            assert forgotten.code == 0, forgotten.err
        assert run("models", "-o", "json", "--catalog", one).json["models"] == []


@settings(PER_TEST, max_examples=20)
@given(data=st.data())
def test_a_mutated_catalog_is_read_or_named_and_never_touched_when_damaged(run, pristine, data):
    with fresh() as catalog:
        shutil.copytree(pristine, catalog)
        path = catalog / data.draw(st.sampled_from(sorted(set(contents(catalog)) - {".lock"})))
        path.write_bytes(data.draw(mutated(path.read_bytes())))
        before = contents(catalog)
        verified = run("verify", "-o", "json", "--catalog", catalog)
        assert verified.code in (0, 7)
        for words in (("list",), ("models",), ("history",), ("export",), ("resolve", "elser")):
            ran = run(*words, "--catalog", catalog)
            assert ran.code in (0, 4, 7)
            assert verified.code == 7 or ran.code == 0
            assert ran.code != 7 or str(path) in ran.err
        assert contents(catalog) == before
        ran = run("put", ".elser_model_2", "another", "--catalog", catalog)
        assert ran.code in (0, 7)
        if ran.code:
            assert contents(catalog) == before
