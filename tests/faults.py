"""What goes wrong with HTTP on purpose: errors, lost answers, resets, answers that wait.

Knows no platform: a call has a name, and what each platform's errors look like its server says.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Protocol

from aiohttp import web

ABORT_AT_ONCE = struct.pack("ii", 1, 0)  # linger for no time: a reset instead of a farewell


class Named(Protocol):
    """A call, which faults know by its name, such as "POST /messages"."""

    @property
    def name(self) -> str: ...


Which = str | Callable[[Any], bool]


@dataclass(frozen=True)
class Planned:
    """An answer in place of the true one. `body` is sent as JSON, or as it stands if it is text."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Gate:
    """Holds requests back: `reached` is set by the first, `open` lets all go on."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self._opened = asyncio.Event()

    def open(self) -> None:
        self._opened.set()

    async def passed(self) -> None:
        """Wait until somebody opens."""
        self.reached.set()
        await self._opened.wait()


@dataclass(eq=False)
class Fault:
    """`after` means after the request took effect: only its answer is lost.

    It holds at its gate, if it has one, and then gives its answer; with neither an answer nor a
    gate it resets the connection, with a gate alone the true answer follows.
    """

    which: Which
    left: int
    after: bool = False
    answer: Planned | None = None
    gate: Gate | None = None
    num_met: int = 0

    def concerns(self, call: Named) -> bool:
        if callable(self.which):
            return self.which(call)
        return fnmatchcase(call.name, self.which)

    @property
    def resets(self) -> bool:
        return self.answer is None and self.gate is None


class FaultList:
    """Faults in the order they were planned; each request meets at most one.

    `on` is the name of a call with * for anything, or a function of the call.
    """

    def __init__(self) -> None:
        self._planned: list[Fault] = []

    def reset(self, *, on: Which = "*", times: int = 1, after: bool = False) -> Fault:
        """Break the connection instead of answering."""
        return self.plan(Fault(on, times, after))

    def hold(self, *, on: Which = "*", times: int = 1, after: bool = False) -> Gate:
        """Let requests wait until the gate is opened, then go on."""
        gate = Gate()
        self.plan(Fault(on, times, after, gate=gate))
        return gate

    def clear(self) -> None:
        """Let nothing go wrong any more; who waits at a gate goes on."""
        for fault in self._planned:
            if fault.gate is not None:
                fault.gate.open()
        self._planned.clear()

    def meet(self, call: Named) -> Fault | None:
        """Give the fault this request meets and count it."""
        fault = next((one for one in self._planned if one.left and one.concerns(call)), None)
        if fault is not None:
            fault.left -= 1
            fault.num_met += 1
        return fault

    def plan(self, fault: Fault) -> Fault:
        """Let this go wrong, after what was planned before."""
        self._planned.append(fault)
        return fault


def reset_connection(request: web.Request) -> None:
    """Break the TCP connection of a request: the peer sees a reset."""
    transport = request.transport
    if transport is None:
        return
    peer: socket.socket = transport.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT_AT_ONCE)
    transport.abort()
