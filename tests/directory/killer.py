"""Run a command that sends itself a signal just before its Nth change of a file below a directory; 0 counts them.

As a program: `python killer.py KILL|STOP N DIRECTORY COMMAND...`. Python's audit events tell of a change before it is
made: it needs no tracer, and does not see a write or a sync.
"""

import os
import signal
import sys

_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.truncate", "os.rmdir", "os.link"}


def _changes(event, arguments, directory):
    if event == "open":
        path, _, flags = arguments
        return _inside(path, directory) and isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    return event in _CHANGES and any(
        _inside(argument, directory) or isinstance(argument, int) for argument in arguments[:1]
    )


def _inside(path, directory):
    return isinstance(path, str | os.PathLike) and os.fspath(path).startswith(directory)


def main(name, nth, directory, *command):
    seen = 0

    def watch(event, arguments):
        nonlocal seen
        if _changes(event, arguments, directory):
            seen += 1
            if seen == nth:
                os.kill(os.getpid(), signal.Signals[f"SIG{name}"])

    sys.addaudithook(watch)
    from mlalias.cli.main import main

    code = main(list(command))
    if nth == 0:
        sys.stderr.write(f"\n{seen}")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
