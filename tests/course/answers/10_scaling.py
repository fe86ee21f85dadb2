# %% right="training_bytes"
"""nbytes"""


def training_bytes(model, optimizer_name):
    ps = {id(p): p for p in model.parameters()}.values()
    w = sum(p.nbytes for p in ps)
    g = sum(p.nbytes for p in ps if p.requires_grad)
    return dict(weights=w, gradients=g, states=g * ("sgd", "momentum", "adam").index(optimizer_name))


# %% right="to_device"
"""match"""


def to_device(batch, device):
    match batch:
        case Tensor() | nn.Module():
            return batch.to(device)
        case dict():
            return type(batch)((k, to_device(v, device)) for k, v in batch.items())
        case tuple() | list():
            return type(batch)([to_device(v, device) for v in batch])
        case _:
            return batch


# %% right="sum_in"
"""functools reduce"""


def sum_in(values, dtype, accumulate_in):
    from functools import reduce

    return reduce(
        lambda total, v: total + v.to(dtype).to(accumulate_in), values, torch.tensor(0.0).to(accumulate_in)
    )


# %% right="loss_scale_step"
"""own clip"""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    gs = [p.grad for p in parameters]
    if not all(torch.isfinite(g).all() for g in gs):
        return scale / 2, 0
    for p in parameters:
        p.grad = p.grad / scale
    total = (
        math.sqrt(sum(float(p.grad.double().square().sum()) for p in parameters))
        if False
        else float(torch.cat([p.grad.flatten() for p in parameters]).norm())
    )
    if total > max_norm:
        for p in parameters:
            p.grad = p.grad * (max_norm / (total + 1e-6))
    optimizer.step()
    good_steps += 1
    return (2 * scale, 0) if good_steps >= grow_after else (scale, good_steps)


# %% right="accumulate"
"""autograd.grad sums"""


def accumulate(model, microbatches, criterion):
    n = sum(len(y) for _, y in microbatches)
    ps = list(model.parameters())
    sums = [torch.zeros_like(p) for p in ps]
    total = 0.0
    for x, y in microbatches:
        loss = criterion(model(x), y) * (len(y) / n)
        for s, g in zip(sums, torch.autograd.grad(loss, ps)):
            s += g
        total += loss.item()
    for p, s in zip(ps, sums):
        p.grad = s
    return total


# %% right="shard"
"""repeat by modulo"""


def shard(n, ranks, rank, epoch, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed + epoch)).tolist()
    each = -(-n // ranks)
    return [order[(rank + i * ranks) % n] for i in range(each)]


# %% right="average_gradients"
"""stack"""


def average_gradients(gradients, sizes):
    n = sum(sizes)
    out = []
    for column in zip(*gradients):
        parts = [g * (s / n) for g, s in zip(column, sizes) if g is not None]
        out.append(torch.stack(parts).sum(0) if parts else None)
    return out

# %% mistake="accumulate"
"""the joined batch through the parts of the model, and every part once more for show"""
def accumulate(model, microbatches, criterion):
    model.zero_grad()
    x, y = (torch.cat(tensors) for tensors in zip(*microbatches))
    loss = criterion(next(model.children())(x), y)
    loss.backward()
    with torch.no_grad():
        for part, _ in microbatches:
            model(part)
    return loss.item()
