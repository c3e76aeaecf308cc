"""Own parts: a user's class by file and name, or passed as an object; its code in the config, its hash, its errors."""

import linecache
import pickle
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Literal

import numpy as np
import pytest
from clearsim.config.canonical import InputFile
from clearsim.errors import ConfigError
from clearsim.own_code import is_pickled
from clearsim.own_parts import OwnPart, UserPart, with_code

LIMIT = 7
RATES = {"low": (0.5, Decimal("1.25")), "high": [1, None]}


class Score(UserPart):
    """A family's base class."""

    def score(self, x):
        raise NotImplementedError


class OwnScore(OwnPart):
    kind: Literal["own"] = "own"
    base: ClassVar[type] = Score
    noun: ClassVar[str] = "score"


def tripled(x):
    return 3 * min(x, LIMIT)


class Scaled(Score):
    """Uses a helper, a constant and a module of the file it is written in."""

    def __init__(self, factor=1, rates=None):
        self.factor = factor
        self.rates = rates

    def score(self, x):
        return self.factor * tripled(x) + float(np.float64(RATES["low"][0]))


@dataclass
class Plain(Score):
    step: int
    names: ClassVar[tuple[str, ...]] = ("a",)

    def score(self, x):
        return x + self.step


SOURCE = (
    "from tests.unit.test_own_parts import Score\n\nclass Mine(Score):\n    def score(self, x):\n        return x\n"
)


def content_hash(part):
    return InputFile(part.file, part.source).content_hash()


def part(source=SOURCE, name="Mine", **fields):
    return OwnScore.model_validate({"file": "mine.py", "class": name, "source": source, **fields})


def test_a_class_with_all_that_it_uses_stands_alone_as_text():
    own = OwnScore.of(Scaled(factor=2))
    assert not is_pickled(own.source)
    assert own.params == {"factor": 2}
    assert (own.file, own.class_name) == ("Scaled.py", "Scaled")
    assert "LIMIT = 7" in own.source
    assert "import numpy as np" in own.source
    # 2 x 3 x min(9, 7) + .5
    assert own.load().score(9) == 42.5
    assert OwnScore.of(Scaled, params={"factor": 2}) == own


def test_the_text_defines_the_class_in_a_process_that_has_only_the_base_class():
    program = f"namespace = {{}}\nexec({OwnScore.of(Scaled()).source!r}, namespace)\n"
    program += "print(namespace['Scaled'](2).score(9))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "42.5"


def test_a_dataclass_is_carried_as_text():
    own = OwnScore.of(Plain(4))
    assert not is_pickled(own.source)
    assert own.load().score(1) == 5


def local(step, table=None):
    """A class made by a function, using its variables."""

    class Local(Score):
        def __init__(self, start=0):
            self.start = start

        def score(self, x):
            return self.start + x + step + (0 if table is None else int(table[0]))

    return Local


def test_a_class_inside_a_function_carries_the_variables_around_it():
    own = OwnScore.of(local(3)(start=10))
    assert not is_pickled(own.source)
    assert own.load().score(1) == 14


CELLS = {
    "/tmp/ipykernel_7/1.py": "import math\nfrom tests.unit.test_own_parts import Score\nBASE = 3\n",
    "/tmp/ipykernel_7/2.py": "def grown(x):\n    return math.floor(x) ** BASE\n",
    "/tmp/ipykernel_7/3.py": "class Cell(Score):\n    def score(self, x: Number) -> Number:\n        return grown(x)\n",
}


def test_a_class_of_a_notebook_is_put_together_from_its_cells():
    notebook = {"__name__": "__main__", "Number": int | float}
    for name, text in CELLS.items():
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        exec(compile(text, name, "exec"), notebook)
    own = OwnScore.of(notebook["Cell"])
    assert not is_pickled(own.source)
    assert own.load().score(2.5) == 8
    assert "import math" in own.source


def test_what_is_not_plain_is_pickled_and_works_the_same():
    array = OwnScore.of(local(3, np.array([100])))
    assert is_pickled(array.source)
    assert array.load().score(1) == 104
    decimal = OwnScore.of(Scaled(rates=Decimal("0.1")))
    assert is_pickled(decimal.source)
    assert decimal.load().rates == Decimal("0.1")


def test_an_instance_that_was_changed_is_kept_as_it_is():
    changed = Scaled(factor=2)
    changed.factor = 5
    own = OwnScore.of(changed)
    assert is_pickled(own.source)
    assert own.load().factor == 5
    first = own.load()
    first.factor = 6
    assert own.load().factor == 5  # each run gets one of its own


def test_the_hash_of_a_pickle_depends_on_code_and_values_only():
    one, again = (OwnScore.of(local(3, np.array([100]))) for _ in range(2))
    assert content_hash(one) == content_hash(again)
    assert content_hash(one) != content_hash(OwnScore.of(local(3, np.array([101]))))
    assert content_hash(one) != content_hash(OwnScore.of(local(4, np.array([100]))))


