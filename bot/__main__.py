"""Starts the command line, and ends it with a sentence where something went wrong.

Every EarshotError is written for the person at the terminal, so its text is all they see.
"""

import sys

from bot.errors import ConfigError, EarshotError

WRONG_CONFIG = 78  # EX_CONFIG of sysexits.h, which Windows has not


def main() -> None:
    """Run `earshot`. Exits with 78 after a ConfigError, so that a supervisor does not start it again.

    With 1 after another EarshotError, with 130 after Ctrl-C.
    """
    from bot.cli.app import app
    from bot.cli.terminal import complain

    try:
        app(prog_name="earshot")
    except EarshotError as error:
        complain(str(error))
        sys.exit(WRONG_CONFIG if isinstance(error, ConfigError) else 1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
