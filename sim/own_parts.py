"""Parts written by users: a class in place of a mechanism, named in a config or passed as an object.

A family of parts (agents, cohorts, rankings, price paths, ...) has a documented base class that extends `UserPart`, and
one policy that extends `OwnPart` and names the base class:

    class OwnRanking(OwnPart):
        kind: Literal["own"] = "own"
        base: ClassVar[type] = AdlRanking
        noun: ClassVar[str] = "ADL ranking"

The user writes `class MyRanking(AdlRanking)` and names it in YAML:

    ranking: {kind: own, file: my.py, class: MyRanking, params: {cap: 3}}

or passes it from Python: `OwnRanking.of(MyRanking(cap=3))`, `OwnRanking.of(MyRanking, cap=3)`. `load()` returns a new
instance, so no state passes from one run to another; call it once per run, where the state is made.

The code is part of the config: `source` is read when the config is resolved, is part of its hash, is sent to workers,
and is kept in the result folder, so that a run can be replayed without the file. The code that runs is the code that
was hashed.
`OwnPart.load` is the only place where code that comes with a config is executed; `check` looks at the text alone.
`refusing_own_code` closes it: what only reads configs and folders runs inside.
"""

import ast
import difflib
import hashlib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Self

from pydantic import ConfigDict, Field, PositiveFloat, ValidationError

from .errors import ConfigError
from .own_code import NotPlainError, bound_names, is_pickled, pickled, source_of, unpickled
from .own_fingerprint import fingerprint
from .own_limit import TIME_LIMIT_S, limited
from .policy import Policy

#: Exceptions reported as a failure of the user's code; Ctrl-C is not one.
FAILURES = (Exception, SystemExit, GeneratorExit)
#: Compiled functions of users' files by content and name: each is compiled once per process, not once per run.
_COMPILED: dict[tuple[str, str], Any] = {}


#: Digests of the texts that this process has executed.
_EXECUTED: set[str] = set()
#: Why code that this process has not executed yet must not be executed now; empty: it may be.
_REFUSAL: ContextVar[str] = ContextVar("refusal of own code", default="")


@contextmanager
def refusing_own_code(reason: str) -> Iterator[None]:
    """Inside, no code of own parts is executed that this process has not executed before: ConfigError with `reason`."""
    token = _REFUSAL.set(reason)
    try:
        yield
    finally:
        _REFUSAL.reset(token)


