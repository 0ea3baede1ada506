"""Which precision a model is loaded in, so that it and its conversations fit. Pure arithmetic.

    weights of the precision
  + tokens kept x bytes of a token's keys and values
  + a reserve for kernels and what passes through        <=   90% of what is free

The first precision that leaves room for all the conversations wished for is taken; then the one
that leaves the most, if a single conversation fits; then several GPUs, then GPU and host together.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from inference.devices import Devices
from inference.outline import PLAIN_BYTES, Outline, Precision

GB = 1e9
SHARE = 0.9  # of what is free: allocators round up, and other programs live too
CPU_SHARE = 0.25  # of what the weights leave on a machine that others use too
RESERVE = {"gpu": 2**30, "cpu": 2**29}  # bytes: kernels, logits, a layer unpacked, an adapter

Placement = Literal["gpu", "gpus", "offload", "cpu"]
"""On one GPU, over several, over GPUs and host, or on a CPU."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: a precision (None: whichever fits), and how much is to be kept at hand."""

    precision: Precision | None = None
    conversations: int = 8
    tokens: int = 2048

    @property
    def kept_tokens(self) -> int:
        """All the tokens to be kept."""
        return self.conversations * self.tokens


@dataclass(frozen=True, slots=True)
class Fit:
    """One precision in one place: what it needs and what that leaves. Bytes.

    `kv_bytes` is what one token's keys and values take; `rest` the type of what a quantised model
    does not quantise. `device` is the index of the GPU, None where it is not just one. `emulates`
    tells that the processor has no such type and computes in another.
    """

    precision: Precision
    placement: Placement
    weights: float
    kv_bytes: int
    room: float
    rest: Literal["fp32", "bf16", "fp16"]
    device: int | None = None
    emulates: bool = False
    max_cached_tokens: int = 0
    why: str = ""
    warning: str = ""

    @property
    def kept_tokens(self) -> int:
        """How many tokens' keys and values fit beside the weights, 0 where not even the weights do."""
        return max(0, int((self.room - self.weights) // self.kv_bytes))

    def needs(self, tokens: int) -> float:
        """Give the bytes of the weights with so many tokens kept, the reserve left out."""
        return self.weights + tokens * self.kv_bytes


def fits(outline: Outline, devices: Devices) -> list[Fit]:
    """List what each precision comes to in each place that this machine has, the best first."""
    if not devices.gpus:
        precisions: list[Precision] = ["fp32", "bf16", "int8", "nf4"]
        return [_on_cpu(outline, devices, one) for one in precisions]
    return [
        _fit(outline, precision, place, rest=devices.half)
        for place in _places(devices)
        for precision in _on_gpus(devices, place[0])
    ]


def choose(outline: Outline, devices: Devices, wish: Wish) -> Fit | None:
    """Choose a precision and a place, None if nothing fits.

    A precision asked for is taken alone, wherever it fits.
    """
    meant = (
        _automatic(outline, devices) if wish.precision is None else _asked(outline, devices, wish)
    )
    possible = [one for one in meant if one.kept_tokens >= wish.tokens]
    whole = [one for one in possible if one.placement != "offload"]
    enough = [one for one in whole if one.kept_tokens >= wish.kept_tokens]
    if enough:
        return _settled(enough[0], wish)
    if whole:
        return _settled(max(whole, key=lambda one: one.kept_tokens), wish)
    return _settled(possible[0], wish) if possible else None


def described(place: Placement) -> str:
    """Name a place for people."""
    return {
        "gpu": "the GPU",
        "gpus": "all GPUs together",
        "offload": "GPU and host memory together",
        "cpu": "the CPU",
    }[place]


_Place = tuple[Placement, float, int | None]


def _places(devices: Devices) -> Iterator[_Place]:
    rooms = [max(0.0, SHARE * free - RESERVE["gpu"]) for free in devices.gpus]
    largest = max(range(len(rooms)), key=rooms.__getitem__)
    yield "gpu", rooms[largest], largest
    if len(rooms) > 1:
        yield "gpus", sum(rooms), None
    yield "offload", sum(rooms) + SHARE * devices.host - RESERVE["cpu"], None


def _on_gpus(devices: Devices, place: Placement) -> tuple[Precision, ...]:
    # bitsandbytes does not offload: its layers live on a GPU or not at all.
    return (devices.half,) if place == "offload" else ("fp32", devices.half, "int8", "nf4")


def _automatic(outline: Outline, devices: Devices) -> list[Fit]:
    """Leave out fp32 on a GPU: models are made in 16 bits, and a GPU is half as fast in 32."""
    return [one for one in fits(outline, devices) if not devices.gpus or one.precision != "fp32"]


def _asked(outline: Outline, devices: Devices, wish: Wish) -> Iterator[Fit]:
    assert wish.precision is not None  # noqa: S101 - the caller has asked
    if not devices.gpus:
        yield _on_cpu(outline, devices, wish.precision)
        return
    for place in _places(devices):
        if place[0] != "offload" or wish.precision in PLAIN_BYTES:
            yield _fit(outline, wish.precision, place, rest=devices.half)


def _on_cpu(outline: Outline, devices: Devices, precision: Precision) -> Fit:
    room = SHARE * devices.host - RESERVE["cpu"]
    fit = _fit(outline, precision, ("cpu", room, None), rest="bf16")
    return replace(fit, emulates=fit.rest != "fp32" and not devices.cpu_has_bf16)


def _fit(
    outline: Outline, precision: Precision, place: _Place, *, rest: Literal["bf16", "fp16"]
) -> Fit:
    computed = precision if precision in ("fp32", "bf16", "fp16") else rest
    placement, room, device = place
    return Fit(
        precision=precision,
        placement=placement,
        weights=outline.weight_bytes(precision, rest=computed),
        kv_bytes=PLAIN_BYTES[computed] * outline.kv_width,
        room=room,
        rest=computed,
        device=device,
    )


def _settled(fit: Fit, wish: Wish) -> Fit:
    """Set how many tokens to keep, why this one, and what to warn of.

    A GPU is there for the model, so all that is left is taken. The memory of a machine is shared:
    there it is a share of what is left, or more where more is wished for.
    """
    kept = fit.kept_tokens
    modest = min(kept, max(wish.kept_tokens, int(CPU_SHARE * kept)))
    return replace(
        fit,
        max_cached_tokens=modest if fit.placement == "cpu" else kept,
        why=_why(fit, wish),
        warning="; ".join(_warnings(fit, wish)),
    )


def _why(fit: Fit, wish: Wish) -> str:
    many = f"{wish.conversations} conversations of {wish.tokens:,} tokens"
    if wish.precision is not None:
        return "asked for"
    if fit.kept_tokens >= wish.kept_tokens:
        return f"the first with room for {many}"
    return f"as none has room for {many}, and this has the most"


def _warnings(fit: Fit, wish: Wish) -> Iterator[str]:
    if fit.placement == "offload":
        yield (
            "parts of the model stay in host memory, which makes it many times slower: "
            "take a smaller model if you can"
        )
    if fit.placement == "gpus":
        yield "the model is spread over several GPUs, which is slower than one that holds it all"
    if fit.placement == "cpu" and fit.precision in ("int8", "nf4"):
        yield f"{fit.precision} on a CPU saves memory and takes 2 to 4 times as long"
    if fit.emulates and fit.precision in PLAIN_BYTES:
        yield f"this CPU has no {fit.precision}: it takes up to 3 times as long as fp32"
    if fit.kept_tokens < wish.kept_tokens:
        yield (
            f"only {fit.kept_tokens // wish.tokens} of {wish.conversations} conversations of "
            f"{wish.tokens:,} tokens stay at hand; the others are fetched back or read anew"
        )
