"""The numbers of the cheat sheet, computed."""

from __future__ import annotations

import math


def numbers() -> dict[str, str]:
    """Return each number of the cheat sheet by its name, as it is printed."""
    import torch
    from torch import nn
    from torch.nn import functional

    limits = torch.finfo(torch.float32)
    batch, inputs, outputs = 8, 20, 5
    layer = nn.Linear(inputs, outputs)
    logits, labels = torch.zeros(batch, 10), torch.zeros(batch, dtype=torch.long)
    sure = torch.zeros(2, 10)
    sure[0, 0], sure[1, 1] = 10.0, 10.0
    right, wrong = functional.cross_entropy(sure, torch.tensor([0, 0]), reduction="none").tolist()
    highest = next(power for power in range(1, 200) if math.isinf(torch.tensor(float(power)).exp()))
    lowest = next(power for power in range(1, 200) if torch.tensor(-float(power)).exp() == 0)
    parameters = sum(parameter.numel() for parameter in layer.parameters())
    x = torch.tensor(2.0, requires_grad=True)
    for _ in range(2):
        (x**2).backward()
    gathered = x.grad
    return {
        "weight": str(tuple(layer.weight.shape)),
        "bias": str(tuple(layer.bias.shape)),
        "rows": str((batch, inputs)),
        "out": str(tuple(layer(torch.zeros(batch, inputs)).shape)),
        "parameters": str(parameters),
        "images": str((batch, 1, 28, 28)),
        "flat": str(tuple(torch.zeros(batch, 1, 28, 28).flatten(1).shape)),
        "ln2": f"{functional.binary_cross_entropy_with_logits(torch.zeros(4), torch.ones(4)).item():.2f}",
        "ln10": f"{functional.cross_entropy(logits, labels).item():.2f}",
        "ln1000": f"{functional.cross_entropy(torch.zeros(2, 1000), labels[:2]).item():.2f}",
        "right": f"{right:.4f}",
        "wrong": f"{wrong:.1f}",
        "overflow": str(highest),
        "underflow": str(lowest),
        "largest": f"{limits.max:.1e}",
        "eps": f"{limits.eps:.1e}",
        "floor": f"{functional.cross_entropy(torch.eye(10), torch.arange(10)).item():.2f}",
        "gathered": f"{gathered.item():g}" if gathered is not None else "",
        "chance": f"{1 / 10:.0%}",
    }
