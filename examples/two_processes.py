"""Train one network with two processes, and compare it with one process that sees the whole batch.

Lesson 10 shows what this prints. Run it in the course's folder:

    torchrun --standalone --nproc-per-node 2 examples/two_processes.py
"""

import os

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from helper import data

BATCH = 64


def make_network() -> nn.Sequential:
    torch.manual_seed(7)
    return nn.Sequential(
        nn.Linear(784, 128),
        nn.ReLU(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def train(model: nn.Module, inputs: Tensor, labels: Tensor, batches: list[Tensor]) -> list[float]:
    """Take one step for each batch of indices, and return the loss that each had."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.06)
    losses = []
    for batch in batches:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(inputs[batch]), labels[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def weights(model: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def gradient(model: nn.Module, inputs: Tensor, labels: Tensor, batch: Tensor) -> Tensor:
    """Return the gradient of the mean loss of one batch, as one row of numbers."""
    model.zero_grad()
    nn.functional.cross_entropy(model(inputs[batch]), labels[batch]).backward()
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


def main() -> None:
    if os.environ.get("WORLD_SIZE") != "2":
        raise SystemExit("This needs two processes: start it with the command at the top of the file.")
    torch.set_num_threads(1)
    dist.init_process_group("gloo")  # torchrun has told each process its rank and where to find the others
    rank, ranks = dist.get_rank(), dist.get_world_size()
    images, labels = data.digits("train")
    inputs = images.flatten(1)
    order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(7))
    batches = [batch for batch in order.split(BATCH) if len(batch) == BATCH]

    model = DistributedDataParallel(make_network())
    mine = [batch[rank::ranks] for batch in batches]
    losses = train(model, inputs, labels, mine)
    uneven = batches[0][:48] if rank == 0 else batches[0][48:]
    averaged = gradient(DistributedDataParallel(make_network()), inputs, labels, uneven)

    reports = [None] * ranks
    dist.all_gather_object(reports, (len(mine[0]), losses, weights(model)))
    if rank == 0:
        alone = make_network()
        big = train(alone, inputs, labels, batches)
        print(f"{ranks} processes, {len(batches)} steps")
        for number, (size, seen, _) in enumerate(reports):
            print(f"rank {number}: {size} images a step, loss {seen[0]:.3f} at first, {seen[-1]:.3f} at last")
        means = [sum(seen[at] for _, seen, _ in reports) / ranks for at in (0, -1)]
        print(f"their mean:               loss {means[0]:.3f} at first, {means[1]:.3f} at last")
        print(f"one process, {BATCH} a step:   loss {big[0]:.3f} at first, {big[-1]:.3f} at last")
        apart = max((other - weights(model)).abs().max().item() for _, _, other in reports)
        print(f"weights of the ranks, largest difference: {apart:g}")
        off = (weights(alone) - weights(model)).abs().max().item()
        print(f"weights of both ways, differences below 0.00001: {off < 1e-5}")
        exact = gradient(make_network(), inputs, labels, batches[0])
        error = ((averaged - exact).norm() / exact.norm()).item()
        print(f"48 images here and 16 there: the averaged gradient is off by {100 * error:.0f} %")
        print("first name that would be saved:", next(iter(model.state_dict())))
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
