"""``python -m xrdlib`` is the ``xrdlib`` command."""

from xrdlib.cli import main

main()
