"""Starts the command line, and ends it with a sentence where something went wrong.

Every EarshotError is written for the person at the terminal, so its text is all they see.
"""

import sys

from bot.errors import EarshotError


def main() -> None:
    """Run `earshot`. Exits with 1 after an EarshotError, with 130 after Ctrl-C."""
    from bot.cli.app import app
    from bot.cli.terminal import complain

    try:
        app(prog_name="earshot")
    except EarshotError as error:
        complain(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