class UserPart:
    """Base of the classes that users extend. It stores the constructor arguments of an instance."""

    _made_with: tuple[tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Make the instance and note the arguments; ConfigError for arguments that no constructor takes."""
        if cls.__init__ is object.__init__ and (args or kwargs):
            raise ConfigError(f"{cls.__name__}() takes no arguments")
        made = super().__new__(cls)
        object.__setattr__(made, "_made_with", (args, kwargs))
        return made


class OwnPart(Policy):
    """A user's class by file and name, or with its code. Families extend it: see the file's first paragraph."""

    model_config = ConfigDict(populate_by_name=True)
    UNHASHED_FIELDS: ClassVar[frozenset[str]] = frozenset({"time_limit_s"})
    #: The class that the user's class must extend.
    base: ClassVar[type] = UserPart
    #: Name of the part in messages.
    noun: ClassVar[str] = "part"
    #: False for parts that are used before the run and never see the exchange.
    sees_exchange: ClassVar[bool] = True

    file: str = Field(min_length=1, description="Python file, relative to the config")
    class_name: str = Field(alias="class", min_length=1, description="name of the class in it")
    params: dict[str, Any] = Field(default_factory=dict, description="passed to the class by name")
    source: str | None = Field(default=None, description="text of the file; filled in when the config is resolved")
    time_limit_s: PositiveFloat = Field(
        default=TIME_LIMIT_S, le=3_600, description="seconds that one call of the class may take; it changes no number"
    )

    @property
    def name_in_run(self) -> str:
        """Name of the part without its noun."""
        return self.class_name

    @property
    def who(self) -> str:
        """Beginning of messages about the part."""
        return f"{self.noun} {self.name_in_run}"

    @classmethod
    def of(cls, part: Any, /, **fields: Any) -> Self:
        """Return the policy of a class or an instance that is passed from Python.

        part: a class that extends `base`, or an instance of one. fields: other fields of the policy; for a class also
        `params`, its constructor arguments. An instance is kept as its class and constructor arguments; if it has
        changed since, or the arguments are not plain (numbers, text, lists, dicts), the instance itself is kept.
        ConfigError if it is of another kind or cannot be sent to other processes.
        """
        kind = part if isinstance(part, type) else type(part)
        if not issubclass(kind, cls.base):
            raise ConfigError(f"{cls.noun}: {kind.__name__} does not extend {cls.base.__name__}")
        if not isinstance(part, type):
            params = _plain_arguments(part)
            if params is None:
                return cls._made(kind, {**fields, "source": pickled(part)})
            fields["params"] = params
        try:
            source = source_of(kind, cls.base)
        except NotPlainError:
            source = pickled(kind)
        return cls._made(kind, {**fields, "source": source})

    @classmethod
    def _made(cls, kind: type, fields: dict[str, Any]) -> Self:
        try:
            return cls.model_validate({"file": f"{kind.__name__}.py", "class": kind.__name__, **fields})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise ConfigError(f"{cls.noun} {kind.__name__}: {place + ': ' if place else ''}{first['msg']}") from error

    def with_source(self, folder: Path) -> Self:
        """Return the same part with the text of its file, read relative to `folder`; ConfigError if it cannot be
        read."""
        if self.source is not None:
            return self
        path = folder / self.file
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ConfigError(f"{self.who}: cannot read {path}: {reason}") from error
        return self.model_copy(update={"source": text})

    @property
    def runs_code(self) -> bool:
        """True if loading the part executes code, false if the text is data."""
        return True

    @property
    def digest(self) -> str:
        """SHA-256 of the text that would be executed."""
        return hashlib.sha256((self.source or "").encode()).hexdigest()

    @property
    def was_executed(self) -> bool:
        """True if this process has executed the text before."""
        return self.digest in _EXECUTED

    def check(self) -> None:
        """ConfigError if the text is not Python, or binds no name like the class; nothing of it is executed."""
        if self.source is None:
            raise ConfigError(f"{self.who}: the text of {self.file} was not read; call with_source(folder) first")
        if is_pickled(self.source):
            return
        try:
            tree = ast.parse(self.source, self.file)
            compile(self.source, self.file, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise ConfigError(f"{self.who}: {self.file} is not Python: {where(error, self.file)}") from error
        bound, classes = bound_names(tree)
        if self.class_name not in bound and "*" not in bound:
            raise ConfigError(f"{self.who}: {self._no_class(classes)}")

    def _no_class(self, classes: list[str]) -> str:
        near = difflib.get_close_matches(self.class_name, classes, n=1)
        hint = f" (did you mean {near[0]}?)" if near and near[0] != self.class_name else ""
        return (
            f"{self.file} has no class {self.class_name} that extends {self.base.__name__}; it has"
            f" {', '.join(classes) or 'none'}{hint}"
        )

    def load(self) -> Any:
        """Run the code and return a new instance of the class; ConfigError if any of this fails."""
        if self.source is None:
            raise ConfigError(f"{self.who}: the text of {self.file} was not read; call with_source(folder) first")
        if _REFUSAL.get() and not self.was_executed:
            raise ConfigError(f"{_REFUSAL.get()}\n  {self.who}: class {self.class_name} of {self.file}")
        _EXECUTED.add(self.digest)
        try:
            found = self.limited(unpickled if is_pickled(self.source) else self._class, self.source)
        except ConfigError as error:
            raise ConfigError(f"{self.who}: {error}") from error
        except FAILURES as error:
            raise ConfigError(f"{self.who}: {self.file} fails to load: {where(error, self.file)}") from error
        if isinstance(found, self.base):
            return found
        if not (isinstance(found, type) and issubclass(found, self.base)):
            raise ConfigError(f"{self.who}: {self.class_name} does not extend {self.base.__name__}")
        try:
            return self.limited(lambda: found(**self.params))
        except FAILURES as error:
            text = where(error, self.file)
            raise ConfigError(f"{self.who}: {self.class_name}(**params) failed: {text}") from error

    def limited(self, call: Callable[..., Any], *args: Any) -> Any:
        """Return `call(*args)` of the part's code; TimeLimitError after `time_limit_s`."""
        return limited(f"{self.who} ({self.file}:{self.class_name})", self.time_limit_s, call, *args)

    def _class(self, source: str) -> Any:
        """The class in the text of the file; ConfigError if there is none that extends `base`."""
        digest = hashlib.sha256(source.encode()).hexdigest()[:16]
        module = ModuleType(f"clearsim_own_{digest}")
        module.__dict__["__file__"] = self.file
        sys.modules[module.__name__] = module  # dataclasses look up their module
        exec(compile(source, self.file, "exec"), module.__dict__)
        _keep_compiled(module, digest)
        found = module.__dict__.get(self.class_name)
        if isinstance(found, type) and issubclass(found, self.base):
            return found
        classes = [
            key
            for key, value in module.__dict__.items()
            if isinstance(value, type) and issubclass(value, self.base) and value is not self.base
        ]
        raise ConfigError(self._no_class(classes))


def _keep_compiled(module: ModuleType, digest: str) -> None:
    """Put functions that an earlier load of the same text has compiled in place of those that are not compiled yet."""
    for name, value in list(module.__dict__.items()):
        if hasattr(value, "py_func") and getattr(value.py_func, "__module__", None) == module.__name__:
            module.__dict__[name] = _COMPILED.setdefault((digest, name), value)


def _plain_arguments(part: Any) -> dict[str, Any] | None:
    """The constructor arguments of an instance, by name; None if they do not reproduce its present state."""
    args, kwargs = getattr(part, "_made_with", ((), {}))
    try:
        bound = inspect.signature(type(part)).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return None
    flat = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL)
    params: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        kind = bound.signature.parameters[name].kind
        if kind in flat:
            return None
        params.update(value if kind is inspect.Parameter.VAR_KEYWORD else {name: value})
    if not _is_plain(params):
        return None
    try:
        again = type(part)(**params)
        same = fingerprint(_state(again)) == fingerprint(_state(part))
    except Exception:  # an instance that cannot be made again or compared is kept as it is
        return None
    return params if same else None