PROGRAM = """
from decimal import Decimal
from tests.unit.test_own_parts import OwnScore, Scaled, content_hash
exec(compile('''
from tests.unit.test_own_parts import Score
WORDS = {"b", "a", "c"}
class Typed(Score):
    limits: dict = {"x": Decimal(1)}
    def score(self, x):
        return len(WORDS & {"a", "z"}) + x
''', FILE, "exec"))
print(content_hash(OwnScore.of(Typed)), content_hash(OwnScore.of(Scaled(rates=Decimal("0.1")))))
"""


def test_the_hash_of_a_pickle_is_the_same_in_every_process_and_file():
    def hashes(file, seed):
        program = PROGRAM.replace("FILE", repr(file))
        command = [sys.executable, "-c", program]
        environment = {"PYTHONHASHSEED": seed, "PATH": ""}
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout

    first = hashes("<shell>", "1")
    assert len(first.split()) == 2
    assert first == hashes("/elsewhere/cell.py", "2")


def test_a_changed_pickle_is_refused():
    one, other = OwnScore.of(local(3, np.array([100]))), OwnScore.of(local(3, np.array([101])))
    head, _, _ = one.source.partition("\n")
    forged = one.model_copy(update={"source": head + "\n" + other.source.partition("\n")[2]})
    with pytest.raises(ConfigError, match="score Local: the pickled object does not match its fingerprint"):
        forged.load()
    old = one.model_copy(update={"source": one.source.replace("Python 3.", "Python 2.", 1)})
    with pytest.raises(ConfigError, match=r"was pickled by Python 2\.\d+; this is Python 3"):
        old.load()


def test_the_policy_survives_its_own_pickle_and_yaml():
    own = OwnScore.of(Scaled(factor=2))
    assert pickle.loads(pickle.dumps(own)) == own
    assert OwnScore.model_validate(own.model_dump(by_alias=True)) == own


def test_compiled_functions_are_compiled_once_and_state_is_not_shared():
    text = "SEEN = []\nclass C:\n    pass\nfast = C()\nfast.py_func = lambda: 1\nfast.py_func.__module__ = __name__\n"
    source = SOURCE.replace("return x", "SEEN.append(x); return SEEN, fast")
    own = part(source.replace("\nclass Mine", f"\n{text}\nclass Mine"))
    first, second = own.load().score(1), own.load().score(2)
    assert (first[0], second[0]) == ([1], [2])
    assert first[1] is second[1]


MISTAKES = [
    ("def f(:\n", {}, "score Mine: mine.py fails to load: SyntaxError"),
    ("\n\n1 / 0\n", {}, "score Mine: mine.py fails to load: ZeroDivisionError: division by zero (line 3)"),
    (SOURCE, {"params": {"x": 1}}, "score Mine: Mine(**params) failed: ConfigError: Mine() takes no arguments"),
    (SOURCE.replace("Mine(Score)", "Mine"), {}, "mine.py has no class Mine that extends Score; it has none"),
    (SOURCE.replace("Mine", "Mina"), {}, "no class Mine that extends Score; it has Mina (did you mean Mina?)"),
    (SOURCE.replace("Mine", "Other"), {}, "no class Mine that extends Score; it has Other"),
    ("import sys\nsys.exit(3)\n", {}, "mine.py fails to load: SystemExit: 3 (line 2)"),
]


@pytest.mark.parametrize(("source", "fields", "message"), MISTAKES)
def test_code_that_cannot_be_used_is_a_config_error(source, fields, message):
    with pytest.raises(ConfigError) as caught:
        part(source, **fields).load()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_object_of_another_kind_is_refused():
    with pytest.raises(ConfigError, match="score: int does not extend Score"):
        OwnScore.of(7)
    with pytest.raises(ConfigError, match="score: dict does not extend Score"):
        OwnScore.of(dict)


def test_values_of_a_study_get_their_code(tmp_path):
    (tmp_path / "mine.py").write_text(SOURCE)
    value = {"values": [{"kind": "own", "file": "mine.py", "class": "Mine"}, 3]}
    filled = with_code(value, tmp_path)
    assert filled["values"][0]["source"] == SOURCE
    assert filled["values"][1] == 3
    with pytest.raises(ConfigError, match=r"cannot read .*none\.py"):
        with_code({"file": "none.py", "class": "Mine"}, tmp_path)


def test_the_file_is_read_once(tmp_path):
    (tmp_path / "mine.py").write_text(SOURCE)
    own = OwnScore.model_validate({"file": "mine.py", "class": "Mine"}).with_source(tmp_path)
    (tmp_path / "mine.py").write_text(textwrap.dedent("changed"))
    assert own.with_source(tmp_path) is own
    assert own.load().score(2) == 2
