"""What can go wrong for a person, each with its exit code."""

from typing import NamedTuple


class Hint(NamedTuple):
    """What to do next: a few words, and the command to paste.

    `command` holds the words after `mlalias`, and `lines` what it is to read from standard input; whoever prints it
    quotes them and adds the catalog in use.
    """

    text: str
    command: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


class Failure(Exception):  # noqa: N818 - the base of errors that are values, too
    """One sentence about one thing, with hints; `type` and `status` are Elasticsearch's where it has one.

    It is `certain` if what was asked for has not been done.
    """

    exit_code = 1
    type = "internal_error"
    status = 500
    committed = False
    certain = True

    def __init__(
        self,
        reason: str,
        *hints: Hint,
        rule: str | None = None,
        type: str | None = None,  # noqa: A002 - the JSON key
        status: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hints = hints
        self.rule = rule
        if type:
            self.type = type
        if status:
            self.status = status

    @property
    def errors(self) -> tuple["Failure", ...]:
        """Every single failure, first things first."""
        return (self,)


class SystemRefused(Failure):
    """The operating system refused something before the commit."""

    type = "io_exception"


class Committed(SystemRefused):
    """Something failed after the commit: the change is in place."""

    committed = True


class WrongUsage(Failure):
    """The command line does not make sense."""

    exit_code = 2
    type = "illegal_argument_exception"
    status = 400


class InvalidDocument(Failure):
    """A file or an answer that was handed in cannot be read."""

    exit_code = 2
    type = "parsing_exception"
    status = 400


class Refused(Failure):
    """A rule, or `--strict`, says no."""

    exit_code = 3
    type = "status_exception"
    status = 400


class NotFound(Failure):
    """There is no such model or alias."""

    exit_code = 4
    type = "resource_not_found_exception"
    status = 404


class Conflict(Failure):
    """The state is not what the request takes it to be."""

    exit_code = 5
    type = "status_exception"
    status = 409


class Damaged(Failure):
    """The catalog at rest is not whole, or is of a newer format."""

    exit_code = 7
    type = "catalog_damaged_exception"


class Busy(Failure):
    """Another writer holds the lock."""

    exit_code = 8
    type = "catalog_busy_exception"
    status = 503


class Unreachable(Failure):
    """The cluster cannot be reached, is busy, or lets us not in; `status` is its own where it answered."""

    exit_code = 9
    type = "cluster_unreachable_exception"
    status = 503


class Several(Failure):
    """More than one failure at once, of the first one's kind; the exit code is their common one, else a refusal's."""

    def __init__(self, errors: tuple[Failure, ...]) -> None:
        first = errors[0]
        super().__init__("; ".join(error.reason for error in errors), type=first.type, status=first.status)
        codes = {error.exit_code for error in errors}
        self.exit_code = codes.pop() if len(codes) == 1 else Refused.exit_code
        self._errors = errors

    @property
    def errors(self) -> tuple[Failure, ...]:
        """Every single failure, first things first."""
        return self._errors


def as_one(errors: tuple[Failure, ...]) -> Failure:
    """One failure to raise for one or many."""
    return errors[0] if len(errors) == 1 else Several(errors)


def os_text(error: OSError) -> str:
    """What the operating system says, as part of a sentence."""
    what = (error.strerror or str(error) or type(error).__name__).lower()
    name = error.filename.decode(errors="backslashreplace") if isinstance(error.filename, bytes) else error.filename
    return f"{what}: '{name}'" if name else what