def _state(part: Any) -> dict[str, Any]:
    return {name: value for name, value in sorted(vars(part).items()) if name != "_made_with"}


def _is_plain(value: Any) -> bool:
    """True for values that YAML reads back unchanged."""
    if type(value) is dict:
        return all(type(key) is str and _is_plain(item) for key, item in value.items())
    if type(value) is list:
        return all(map(_is_plain, value))
    if type(value) is float:
        return value - value == 0.0  # finite
    return value is None or type(value) in (bool, int, str)


def where(error: BaseException, file: str) -> str:
    """Kind and text of an exception, with the last line of the user's file it came through."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    place = f" (line {lines[-1]})" if lines else ""
    return f"{type(error).__name__}{': ' if str(error) else ''}{one_line(error)}{place}"


def one_line(error: BaseException) -> str:
    """The text of an exception, without line breaks."""
    return " ".join(str(error).split())


def with_code(value: Any, folder: Path) -> Any:
    """A tree of mappings and lists with `source` filled in wherever a mapping names a `file` and a `class`; a study's
    values need it before validation. Files are relative to `folder`; ConfigError if one cannot be read."""
    if isinstance(value, dict):
        filled = {key: with_code(item, folder) for key, item in value.items()}
        if isinstance(value.get("file"), str) and isinstance(value.get("class"), str) and "source" not in value:
            fields = {"file": value["file"], "class": value["class"]}
            filled["source"] = OwnPart.model_validate(fields).with_source(folder).source
        return filled
    return [with_code(item, folder) for item in value] if isinstance(value, list) else value


def guarded(
    who: str, file: str, call: Callable[..., Any], *args: Any, error: type[Exception], seconds: float = TIME_LIMIT_S
) -> Any:
    """Return `call(*args)` of a user's code; raise `error` with `who`, the problem and its line if it fails, or has no
    answer after `seconds`."""
    try:
        return limited(f"{who} ({file})", seconds, call, *args)
    except FAILURES as problem:
        raise error(f"{who} raised {where(problem, file)}") from problem
