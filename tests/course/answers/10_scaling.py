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


# %% right="training_bytes"
"""a set of ids by hand"""


def training_bytes(model, optimizer_name):
    seen, weights, gradients = set(), 0, 0
    for module in model.modules():
        for p in module._parameters.values():
            if p is None or id(p) in seen:
                continue
            seen.add(id(p))
            weights += p.nelement() * p.element_size()
            gradients += p.nelement() * p.element_size() * int(p.requires_grad)
    return {"weights": weights, "gradients": gradients, "states": gradients * ("sgd", "momentum", "adam").index(optimizer_name)}


# %% right="training_bytes"
"""untyped storage bytes"""


def training_bytes(model, optimizer_name):
    result = dict.fromkeys(("weights", "gradients", "states"), 0)
    states = {"sgd": 0, "momentum": 1, "adam": 2}
    for _, p in model.named_parameters():
        result["weights"] += p.nbytes
        if p.requires_grad:
            result["gradients"] += p.nbytes
            result["states"] += states[optimizer_name] * p.nbytes
    return result


# %% right="to_device"
"""match statement"""


def to_device(batch, device):
    match batch:
        case Tensor() | nn.Module():
            return batch.to(device)
        case dict():
            return {key: to_device(value, device) for key, value in batch.items()}
        case list() | tuple():
            return type(batch)(to_device(value, device) for value in batch)
        case _:
            return batch


# %% right="to_device"
"""hasattr, and map"""


def to_device(batch, device):
    if hasattr(batch, "to"):
        return batch.to(torch.device(device))
    if isinstance(batch, dict):
        return dict(zip(batch, map(lambda v: to_device(v, device), batch.values())))
    if isinstance(batch, (list, tuple)):
        moved = []
        for thing in batch:
            moved.append(to_device(thing, device))
        return tuple(moved) if isinstance(batch, tuple) else moved
    return batch


# %% right="sum_in"
"""in place on a scalar"""


def sum_in(values, dtype, accumulate_in):
    total = torch.tensor(0, dtype=accumulate_in)
    for number in values.to(dtype).to(accumulate_in):
        total += number
    return total


# %% right="sum_in"
"""functools.reduce"""


def sum_in(values, dtype, accumulate_in):
    from functools import reduce

    rounded = values.to(dtype).unbind()
    start = torch.zeros((), dtype=accumulate_in)
    return reduce(lambda total, value: (total.double() + value.double()).to(accumulate_in), rounded, start)


# %% right="loss_scale_step"
"""the norm by hand, unscale and clip in one factor"""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    flat = torch.cat([p.grad.reshape(-1) for p in parameters]) / scale
    norm = flat.norm()
    if not torch.isfinite(flat).all():
        return scale / 2, 0
    factor = min(1.0, float(max_norm / (norm + 1e-6))) / scale
    for p in parameters:
        p.grad = p.grad * factor
    optimizer.step()
    good_steps += 1
    return (scale * 2, 0) if good_steps == grow_after else (scale, good_steps)


# %% right="loss_scale_step"
"""unscales first, and asks the norm that clip_grad_norm_ returns"""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    for p in parameters:
        p.grad.mul_(1 / scale)
    norm = nn.utils.clip_grad_norm_(parameters, max_norm)
    if not math_isfinite(norm):
        return scale / 2, 0
    optimizer.step()
    good_steps += 1
    if good_steps >= grow_after:
        good_steps = 0
        scale = scale * 2.0
    return scale, good_steps


def math_isfinite(norm):
    return bool(norm == norm) and bool(norm.abs() != float("inf"))


# %% mistake="accumulate"
"""No division at all: the sum of the mean losses."""


def accumulate(model, microbatches, criterion):
    model.zero_grad()
    total = 0.0
    for x, y in microbatches:
        loss = criterion(model(x), y)
        loss.backward()
        total += loss.item()
    return total


# %% right="accumulate"
"""weights the gradients after the parts, divides in the end"""


