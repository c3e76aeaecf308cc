"""What strict YAML means, and the overlay mechanism. Expected values follow YAML 1.2's core schema unless said."""

from pathlib import Path

import pytest
from clearsim.config.yamlfile import merge, parse_yaml, read_nodes
from clearsim.errors import ConfigError


def value_of(text: str) -> object:
    return parse_yaml(f"key: {text}", source="f.yaml").plain()["key"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e-3", 0.001),
        ("1E6", 1e6),
        ("1.5", 1.5),
        (".5", 0.5),
        ("-3", -3),
        ("1_000_000", 1_000_000),
        ("0", 0),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("True", "True"),
        ("true", True),
        ("false", False),
        ("12:30:00", "12:30:00"),
        ("2025-10-10", "2025-10-10"),
        ("2025-10-10T20:30:00Z", "2025-10-10T20:30:00Z"),
        ("010", "010"),
        ("0x10", "0x10"),
        ("null", None),
        ("~", None),
        ("'5'", "5"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_a_scalar_means_what_the_writer_meant(text: str, expected: object) -> None:
    value = value_of(text)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3: duplicate key a (first at line 1)"),
        ("a:\n  - {x: 1, x: 2}\n", "f.yaml:2: duplicate key x (first at line 2)"),
        ("a: .nan\n", "f.yaml:1: .nan is not a finite number"),
        ("a: -.inf\n", "f.yaml:1: -.inf is not a finite number"),
        ("a: 0.1234567890123456789\n", "f.yaml:1: 0.1234567890123456789 has more digits than a float keeps"),
        ("a: &x 1\nb: *x\n", "f.yaml:1: anchors and aliases are not supported"),
        ("a: &x [*x]\n", "anchors and aliases are not supported"),
        ("a: !!python/name:os.system x\n", "f.yaml:1: tag tag:yaml.org,2002:python/name:os.system is not supported"),
        ("a: !thing x\n", "f.yaml:1: tag !thing is not supported; the only tag is !replace"),
        ("<<: {a: 1}\n", "f.yaml:1: merge keys are not supported; use extends"),
        ("[1, 2]: 3\n", "f.yaml:1: a key must be text"),
        ("a: [1, 2\nb: 3\n", "f.yaml:2: not valid YAML"),
        ("a:\n\t- 1\n", "f.yaml:2: not valid YAML"),
        ("", "f.yaml:1: the file is empty"),
        ("# only a comment\n", "f.yaml:1: the file is empty"),
        ("a: 1\n---\nb: 2\n", "not valid YAML"),
    ],
)
def test_what_is_ambiguous_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, source="f.yaml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def merged(base: str, overlay: str) -> object:
    return merge(parse_yaml(base, source="b"), parse_yaml(overlay, source="o")).plain()


def test_an_overlay_changes_only_what_it_says() -> None:
    assert merged("a: {x: 1, y: 2}\nb: 3", "a: {y: 5}") == {"a": {"x": 1, "y": 5}, "b": 3}


def test_lists_of_named_things_merge_by_name_and_new_ones_follow() -> None:
    base = "m: [{name: A, v: 1, w: 1}, {name: B, v: 2}]"
    assert merged(base, "m: [{name: C, v: 3}, {name: A, v: 9}]") == {
        "m": [{"name": "A", "v": 9, "w": 1}, {"name": "B", "v": 2}, {"name": "C", "v": 3}]
    }


def test_lists_without_names_are_replaced() -> None:
    assert merged("m: [{kind: a}, {kind: b}]", "m: [{kind: c}]") == {"m": [{"kind": "c"}]}


def test_another_kind_replaces_the_whole_mechanism() -> None:
    assert merged("p: {kind: gbm, mu: 1}", "p: {kind: kou, eta: 2}") == {"p": {"kind": "kou", "eta": 2}}
    assert merged("p: {kind: gbm, mu: 1}", "p: {mu: 2}") == {"p": {"kind": "gbm", "mu": 2}}


def test_replace_tag_replaces_instead_of_merging() -> None:
    assert merged("m: [{name: A}]", "m: !replace [{name: B}]") == {"m": [{"name": "B"}]}
    assert merged("m: {a: 1}", "m: !replace {b: 2}") == {"m": {"b": 2}}


def test_extends_is_read_relative_to_the_file_and_keeps_the_lines_of_both(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "base.yaml").write_text("a: 1\nb:\n  c: 2\n")
    (tmp_path / "sub" / "top.yaml").write_text("extends: ../base.yaml\n\nb:\n  d: 3\n")
    node = read_nodes(tmp_path / "sub" / "top.yaml")
    assert node.plain() == {"a": 1, "b": {"c": 2, "d": 3}}
    assert isinstance(node.value, dict)
    b = node.value["b"].value
    assert isinstance(b, dict)
    assert b["c"].where.endswith("base.yaml:3")
    assert b["d"].where.endswith("top.yaml:4")


def test_extends_takes_a_list_the_later_over_the_earlier(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("a: 1\nb: 1\n")
    (tmp_path / "two.yaml").write_text("b: 2\nc: 2\n")
    (tmp_path / "top.yaml").write_text("extends: [one.yaml, two.yaml]\nc: 3\n")
    assert read_nodes(tmp_path / "top.yaml").plain() == {"a": 1, "b": 2, "c": 3}


def test_a_file_that_extends_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("extends: b.yaml\n")
    (tmp_path / "b.yaml").write_text("extends: a.yaml\n")
    with pytest.raises(ConfigError, match="extends itself"):
        read_nodes(tmp_path / "a.yaml")


def test_a_missing_base_names_the_nearest_shipped_config(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("x: 1\nextends: bse\n")
    with pytest.raises(ConfigError, match=r"a\.yaml:2: extends: bse: no such config.*did you mean base\?"):
        read_nodes(tmp_path / "a.yaml")
