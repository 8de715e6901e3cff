"""``afterword``. Expected problems are one line on standard error; only defects have a trace."""

import signal
import sys


def main() -> None:
    # until a command has a handler of its own, Ctrl-C just ends the process: Python's own way can be lost
    # in the middle of an import, and else ends in a trace
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from cli.commands import app
    from runtime.processes import CannotStart

    try:
        app()
    except CannotStart as problem:
        print(f"afterword: {problem}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