def accumulate(model, microbatches, criterion):
    for p in model.parameters():
        p.grad = None
    total, n = 0.0, 0
    for x, y in microbatches:
        loss = criterion(model(x), y) * y.shape[0]
        loss.backward()
        total += loss.item()
        n += y.shape[0]
    for p in model.parameters():
        if p.grad is not None:
            p.grad /= n
    return total / n


# %% right="accumulate"
"""autograd.grad and sums of its own"""


def accumulate(model, microbatches, criterion):
    params = list(model.parameters())
    sizes = [len(y) for _, y in microbatches]
    grads = [torch.zeros_like(p) for p in params]
    mean = 0.0
    for (x, y), size in zip(microbatches, sizes):
        loss = criterion(model(x), y)
        for g, part in zip(grads, torch.autograd.grad(loss, params)):
            g += part * size / sum(sizes)
        mean += loss.item() * size / sum(sizes)
    for p, g in zip(params, grads):
        p.grad = g
    return mean


# %% right="shard"
"""places by arithmetic"""


def shard(n, ranks, rank, epoch, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed + epoch))
    count = (n + ranks - 1) // ranks
    places = torch.arange(count) * ranks + rank
    return order[places % n].tolist()


# %% right="shard"
"""a cycle"""


def shard(n, ranks, rank, epoch, seed):
    import itertools

    generator = torch.Generator()
    generator.manual_seed(seed + epoch)
    order = [int(i) for i in torch.randperm(n, generator=generator)]
    length = n if n % ranks == 0 else n + ranks - n % ranks
    return list(itertools.islice(itertools.cycle(order), length))[rank::ranks]


# %% right="average_gradients"
"""zeros in the place of None"""


def average_gradients(gradients, sizes):
    weights = torch.tensor(sizes, dtype=torch.float64)
    weights = weights / weights.sum()
    averages = []
    for column in range(len(gradients[0])):
        here = [rank[column] for rank in gradients]
        given_ones = [g for g in here if g is not None]
        if not given_ones:
            averages.append(None)
            continue
        filled = torch.stack([torch.zeros_like(given_ones[0]) if g is None else g for g in here])
        averages.append(torch.tensordot(weights.to(filled.dtype), filled, dims=1))
    return averages


# %% right="average_gradients"
"""a running sum in fresh tensors"""


def average_gradients(gradients, sizes):
    n = sum(sizes)
    sums = [None] * len(gradients[0])
    for rank, size in zip(gradients, sizes):
        for i, g in enumerate(rank):
            if g is None:
                continue
            if sums[i] is None:
                sums[i] = torch.zeros_like(g)
            sums[i] += g * (size / n)
    return sums


# %% mistake="sum_in"
"""Adds pairwise (halves), not one after the other."""


def sum_in(values, dtype, accumulate_in):
    values = values.to(dtype).to(accumulate_in)
    while len(values) > 1:
        if len(values) % 2:
            values = torch.cat([values, torch.zeros(1, dtype=accumulate_in)])
        values = values[::2] + values[1::2]
    return values[0]


# %% mistake="training_bytes"
"""In bits."""


def training_bytes(model, optimizer_name):
    k = {"sgd": 0, "momentum": 1, "adam": 2}[optimizer_name]
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    grads = sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
    weights, grads = 8 * weights, 8 * grads
    return {"weights": weights, "gradients": grads, "states": k * grads}


# %% mistake="accumulate"
"""Weighs by the size and never divides by the number of all."""


def accumulate(model, microbatches, criterion):
    model.zero_grad()
    n = sum(len(y) for _, y in microbatches)
    total = 0.0
    for x, y in microbatches:
        loss = criterion(model(x), y) * len(y)
        loss.backward()
        total += loss.item()
    return total


# %% mistake="shard"
"""Sorts the indices of the rank."""


def shard(n, ranks, rank, epoch, seed):
    g = torch.Generator().manual_seed(seed + epoch)
    order = torch.randperm(n, generator=g).tolist()
    size = -(-n // ranks) * ranks
    full = [order[i % n] for i in range(size)]
    return sorted(full[rank::ranks])
