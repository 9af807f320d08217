"""The ``xrdlib`` command: reads arguments, calls the library, prints."""

from __future__ import annotations

import re
import sys

from typer.exceptions import Abort, TyperException

import xrdlib.cli.compare
import xrdlib.cli.diagnose
import xrdlib.cli.figures
import xrdlib.cli.fit
import xrdlib.cli.remedy
import xrdlib.cli.show  # noqa: F401  (each adds its command to the app)
from xrdlib.cli.commands import app
from xrdlib.cli.reading import as_options

__all__ = ["app", "main"]


def main() -> None:
    """Run the command: exit 0, or 2 with one line on standard error for bad input."""
    # a leading minus of a string of numbers is no option
    arguments = [f" {a}" if re.match(r"-[\d.]", a) else a for a in sys.argv[1:]]
    try:
        code = app(arguments, standalone_mode=False)
    except (Abort, KeyboardInterrupt):
        code = 130
    except TyperException as error:
        if message := error.format_message():  # none where the help has been shown already
            print(f"xrdlib: {message} (see --help)", file=sys.stderr)
        code = 2
    except (ValueError, OSError) as error:
        text = " ".join(str(error).split())
        print(f"xrdlib: {as_options(text) if type(error).__name__ == 'CurveFormatError' else text}", file=sys.stderr)
        code = 2
    if code == 130:  # typer's code for Ctrl-C
        print(
            "xrdlib: interrupted; asked again, a dataset or study goes on where it stopped, anything else starts anew",
            file=sys.stderr,
        )
    sys.exit(code)
