"""What can go wrong for a person, each with its exit code."""

from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from mlalias.core.plan import Context


class Hint(NamedTuple):
    """What to do next: a few words, and the command to paste.

    `command` holds the words after `mlalias`, and `lines` what the command reads from standard input. Whoever prints
    it quotes them and adds the catalog in use.
    """

    text: str
    command: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


class Failure(Exception):  # noqa: N818 - the base of errors that are values, too
    """One sentence about one thing.

    `rule` is a stable code, the rule's id where a rule refused; without one, the `code` of the class counts. `type` and
    `status` are Elasticsearch's where it has one. `hints` are those that are known where the failure is made; others
    are found from its `context` by whoever prints it, as that costs a search. It is `certain` if what was asked for has
    not been done.
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
        self.hints = hints
        self.rule = rule
        self.type = type or self.type
        self.status = status or self.status
        self.context = context
        self.certain = certain

    def but(
        self,
        reason: str,
        *hints: Hint,
        rule: str | None = None,
        context: "Context | None" = None,
        certain: bool | None = None,
    ) -> Self:
        """The same failure with another sentence, further hints, or what else is given."""
        return self.__class__(
            reason,
            *self.hints,
            *hints,
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
    """The command line is wrong."""

    code = "usage"
    exit_code = 2
    type = "illegal_argument_exception"
    status = 400


class InvalidDocument(Failure):
    """A file or an answer that was passed in cannot be read."""

    code = "invalid_document"
    exit_code = 2
    type = "parsing_exception"
    status = 400


class Refused(Failure):
    """A rule, or `--strict`, refuses."""

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
    """The state is not what the request expects, or a thing is still in use."""

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
    """The cluster cannot be reached, is busy, or denies access; `status` is its own where it answered."""

    code = "unreachable"
    exit_code = 9
    type = "cluster_unreachable_exception"
    status = 503


class Several(Failure):
    """More than one failure; the exit code is their common one, else that of a refusal."""

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


def as_one(errors: tuple[Failure, ...]) -> Failure:
    """One failure to raise, for one or several."""
    return errors[0] if len(errors) == 1 else Several(errors)


def os_text(error: OSError) -> str:
    """What the operating system says, as part of a sentence."""
    what = (error.strerror or str(error) or type(error).__name__).lower()
    name = error.filename.decode(errors="backslashreplace") if isinstance(error.filename, bytes) else error.filename
    return f"{what}: '{name}'" if name else what
