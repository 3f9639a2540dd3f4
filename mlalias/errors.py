"""The errors that a user can cause or meet, each with its exit code."""

from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlalias.core.plan import Context


class Hint(NamedTuple):
    """What to do next: a few words, and the command to paste.

    `command` holds the words after `mlalias`, and `lines` what the command reads from standard input. `str()` gives one
    line whose command is quoted for a shell.
    """

    text: str
    command: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The text, with a colon if a command follows."""
        return self.text if not self.command or self.text.endswith("?") else f"{self.text}:"

    @property
    def line(self) -> str:
        """The command, quoted for a shell; empty if there is none."""
        if not self.command:
            return ""
        from shlex import join

        command = join(("mlalias", *self.command))
        if not self.lines:
            return command
        printed = join(("printf", r"%s\n", *self.lines))
        return f"{printed} | {command}"

    def __str__(self) -> str:
        return f"{self.words} {self.line}".rstrip()


class Failure(Exception):  # noqa: N818 - plans carry failures as values, too
    """An error whose `reason` is one sentence about one thing.

    `rule` is a stable code: the id of the rule that refused, for example; without it, the `code` of the class is used.
    `type` and `status` are those of Elasticsearch where it has them. `certain` is False if the request may have been
    carried out, and `committed` is True if it was. `known_hints` need no search; further hints are derived from
    `context`.
    """

    code = "internal"
    exit_code = 1
    type = "internal_error"
    status = 500
    committed = False

    def __init__(
        self,
        reason: str,
        *hints: Hint,
        rule: str | None = None,
        type: str | None = None,  # noqa: A002 - the JSON key
        status: int | None = None,
        context: "Context | None" = None,
        certain: bool = True,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.known_hints = hints
        self.rule = rule
        self.type = type or self.type
        self.status = status or self.status
        self.context = context
        self.certain = certain
        self._search: Callable[[Failure], tuple[Hint, ...]] | None = None

    @property
    def hints(self) -> tuple[Hint, ...]:
        """What to do next; each access may search the catalog."""
        return self._search(self) if self._search else self.known_hints

    def advised_by(self, search: "Callable[[Failure], tuple[Hint, ...]]") -> Self:
        """This failure, with `search` as the source of its hints from now on."""
        for error in self.errors:
            error._search = search  # noqa: SLF001 - of the same class
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the hints themselves: another process may not have the catalog to search."""
        return type(self), (self.reason,), self.__dict__ | {"known_hints": self.hints, "_search": None, "context": None}

    def but(
        self,
        reason: str,
        *hints: Hint,
        rule: str | None = None,
        context: "Context | None" = None,
        certain: bool | None = None,
    ) -> Self:
        """A copy of this failure with another reason, more hints before its own, and whatever else is given."""
        return self.__class__(
            reason,
            *hints,
            *self.known_hints,
            rule=rule or self.rule,
            type=self.type,
            status=self.status,
            context=context or self.context,
            certain=self.certain if certain is None else certain,
        )

    @property
    def errors(self) -> tuple["Failure", ...]:
        """Every single failure, in order."""
        return (self,)


class SystemRefused(Failure):
    """The operating system refused something before the commit."""

    code = "system"
    type = "io_exception"


class Committed(SystemRefused):
    """Something failed after the commit: the change is in place."""

    committed = True


class WrongUsage(Failure):
    """The command line, an argument or an environment variable is invalid."""

    code = "usage"
    exit_code = 2
    type = "illegal_argument_exception"
    status = 400


class InvalidDocument(Failure):
    """A file, standard input or a mapping cannot be read as an answer of Elasticsearch or a declaration."""

    code = "invalid_document"
    exit_code = 2
    type = "parsing_exception"
    status = 400


class Refused(Failure):
    """A rule, or `--strict`, refuses a change."""

    code = "refused"
    exit_code = 3
    type = "status_exception"
    status = 400


class NotFound(Failure):
    """A model or an alias does not exist."""

    code = "not_found"
    exit_code = 4
    type = "resource_not_found_exception"
    status = 404


class Conflict(Failure):
    """The catalog is not in the state that the request expects, or something is still in use."""

    code = "conflict"
    exit_code = 5
    type = "status_exception"
    status = 409


class Damaged(Failure):
    """The catalog on disk is damaged, or has a newer format."""

    code = "damaged"
    exit_code = 7
    type = "catalog_damaged_exception"


class Busy(Failure):
    """Another writer holds the lock."""

    code = "busy"
    exit_code = 8
    type = "catalog_busy_exception"
    status = 503


class Unreachable(Failure):
    """The cluster cannot be reached, is busy, or denies access; `status` is the cluster's if it answered."""

    code = "unreachable"
    exit_code = 9
    type = "cluster_unreachable_exception"
    status = 503


class Several(Failure):
    """Several failures; the exit code is theirs if they all share it, otherwise that of a refusal."""

    def __init__(self, errors: tuple[Failure, ...]) -> None:
        first = errors[0]
        super().__init__("; ".join(error.reason for error in errors), type=first.type, status=first.status)
        codes = {error.exit_code for error in errors}
        self.exit_code = codes.pop() if len(codes) == 1 else Refused.exit_code
        self._errors = errors

    @property
    def errors(self) -> tuple[Failure, ...]:
        """Every single failure, in order."""
        return self._errors

    @property
    def hints(self) -> tuple[Hint, ...]:
        """The hints of all failures, without repetitions."""
        return tuple(dict.fromkeys(hint for error in self.errors for hint in error.hints))

    def __reduce__(self) -> tuple[Any, ...]:
        return Several, (self._errors,)


def as_one(errors: tuple[Failure, ...]) -> Failure:
    """A single exception for one or more failures."""
    return errors[0] if len(errors) == 1 else Several(errors)


def os_text(error: OSError) -> str:
    """The operating system's message, as part of a sentence."""
    what = (error.strerror or str(error) or type(error).__name__).lower()
    name = error.filename.decode(errors="backslashreplace") if isinstance(error.filename, bytes) else error.filename
    return f"{what}: '{name}'" if name else what
