"""Inputs for a check, drawn from a stream that never changes between versions of a library."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor


class Given:
    """Inputs for one check, drawn from a stream that is the same in every version of every library.

    secret: from what is prepared is drawn where a key for marks is made; ready: what was prepared there, where answers
    are marked. In practice there is neither.
    """

    # Streams to be seeded again: making one takes as long as a small check.
    _idle: ClassVar[list[np.random.RandomState]] = []

    def __init__(
        self, seed: str, check: str, *, secret: str = "", ready: Mapping[str, Any] | None = None
    ) -> None:
        self._stream = self._idle.pop() if self._idle else np.random.RandomState()
        self._stream.seed(number_from(seed, check))
        self.sizes: list[int] = []
        self.kept: dict[str, Any] = {}  # what was prepared, by name, to be handed to whom marks are made of
        self._seed, self._check, self._secret, self._ready = seed, check, secret, ready

    def __del__(self) -> None:
        self._idle.append(self._stream)

    def normal(self, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """Draw a tensor of standard normal numbers."""
        return torch.as_tensor(self._stream.standard_normal(self._noted(shape))).to(dtype)

    def uniform(
        self, *shape: int, low: float = 0.0, high: float = 1.0, dtype: torch.dtype = torch.float32
    ) -> Tensor:
        """Draw a tensor of numbers spread evenly over [low, high)."""
        return torch.as_tensor(self._stream.uniform(low, high, self._noted(shape))).to(dtype)

    def integers(self, high: int, size: int | tuple[int, ...]) -> Tensor:
        """Draw an int64 tensor of whole numbers from 0 to high - 1, such as labels."""
        shape = (size,) if isinstance(size, int) else size
        self.sizes.append(high)
        return torch.as_tensor(self._stream.randint(0, high, self._noted(shape)).astype(np.int64))

    def permutation(self, n: int) -> Tensor:
        """Draw the numbers 0 to n - 1 in random order, int64."""
        return torch.as_tensor(self._stream.permutation(n).astype(np.int64))

    def number(self, low: float = 0.0, high: float = 1.0) -> float:
        """Draw one plain float from [low, high)."""
        return float(self._stream.uniform(low, high))

    def integer(self, low: int, high: int) -> int:
        """Draw one plain int from low to high - 1."""
        return int(self._stream.randint(low, high))

    def prepared(self, name: str, make: Callable[[Given], tuple[Any, Any]]) -> tuple[Any, Any]:
        """Return what `make` draws: plain data for the answer, and the truth about it that is to be found out.

        Where marks are made both are drawn elsewhere, from a secret. Only the data comes into the process of an answer:
        the truth is None there, and where its key is made.
        """
        if self._ready is not None:
            return copy.deepcopy(self._ready[name]), None
        data, truth = make(Given(f"{self._secret or self._seed}\n{name}", self._check))
        if not self._secret:
            return data, truth
        self.kept[name] = copy.deepcopy(data)
        return data, None

    def generator(self) -> torch.Generator:
        """Return a torch generator seeded from the stream."""
        return torch.Generator().manual_seed(self.integer(0, 2**31 - 1))

    def fill(self, module: torch.nn.Module, scale: float = 0.3) -> torch.nn.Module:
        """Overwrite every parameter of `module`, biases too, with normal numbers times scale, and return it."""
        with torch.no_grad():
            for parameter in module.parameters():
                numbers = self._stream.standard_normal(tuple(parameter.shape)) * scale
                parameter.copy_(torch.as_tensor(numbers))
        return module

    def _noted(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        self.sizes.extend(shape)
        return shape


def number_from(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("\n".join(parts).encode()).digest()[:4], "big")
