"""The whole bot in bad weather: its waits pass when a test lets them, and its clock may be wrong."""

from dataclasses import dataclass, field

from tests.discord.living import Chat
from tests.naps import Rests


@dataclass
class Weather(Chat):
    """A chat whose bot can be started by halves, more than once at a time, and be looked at."""

    naps: Rests = field(default_factory=Rests)
