"""Measure what the course promises about speed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.utils.data import DataLoader

from helper.data import Digits, batches, digits


def loader_speed(rounds: int = 10) -> dict[str, float]:
    """Time one epoch of training over the classical loader and over batches from memory, best of `rounds`.

    Both train the same 784-128-64-10 network with SGD, batch 64, on the same 3,000 digits in the same order,
    one thread, turn by turn; the losses must be equal to the last bit.
    Returns {"classical": seconds, "memory": seconds, "ratio": classical / memory}.
    Raises AssertionError if a loss differs.
    """
    from torchvision import transforms

    pipeline = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
    dataset, (images, labels) = Digits("train", pipeline), digits("train")
    seconds: dict[str, list[float]] = {"classical": [], "memory": []}
    with _one_thread():
        for seed in range(rounds):
            order = Generator().manual_seed(seed)
            classical, classical_losses = _timed_epoch(DataLoader(dataset, 64, shuffle=True, generator=order))
            order = Generator().manual_seed(seed)
            memory, memory_losses = _timed_epoch(batches(images, labels, 64, generator=order))
            assert classical_losses == memory_losses, "the two loaders do not give the same losses"
            seconds["classical"].append(classical)
            seconds["memory"].append(memory)
    best = {name: min(times) for name, times in seconds.items()}
    return {**best, "ratio": best["classical"] / best["memory"]}


def _timed_epoch(loader: DataLoader[Any]) -> tuple[float, list[tuple[float, int]]]:
    model = _network()
    start = time.perf_counter()
    losses = _epoch(model, loader)
    return time.perf_counter() - start, losses


def _epoch(model: nn.Module, loader: DataLoader[Any]) -> list[tuple[float, int]]:
    """Train for one epoch; return each batch's mean loss and number of images."""
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.003)
    losses: list[tuple[Tensor, int]] = []
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append((loss.detach(), len(labels)))
    return [(loss.item(), count) for loss, count in losses]


def _network() -> nn.Sequential:
    """Return the course's first network, always with the same initial parameters."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
        )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute on one thread: networks this small gain little from a second, and pay for it in processor time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
