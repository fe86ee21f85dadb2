# %% [markdown]
# Answers to lesson 10: right ones written in other ways, and the mistakes people make.

# %% [markdown]
# ## training_bytes


# %% right="training_bytes"
"""one loop, with the tensors' own nbytes"""


def training_bytes(model, optimizer_name):
    copies = {"adam": 2, "momentum": 1}.get(optimizer_name, 0)
    bill = {"weights": 0, "gradients": 0, "states": 0}
    for parameter in model.parameters():
        bill["weights"] += parameter.nbytes
        if parameter.requires_grad:
            bill["gradients"] += parameter.nbytes
            bill["states"] += copies * parameter.nbytes
    return bill


# %% right="training_bytes"
"""an optimiser really made, and a step really taken, on a copy"""


def training_bytes(model, optimizer_name):
    from copy import deepcopy

    twin = deepcopy(model)
    trained = [p for p in twin.parameters() if p.requires_grad]
    for p in trained:
        p.grad = torch.zeros_like(p)
    if optimizer_name == "adam":
        optimizer = torch.optim.Adam(trained, lr=0.1)
    else:
        optimizer = torch.optim.SGD(trained, lr=0.1, momentum=0.9 if optimizer_name == "momentum" else 0)
    optimizer.step()
    kept = 0
    for state in optimizer.state.values():
        for name, value in state.items():
            if name != "step" and value is not None:
                kept += value.numel() * value.element_size()
    return {
        "weights": sum(p.numel() * p.element_size() for p in twin.parameters()),
        "gradients": sum(p.grad.numel() * p.grad.element_size() for p in trained),
        "states": kept,
    }


# %% right="training_bytes"
"""by walking through the modules, and keeping track of what was seen"""


def training_bytes(model, optimizer_name):
    seen, weights, gradients = set(), 0, 0
    for module in model.modules():
        for parameter in module._parameters.values():
            if parameter is None or id(parameter) in seen:
                continue
            seen.add(id(parameter))
            size = torch.finfo(parameter.dtype).bits // 8 * parameter.numel()
            weights += size
            gradients += size if parameter.requires_grad else 0
    return dict(
        weights=weights,
        gradients=gradients,
        states=gradients * ("sgd", "momentum", "adam").index(optimizer_name),
    )


# %% right="training_bytes"
"""floats, which are whole numbers all the same"""


def training_bytes(model, optimizer_name):
    sizes = torch.tensor([[p.nbytes, p.nbytes * p.requires_grad] for p in model.parameters()])
    weights, gradients = sizes.sum(dim=0).tolist()
    factor = 2.0 if optimizer_name == "adam" else float(optimizer_name == "momentum")
    return {"states": factor * gradients, "gradients": gradients, "weights": weights}


# %% mistake="training_bytes"
"""You counted numbers, not bytes. How many bytes does each of them take?"""


def training_bytes(model, optimizer_name):
    states = {"sgd": 0, "momentum": 1, "adam": 2}[optimizer_name]
    weights = sum(p.numel() for p in model.parameters())
    gradients = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return {"weights": weights, "gradients": gradients, "states": states * gradients}


# %% mistake="training_bytes"
"""Every number is counted with four bytes. That is float32; other types take two or eight. Each tensor knows its
own."""


def training_bytes(model, optimizer_name):
    states = {"sgd": 0, "momentum": 1, "adam": 2}[optimizer_name]
    weights = sum(4 * p.numel() for p in model.parameters())
    gradients = sum(4 * p.numel() for p in model.parameters() if p.requires_grad)
    return {"weights": weights, "gradients": gradients, "states": states * gradients}


# %% mistake="training_bytes"
"""The weights come from the state dictionary. It holds buffers too, and names a shared parameter once for each
layer that uses it. Ask for the parameters."""


def training_bytes(model, optimizer_name):
    states = {"sgd": 0, "momentum": 1, "adam": 2}[optimizer_name]
    weights = sum(t.numel() * t.element_size() for t in model.state_dict().values())
    gradients = sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
    return {"weights": weights, "gradients": gradients, "states": states * gradients}


# %% mistake="training_bytes"
"""The matrix that two layers share was counted twice. It lies in memory once, with one gradient and one state."""


def training_bytes(model, optimizer_name):
    states = {"sgd": 0, "momentum": 1, "adam": 2}[optimizer_name]
    every = [p for _, p in model.named_parameters(remove_duplicate=False)]
    weights = sum(p.numel() * p.element_size() for p in every)
    gradients = sum(p.numel() * p.element_size() for p in every if p.requires_grad)
    return {"weights": weights, "gradients": gradients, "states": states * gradients}


# %% mistake="training_bytes"
"""Frozen parameters got gradients and states like the others. Nobody trains them, so they have neither."""


def training_bytes(model, optimizer_name):
    states = {"sgd": 0, "momentum": 1, "adam": 2}[optimizer_name]
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    return {"weights": weights, "gradients": weights, "states": states * weights}


# %% mistake="training_bytes"
"""The optimiser keeps nothing for frozen parameters, and you gave them a state. Base the states on what is
trained."""


def training_bytes(model, optimizer_name):
    states = {"sgd": 0, "momentum": 1, "adam": 2}[optimizer_name]
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    gradients = sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
    return {"weights": weights, "gradients": gradients, "states": states * weights}


# %% mistake="training_bytes"
"""Frozen parameters are missing from the weights. They are not trained, but they are there: the forward pass needs
them."""


def training_bytes(model, optimizer_name):
    states = {"sgd": 0, "momentum": 1, "adam": 2}[optimizer_name]
    weights = sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
    return {"weights": weights, "gradients": weights, "states": states * weights}


# %% mistake="training_bytes"
"""Adam got one number for each weight. It keeps two: the running mean of the gradients and that of their
squares."""


def training_bytes(model, optimizer_name):
    states = {"sgd": 0, "momentum": 1, "adam": 1}[optimizer_name]
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    gradients = sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
    return {"weights": weights, "gradients": gradients, "states": states * gradients}


# %% mistake="training_bytes"
"""Momentum got no state. It remembers a velocity for each weight it trains."""


def training_bytes(model, optimizer_name):
    states = 2 if optimizer_name == "adam" else 0
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    gradients = sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
    return {"weights": weights, "gradients": gradients, "states": states * gradients}


# %% mistake="training_bytes"
"""Buffers, such as BatchNorm's running means, are among your weights. The task leaves them out."""


def training_bytes(model, optimizer_name):
    states = {"sgd": 0, "momentum": 1, "adam": 2}[optimizer_name]
    weights = sum(t.numel() * t.element_size() for t in [*model.parameters(), *model.buffers()])
    gradients = sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
    return {"weights": weights, "gradients": gradients, "states": states * gradients}


# %% mistake="training_bytes"
"""The gradient was counted among the states. It has an entry of its own."""


def training_bytes(model, optimizer_name):
    n = sum(p.numel() * p.element_size() for p in model.parameters())
    t = sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
    return {"weights": n, "gradients": t, "states": t * {"sgd": 1, "momentum": 2, "adam": 3}[optimizer_name]}


# %% mistake="training_bytes"
"""Momentum remembers one number for each parameter that is trained, and Adam two: here both have one too few."""


def training_bytes(model, optimizer_name):
    k = {"sgd": 0, "momentum": 0, "adam": 1}[optimizer_name]
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    grads = sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
    return {"weights": weights, "gradients": grads, "states": k * grads}


# %% mistake="training_bytes"
"""These are kilobytes. Asked for are bytes, as whole numbers."""


def training_bytes(model, optimizer_name):
    k = {"sgd": 0, "momentum": 1, "adam": 2}[optimizer_name]
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    grads = sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
    weights, grads = weights / 1024, grads / 1024
    return {"weights": weights, "gradients": grads, "states": k * grads}


# %% mistake="training_bytes"
"""Momentum remembers one number for each parameter that is trained, and Adam two: here both have one too many. The
gradient has its own entry."""


def training_bytes(model, optimizer_name):
    k = {"sgd": 0, "momentum": 2, "adam": 3}[optimizer_name]
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    grads = sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
    return {"weights": weights, "gradients": grads, "states": k * grads}


# %% mistake="training_bytes"
"""These are bits. A byte has eight of them."""


def training_bytes(model, optimizer_name):
    k = {"sgd": 0, "momentum": 1, "adam": 2}[optimizer_name]
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    grads = sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
    weights, grads = 8 * weights, 8 * grads
    return {"weights": weights, "gradients": grads, "states": k * grads}


# %% [markdown]
# ## to_device


# %% right="to_device"
"""by asking what it can do, not what it is"""


def to_device(batch, device):
    if hasattr(batch, "to"):
        return batch.to(device)
    if hasattr(batch, "items"):
        return dict((key, to_device(value, device)) for key, value in batch.items())
    if isinstance(batch, tuple):
        return tuple([to_device(part, device) for part in batch])
    if isinstance(batch, list):
        return [to_device(part, device) for part in batch]
    return batch


# %% right="to_device"
"""PyTorch's own walk through nested containers"""


def to_device(batch, device):
    from torch.utils._pytree import tree_map

    return tree_map(lambda leaf: leaf.to(device) if isinstance(leaf, (Tensor, nn.Module)) else leaf, batch)


# %% right="to_device"
"""pattern matching"""


def to_device(batch, device):
    match batch:
        case Tensor() | nn.Module():
            return batch.to(device=torch.device(device))
        case dict():
            return {key: to_device(value, device) for key, value in batch.items()}
        case tuple() | list():
            return type(batch)(map(to_device, batch, [device] * len(batch)))
    return batch


# %% right="to_device"
"""a copy of the containers, filled anew"""


def to_device(batch, device):
    if isinstance(batch, nn.Module):
        batch.to(device)
        return batch
    if isinstance(batch, Tensor):
        return torch.empty_like(batch, device=device).copy_(batch)
    if not isinstance(batch, (dict, list, tuple)):
        return batch
    places = list(batch.keys()) if isinstance(batch, dict) else list(range(len(batch)))
    moved = batch.copy() if isinstance(batch, dict) else list(batch)
    for place in places:
        moved[place] = to_device(moved[place], device)
    return tuple(moved) if isinstance(batch, tuple) else moved


# %% mistake="to_device"
"""`to` was called, but what it returned was dropped: a tensor is not moved, it is copied. What comes back is still
the batch as it was."""


def to_device(batch, device):
    if isinstance(batch, (Tensor, nn.Module)):
        batch.to(device)
    elif isinstance(batch, dict):
        for part in batch.values():
            to_device(part, device)
    elif isinstance(batch, (list, tuple)):
        for part in batch:
            to_device(part, device)
    return batch


# %% mistake="to_device"
"""You looked one level deep. A list may hold a tuple that holds a tensor: whatever you do with a container must be
done with each of its parts, too."""


def to_device(batch, device):
    def moved(part):
        return part.to(device) if isinstance(part, (Tensor, nn.Module)) else part

    if isinstance(batch, dict):
        return {name: moved(part) for name, part in batch.items()}
    if isinstance(batch, (list, tuple)):
        return type(batch)(moved(part) for part in batch)
    return moved(batch)


# %% mistake="to_device"
"""A pair came back as a list. Code that asks for a tuple will not know it any more: keep each container's own
kind."""


def to_device(batch, device):
    if isinstance(batch, (Tensor, nn.Module)):
        return batch.to(device)
    if isinstance(batch, dict):
        return {name: to_device(part, device) for name, part in batch.items()}
    if isinstance(batch, (list, tuple)):
        return [to_device(part, device) for part in batch]
    return batch


# %% mistake="to_device"
"""Dictionaries are left as they were, with all the tensors in them. They are containers, too."""


def to_device(batch, device):
    if isinstance(batch, (Tensor, nn.Module)):
        return batch.to(device)
    if isinstance(batch, (list, tuple)):
        return type(batch)(to_device(part, device) for part in batch)
    return batch


# %% mistake="to_device"
"""The caller's own dictionary or list was changed. Who keeps the batch for another use finds it elsewhere: put the
moved tensors into a new container."""


def to_device(batch, device):
    if isinstance(batch, (Tensor, nn.Module)):
        return batch.to(device)
    if isinstance(batch, tuple):
        return tuple(to_device(part, device) for part in batch)
    if isinstance(batch, list):
        batch[:] = [to_device(part, device) for part in batch]
    if isinstance(batch, dict):
        for name in batch:
            batch[name] = to_device(batch[name], device)
    return batch


# %% mistake="to_device"
"""Everything is asked to move, also a text or a number, which cannot. What is neither tensor nor module nor
container comes back as it is."""


def to_device(batch, device):
    if isinstance(batch, dict):
        return {name: to_device(part, device) for name, part in batch.items()}
    if isinstance(batch, (list, tuple)):
        return type(batch)(to_device(part, device) for part in batch)
    return batch.to(device)


# %% mistake="to_device"
"""The module that comes back is a copy. An optimiser, or anybody else who knows the old one, would not notice the
move. Move the module itself."""


def to_device(batch, device):
    if isinstance(batch, nn.Module):
        import copy

        return copy.deepcopy(batch).to(device)
    if isinstance(batch, Tensor):
        return batch.to(device)
    if isinstance(batch, dict):
        return {name: to_device(part, device) for name, part in batch.items()}
    if isinstance(batch, (list, tuple)):
        return type(batch)(to_device(part, device) for part in batch)
    return batch


# %% mistake="to_device"
"""Modules stay where they were: only tensors are moved. A batch on one device and a model on another do not work
together."""


def to_device(batch, device):
    if isinstance(batch, Tensor):
        return batch.to(device)
    if isinstance(batch, dict):
        return {name: to_device(part, device) for name, part in batch.items()}
    if isinstance(batch, (list, tuple)):
        return type(batch)(to_device(part, device) for part in batch)
    return batch


# %% mistake="to_device"
"""Nothing is on the device that was asked for: all of it is where it was before, or where your function chose to put
it."""


def to_device(batch, device):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if isinstance(batch, (Tensor, nn.Module)):
        return batch.to(device)
    if isinstance(batch, dict):
        return {name: to_device(part, device) for name, part in batch.items()}
    if isinstance(batch, (list, tuple)):
        return type(batch)(to_device(part, device) for part in batch)
    return batch


# %% mistake="to_device"
"""What is neither tensor nor container comes back as `None`. It comes back as it is."""


def to_device(batch, device):
    if isinstance(batch, (Tensor, nn.Module)):
        return batch.to(device)
    if isinstance(batch, dict):
        return {k: to_device(v, device) for k, v in batch.items()}
    if isinstance(batch, (list, tuple)):
        return type(batch)(to_device(v, device) for v in batch)


# %% mistake="to_device"
"""A text was taken apart into its letters. It has parts that can be counted, but it is not a container of tensors:
it comes back as it is."""


def to_device(batch, device):
    if isinstance(batch, (Tensor, nn.Module)):
        return batch.to(device)
    if isinstance(batch, dict):
        return {k: to_device(v, device) for k, v in batch.items()}
    if isinstance(batch, tuple):
        return tuple(to_device(b, device) for b in batch)
    if isinstance(batch, list):
        return [to_device(b, device) for b in batch]
    if isinstance(batch, str) and len(batch) > 1:
        return [to_device(b, device) for b in batch]
    return batch


# %% mistake="to_device"
"""A dictionary came back as a list of its values. It keeps its keys."""


def to_device(batch, device):
    if isinstance(batch, (Tensor, nn.Module)):
        return batch.to(device)
    if isinstance(batch, dict):
        return [to_device(v, device) for v in batch.values()]
    if isinstance(batch, tuple):
        return tuple(to_device(b, device) for b in batch)
    if isinstance(batch, list):
        return [to_device(b, device) for b in batch]
    return batch


# %% [markdown]
# ## sum_in


# %% right="sum_in"
"""each addition exact, in Python's float, and then rounded"""


def sum_in(values, dtype, accumulate_in):
    total = torch.tensor(0.0, dtype=accumulate_in)
    for number in values.to(dtype).tolist():
        total = torch.tensor(total.item() + number, dtype=accumulate_in)
    return total


# %% right="sum_in"
"""in place, with both numbers in the wider type"""


def sum_in(values, dtype, accumulate_in):
    stored = values.to(dtype).to(accumulate_in)
    total = torch.zeros_like(stored[0])
    for number in stored:
        total += number
    return total


# %% right="sum_in"
"""folded"""


def sum_in(values, dtype, accumulate_in):
    from functools import reduce

    return reduce(torch.add, values.to(dtype), torch.tensor(0, dtype=accumulate_in)).to(accumulate_in)


# %% right="sum_in"
"""beginning with the first number, going by index"""


def sum_in(values, dtype, accumulate_in):
    total = values[0].to(dtype).to(accumulate_in)
    position = 1
    while position < len(values):
        total = (total.double() + values[position].to(dtype).double()).to(accumulate_in)
        position += 1
    return total


# %% mistake="sum_in"
"""A ready-made `sum` does the adding. It keeps its running total in float32 and rounds once, at the end: that is
its virtue, and not what was asked. Round after every addition."""


def sum_in(values, dtype, accumulate_in):
    return values.to(dtype).sum().to(accumulate_in)


# %% mistake="sum_in"
"""Next to nothing was lost on the way: the running total kept all its digits until the end, or the numbers were added
in another order, such as in pairs. Add one after the other, and round the total after every addition."""


def sum_in(values, dtype, accumulate_in):
    total = 0.0
    for number in values.to(dtype).tolist():
        total = total + number
    return torch.tensor(total, dtype=accumulate_in)


# %% mistake="sum_in"
"""The numbers were never rounded to the type they are stored in: they went straight into the running total. First
`dtype`, then the addition."""


def sum_in(values, dtype, accumulate_in):
    total = torch.zeros((), dtype=accumulate_in)
    for value in values:
        total = (total + value).to(accumulate_in)
    return total


# %% mistake="sum_in"
"""The running total is kept in `dtype`, whatever `accumulate_in` says. The whole point of a wider total is that it
goes on counting."""


def sum_in(values, dtype, accumulate_in):
    total = torch.zeros((), dtype=dtype)
    for value in values.to(dtype):
        total = total + value
    return total.to(accumulate_in)


# %% mistake="sum_in"
"""The running total is kept in `dtype`, and comes back in it: `accumulate_in` plays no part. The whole point of a
wider total is that it goes on counting."""


def sum_in(values, dtype, accumulate_in):
    total = 0
    for value in values:
        total = total + value.to(dtype)
    return total


# %% mistake="sum_in"
"""The running total became float32 on the way: added to a tensor of a wider type, a tensor without axes takes that
type. Look at the type of the total after one addition."""


def sum_in(values, dtype, accumulate_in):
    total = torch.zeros((), dtype=accumulate_in)
    for value in values.to(dtype).to(torch.float32):
        total = total + value
    return total


# %% mistake="sum_in"
"""At the end the total was rounded to `dtype` once more. What comes back shall be of the type it was kept in."""


def sum_in(values, dtype, accumulate_in):
    total = torch.zeros((), dtype=accumulate_in)
    for value in values.to(dtype):
        total = total + value
    return total.to(dtype)


# %% mistake="sum_in"
"""This is a plain float. Its value may be right, but nobody can see of which type the total was: return the
tensor."""


def sum_in(values, dtype, accumulate_in):
    total = torch.zeros((), dtype=accumulate_in)
    for value in values.to(dtype):
        total = total + value
    return total.item()


# %% mistake="sum_in"
"""You added from the smallest to the largest. That loses less, and is a good idea; but with limited bits the order
changes the result, and the task names the order."""


def sum_in(values, dtype, accumulate_in):
    total = torch.zeros((), dtype=accumulate_in)
    for value in values.sort().values.to(dtype):
        total = total + value
    return total


# %% mistake="sum_in"
"""The total comes back in float32, whatever type it was kept in. Its type is `accumulate_in`."""


def sum_in(values, dtype, accumulate_in):
    total = torch.zeros((), dtype=accumulate_in)
    for v in values.to(dtype):
        total = (total + v).to(accumulate_in)
    return total.float()

# %% mistake="sum_in"
"""The total has an axis of length 1. A tensor without axes was asked for, as `torch.zeros(())` is."""


def sum_in(values, dtype, accumulate_in):
    total = torch.zeros(1, dtype=accumulate_in)
    for v in values.to(dtype):
        total = (total + v).to(accumulate_in)
    return total


# %% mistake="sum_in"
"""The two types are exchanged: the numbers were rounded to `accumulate_in` and the total to `dtype`."""


def sum_in(values, dtype, accumulate_in):
    total = torch.zeros((), dtype=dtype)
    for v in values:
        total = (total + v.to(accumulate_in)).to(dtype)
    return total


# %% mistake="sum_in"
"""The numbers were never rounded to the type they are stored in: they went straight into the running total. First
`dtype`, then the addition."""


def sum_in(values, dtype, accumulate_in):
    total = torch.zeros((), dtype=accumulate_in)
    for v in values:
        total = total + v.to(accumulate_in)
    return total


# %% mistake="sum_in"
"""Next to nothing was lost on the way: the running total kept all its digits until the end, or the numbers were
added in another order, such as in pairs. Add one after the other, and round the total after every addition."""


def sum_in(values, dtype, accumulate_in):
    values = values.to(dtype).to(accumulate_in)
    while len(values) > 1:
        if len(values) % 2:
            values = torch.cat([values, torch.zeros(1, dtype=accumulate_in)])
        values = values[::2] + values[1::2]
    return values[0]


# %% mistake="sum_in"
"""You divided by how many numbers there are. Asked for is the total."""


def sum_in(values, dtype, accumulate_in):
    total = torch.zeros((), dtype=accumulate_in)
    for v in values:
        total = (total + v.to(dtype)).to(accumulate_in)
    return total / len(values)


# %% [markdown]
# ## loss_scale_step


# %% right="loss_scale_step"
"""the norm tells whether something is infinite"""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    for p in parameters:
        p.grad.div_(scale)
    norm = nn.utils.clip_grad_norm_(parameters, max_norm)
    if torch.isfinite(norm):
        optimizer.step()
        good_steps += 1
    else:
        scale, good_steps = scale * 0.5, 0
    if good_steps >= grow_after:
        scale, good_steps = scale * 2, 0
    return scale, good_steps


# %% right="loss_scale_step"
"""clipped by hand, with one factor for both"""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    everything = torch.cat([p.grad.reshape(-1) for p in parameters]) / scale
    if everything.isnan().any() or everything.isinf().any():
        return scale / 2, 0
    factor = min(1.0, max_norm / (everything.norm().item() + 1e-6)) / scale
    with torch.no_grad():
        for p in parameters:
            p.grad = p.grad * factor
    optimizer.step()
    good_steps = good_steps + 1
    return (scale, good_steps) if good_steps < grow_after else (scale + scale, 0)


# %% right="loss_scale_step"
"""a limit that is scaled too: clipped before, to the limit times the scale"""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    finite = sum(int((~torch.isfinite(p.grad)).sum()) for p in parameters) == 0
    if not finite:
        return 0.5 * scale, 0
    torch.nn.utils.clip_grad_norm_(parameters, max_norm * scale)
    for p in parameters:
        p.grad = p.grad * (1 / scale)
    optimizer.step()
    return (2 * scale, 0) if good_steps == grow_after - 1 else (scale, good_steps + 1)


# %% right="loss_scale_step"
"""PyTorch's scaler, told where we are"""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    scaler = torch.amp.GradScaler("cpu", init_scale=scale, growth_interval=grow_after)
    scaler.scale(torch.zeros(()))  # it makes its numbers when it is first used
    scaler.load_state_dict(scaler.state_dict() | {"_growth_tracker": good_steps})
    scaler._growth_tracker.fill_(good_steps)
    scaler.unscale_(optimizer)
    nn.utils.clip_grad_norm_(parameters, max_norm)
    scaler.step(optimizer)
    scaler.update()
    return scaler.get_scale(), scaler.state_dict()["_growth_tracker"]


# %% mistake="loss_scale_step"
"""You clipped while the gradients were still scaled. They look far too long then, and after the division next to
nothing is left. The limit is meant for the true gradients."""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    if not all(p.grad.isfinite().all() for p in parameters):
        return scale / 2, 0
    nn.utils.clip_grad_norm_(parameters, max_norm)
    for p in parameters:
        p.grad /= scale
    optimizer.step()
    if good_steps + 1 == grow_after:
        return scale * 2, 0
    return scale, good_steps + 1


# %% mistake="loss_scale_step"
"""The gradients were never divided by the scale. Where they are too long, clipping hides it; the short ones betray
it."""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    if not all(p.grad.isfinite().all() for p in parameters):
        return scale / 2, 0
    nn.utils.clip_grad_norm_(parameters, max_norm)
    optimizer.step()
    if good_steps + 1 == grow_after:
        return scale * 2, 0
    return scale, good_steps + 1


# %% mistake="loss_scale_step"
"""You multiplied by the scale. The loss was multiplied already; now the gradients must be divided."""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    if not all(p.grad.isfinite().all() for p in parameters):
        return scale / 2, 0
    for p in parameters:
        p.grad *= scale
    nn.utils.clip_grad_norm_(parameters, max_norm)
    optimizer.step()
    if good_steps + 1 == grow_after:
        return scale * 2, 0
    return scale, good_steps + 1


# %% mistake="loss_scale_step"
"""Nothing was clipped. Where the true gradients are longer than `max_norm`, the step is too long."""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    if not all(p.grad.isfinite().all() for p in parameters):
        return scale / 2, 0
    for p in parameters:
        p.grad /= scale
    optimizer.step()
    if good_steps + 1 == grow_after:
        return scale * 2, 0
    return scale, good_steps + 1


# %% mistake="loss_scale_step"
"""Each parameter's gradient was clipped for itself. That changes the direction of the step: the norm to look at is
the one of all gradients together."""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    if not all(p.grad.isfinite().all() for p in parameters):
        return scale / 2, 0
    for p in parameters:
        p.grad /= scale
        nn.utils.clip_grad_norm_([p], max_norm)
    optimizer.step()
    if good_steps + 1 == grow_after:
        return scale * 2, 0
    return scale, good_steps + 1


# %% mistake="loss_scale_step"
"""Where a gradient was infinite or NaN, the optimiser stepped all the same, and the parameters are NaN for ever.
Look before you step."""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    finite = all(p.grad.isfinite().all() for p in parameters)
    for p in parameters:
        p.grad /= scale
    nn.utils.clip_grad_norm_(parameters, max_norm)
    optimizer.step()
    if not finite:
        return scale / 2, 0
    if good_steps + 1 == grow_after:
        return scale * 2, 0
    return scale, good_steps + 1


# %% mistake="loss_scale_step"
"""Nothing looks for infinity or NaN. The step is taken with them, the parameters are NaN for ever, and the scale never
comes down."""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    for p in parameters:
        p.grad /= scale
    nn.utils.clip_grad_norm_(parameters, max_norm)
    optimizer.step()
    if good_steps + 1 == grow_after:
        return scale * 2, 0
    return scale, good_steps + 1


# %% mistake="loss_scale_step"
"""The step stands inside the loop over the parameters, so it is taken once for each of them. One call of `step` moves
them all."""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    for p in parameters:
        p.grad = p.grad / scale
    for p in parameters:
        if torch.isfinite(p.grad).all():
            nn.utils.clip_grad_norm_(parameters, max_norm)
            optimizer.step()
            good_steps += 1
        else:
            scale, good_steps = scale / 2, 0
    if good_steps == grow_after:
        scale, good_steps = scale * 2, 0
    return scale, good_steps


# %% mistake="loss_scale_step"
"""The spoilt gradients were replaced by zeros, and the optimiser stepped. One that remembers moves by its momentum
all the same. A step left out is no call of `step`."""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    finite = all(p.grad.isfinite().all() for p in parameters)
    for p in parameters:
        p.grad = p.grad / scale if finite else torch.zeros_like(p)
    nn.utils.clip_grad_norm_(parameters, max_norm)
    optimizer.step()
    if not finite:
        return scale / 2, 0
    if good_steps + 1 == grow_after:
        return scale * 2, 0
    return scale, good_steps + 1


# %% mistake="loss_scale_step"
"""You looked for NaN and overlooked infinity, which is what an overflow gives first."""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    if any(p.grad.isnan().any() for p in parameters):
        return scale / 2, 0
    for p in parameters:
        p.grad /= scale
    nn.utils.clip_grad_norm_(parameters, max_norm)
    optimizer.step()
    if good_steps + 1 == grow_after:
        return scale * 2, 0
    return scale, good_steps + 1


# %% mistake="loss_scale_step"
"""Only the first parameter was looked at. An infinity in any of them spoils the step."""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    if not parameters[0].grad.isfinite().all():
        return scale / 2, 0
    for p in parameters:
        p.grad /= scale
    nn.utils.clip_grad_norm_(parameters, max_norm)
    optimizer.step()
    if good_steps + 1 == grow_after:
        return scale * 2, 0
    return scale, good_steps + 1


# %% mistake="loss_scale_step"
"""The step was left out, but the scale stayed as it was: the next one will overflow, too."""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    if not all(p.grad.isfinite().all() for p in parameters):
        return scale, 0
    for p in parameters:
        p.grad /= scale
    nn.utils.clip_grad_norm_(parameters, max_norm)
    optimizer.step()
    if good_steps + 1 == grow_after:
        return scale * 2, 0
    return scale, good_steps + 1


# %% mistake="loss_scale_step"
"""After a step that was left out, the count goes on as before. It counts good steps *in a row*, so it begins
again."""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    if not all(p.grad.isfinite().all() for p in parameters):
        return scale / 2, good_steps
    for p in parameters:
        p.grad /= scale
    nn.utils.clip_grad_norm_(parameters, max_norm)
    optimizer.step()
    if good_steps + 1 == grow_after:
        return scale * 2, 0
    return scale, good_steps + 1


# %% mistake="loss_scale_step"
"""The scale doubles one step late. How many good steps have there been, this one included?"""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    if not all(p.grad.isfinite().all() for p in parameters):
        return scale / 2, 0
    for p in parameters:
        p.grad /= scale
    nn.utils.clip_grad_norm_(parameters, max_norm)
    optimizer.step()
    if good_steps == grow_after:
        return scale * 2, 0
    return scale, good_steps + 1


# %% mistake="loss_scale_step"
"""When the scale was doubled, the count went on. Then it never reaches the limit again, or doubles in every
step."""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    if not all(p.grad.isfinite().all() for p in parameters):
        return scale / 2, 0
    for p in parameters:
        p.grad /= scale
    nn.utils.clip_grad_norm_(parameters, max_norm)
    optimizer.step()
    if good_steps + 1 >= grow_after:
        return scale * 2, good_steps + 1
    return scale, good_steps + 1


# %% mistake="loss_scale_step"
"""You look for infinities and not for NaN. One NaN in a gradient spoils the parameter for good."""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    if any(torch.isinf(p.grad).any() for p in parameters):
        return scale / 2, 0
    for p in parameters:
        p.grad /= scale
    torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    optimizer.step()
    good_steps += 1
    return (2 * scale, 0) if good_steps == grow_after else (scale, good_steps)

# %% mistake="loss_scale_step"
"""The scale never grows. After `grow_after` good steps in a row it is doubled, and the count begins anew."""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    if not all(torch.isfinite(p.grad).all() for p in parameters):
        return scale / 2, 0
    for p in parameters:
        p.grad /= scale
    torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    optimizer.step()
    return scale, good_steps + 1

# %% mistake="loss_scale_step"
"""Only the spoilt parameters were left out; the others moved. If any number is not finite, no step is taken at
all."""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    bad = False
    for p in parameters:
        if not torch.isfinite(p.grad).all():
            p.grad = None
            bad = True
        else:
            p.grad /= scale
    torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    optimizer.step()
    if bad:
        return scale / 2, 0
    good_steps += 1
    return (2 * scale, 0) if good_steps == grow_after else (scale, good_steps)


# %% mistake="loss_scale_step"
"""Halving and doubling are exchanged: an infinity says that the scale is too *large*."""


def loss_scale_step(parameters, optimizer, scale, good_steps, max_norm, grow_after):
    if any(not p.grad.isfinite().all() for p in parameters):
        return scale * 2, 0
    for p in parameters:
        p.grad /= scale
    nn.utils.clip_grad_norm_(parameters, max_norm)
    optimizer.step()
    good_steps += 1
    if good_steps == grow_after:
        return scale / 2, 0
    return scale, good_steps


# %% [markdown]
# ## accumulate


# %% right="accumulate"
"""sums of losses, divided once at the end"""


def accumulate(model, microbatches, criterion):
    for parameter in model.parameters():
        parameter.grad = None
    total, count = 0.0, 0
    for x, y in microbatches:
        loss = criterion(model(x), y) * len(y)
        loss.backward()
        total, count = total + loss.item(), count + len(y)
    for parameter in model.parameters():
        parameter.grad /= count
    return total / count


# %% right="accumulate"
"""gradients asked for, added up by hand"""


def accumulate(model, microbatches, criterion):
    parameters = list(model.parameters())
    sums = [torch.zeros_like(p) for p in parameters]
    examples, mean = sum(y.shape[0] for _, y in microbatches), 0.0
    for x, y in microbatches:
        share = y.shape[0] / examples
        loss = criterion(model(x), y)
        for total, slope in zip(sums, torch.autograd.grad(loss, parameters)):
            total += share * slope
        mean += share * float(loss.detach())
    for p, total in zip(parameters, sums):
        p.grad = total
    return mean


# %% right="accumulate"
"""the share handed to backward"""


def accumulate(model, microbatches, criterion):
    model.zero_grad(set_to_none=False)
    sizes = torch.tensor([len(x) for x, _ in microbatches], dtype=torch.float64)
    shares = sizes / sizes.sum()
    losses = []
    for (x, y), share in zip(microbatches, shares):
        loss = criterion(model(x), y)
        loss.backward(gradient=share.to(loss.dtype))
        losses.append(loss.detach())
    return torch.dot(torch.stack(losses).double(), shares).item()


# %% right="accumulate"
"""a running mean, which needs no total beforehand"""


def accumulate(model, microbatches, criterion):
    model.zero_grad()
    seen, mean = 0, 0.0
    for x, y in microbatches:
        before, seen = seen, seen + len(y)
        for p in model.parameters():
            if p.grad is not None:
                p.grad *= before / seen
        loss = criterion(model(x), y)
        (loss * (len(y) / seen)).backward()
        mean = mean * before / seen + loss.item() * len(y) / seen
    return mean


# %% mistake="accumulate"
"""The gradients of the parts were added, and nothing divides them: with k parts of a mean each, the gradient is
about k times too large, as if the learning rate were."""


def accumulate(model, microbatches, criterion):
    model.zero_grad()
    examples, total = sum(len(y) for _, y in microbatches), 0.0
    for x, y in microbatches:
        loss = criterion(model(x), y)
        loss.backward()
        total += loss.item() * len(y) / examples
    return total


# %% mistake="accumulate"
"""You divided by the number of parts. That is right for equal parts only: here an example in a small part counts
more than one in a large part. By what should each part count?"""


def accumulate(model, microbatches, criterion):
    model.zero_grad()
    total = 0.0
    for x, y in microbatches:
        loss = criterion(model(x), y) / len(microbatches)
        loss.backward()
        total += loss.item()
    return total


# %% mistake="accumulate"
"""The loss is the mean over all examples, but the gradient divides by the number of parts. Both must count each
part by its size."""


def accumulate(model, microbatches, criterion):
    model.zero_grad()
    examples, total = sum(len(y) for _, y in microbatches), 0.0
    for x, y in microbatches:
        loss = criterion(model(x), y)
        (loss / len(microbatches)).backward()
        total += loss.item() * len(y) / examples
    return total


# %% mistake="accumulate"
"""The gradient is right. The loss that comes back is the mean of the parts' means: a small part counts as much as
a large one."""


def accumulate(model, microbatches, criterion):
    model.zero_grad()
    examples, total = sum(len(y) for _, y in microbatches), 0.0
    for x, y in microbatches:
        loss = criterion(model(x), y)
        (loss * (len(y) / examples)).backward()
        total += loss.item()
    return total / len(microbatches)


# %% mistake="accumulate"
"""Each part's loss was multiplied by its size, and nothing divides by the number of all examples: this is the
gradient of the sum of all losses."""


def accumulate(model, microbatches, criterion):
    model.zero_grad()
    examples, total = sum(len(y) for _, y in microbatches), 0.0
    for x, y in microbatches:
        loss = criterion(model(x), y) * len(y)
        loss.backward()
        total += loss.item() / examples
    return total


# %% mistake="accumulate"
"""The gradients are cleared before every part, so only the last part's is left. Here the adding-up is what you
want: clear once."""


def accumulate(model, microbatches, criterion):
    examples, total = sum(len(y) for _, y in microbatches), 0.0
    for x, y in microbatches:
        model.zero_grad()
        loss = criterion(model(x), y) * (len(y) / examples)
        loss.backward()
        total += loss.item()
    return total


# %% mistake="accumulate"
"""The gradients are never cleared: what the batch before had left behind is in them, too."""


def accumulate(model, microbatches, criterion):
    examples, total = sum(len(y) for _, y in microbatches), 0.0
    for x, y in microbatches:
        loss = criterion(model(x), y) * (len(y) / examples)
        loss.backward()
        total += loss.item()
    return total


# %% mistake="accumulate"
"""The numbers are right, but `backward` waits for the last part, so all graphs and all activations are in memory
together. That is as large as the big batch, and saving it was the point."""


def accumulate(model, microbatches, criterion):
    model.zero_grad()
    examples = sum(len(y) for _, y in microbatches)
    loss = sum(criterion(model(x), y) * (len(y) / examples) for x, y in microbatches)
    loss.backward()
    return loss.item()


# %% mistake="accumulate"
"""The numbers are right, but you joined the parts to one big batch again, and sent that through the model. It is
said not to fit into memory."""


def accumulate(model, microbatches, criterion):
    model.zero_grad()
    x = torch.cat([x for x, _ in microbatches])
    y = torch.cat([y for _, y in microbatches])
    loss = criterion(model(x), y)
    loss.backward()
    return loss.item()


# %% mistake="accumulate"
"""The gradients are right, but what comes back is a tensor with a graph behind it, or was one of several: return
the plain number."""


def accumulate(model, microbatches, criterion):
    model.zero_grad()
    examples, total = sum(len(y) for _, y in microbatches), 0.0
    for x, y in microbatches:
        loss = criterion(model(x), y) * (len(y) / examples)
        loss.backward()
        total = total + loss
    return total


# %% mistake="accumulate"
"""The gradients are there, but nothing comes back: the `return` is missing."""


def accumulate(model, microbatches, criterion):
    model.zero_grad()
    examples = sum(len(y) for _, y in microbatches)
    for x, y in microbatches:
        loss = criterion(model(x), y) * (len(y) / examples)
        loss.backward()


# %% mistake="accumulate"
"""The parameters moved. Nobody asked for a step: this function only collects the gradient, and the caller's
optimiser takes the step."""


def accumulate(model, microbatches, criterion):
    model.zero_grad()
    examples, total = sum(len(y) for _, y in microbatches), 0.0
    for x, y in microbatches:
        loss = criterion(model(x), y) * (len(y) / examples)
        loss.backward()
        total += loss.item()
    torch.optim.SGD(model.parameters(), lr=0.01).step()
    return total


# %% mistake="accumulate"
"""The gradients are right, and then you took a step with them. Nothing moves here: stepping is the optimiser's
task."""


def accumulate(model, microbatches, criterion):
    model.zero_grad()
    total = 0.0
    n = sum(len(y) for _, y in microbatches)
    for x, y in microbatches:
        loss = criterion(model(x), y) * len(y) / n
        loss.backward()
        total += loss.item()
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    return total


# %% mistake="accumulate"
"""You added up the mean losses of the parts. The mean over all examples is no sum of means: by what should each
part count, and what should the weights add up to?"""


def accumulate(model, microbatches, criterion):
    model.zero_grad()
    total = 0.0
    for x, y in microbatches:
        loss = criterion(model(x), y)
        loss.backward()
        total += loss.item()
    return total


# %% mistake="accumulate"
"""The gradients are right, but what you return is the share of the last part alone. Add up the shares of all
parts."""


def accumulate(model, microbatches, criterion):
    model.zero_grad()
    n = sum(len(y) for _, y in microbatches)
    total = 0.0
    for x, y in microbatches:
        loss = criterion(model(x), y) * len(y) / n
        loss.backward()
        total = loss.item()
    return total


# %% mistake="accumulate"
"""Each part counts as often as it has examples, but nothing divides by the number of all examples: this is a sum,
not a mean."""


def accumulate(model, microbatches, criterion):
    model.zero_grad()
    n = sum(len(y) for _, y in microbatches)
    total = 0.0
    for x, y in microbatches:
        loss = criterion(model(x), y) * len(y)
        loss.backward()
        total += loss.item()
    return total


# %% [markdown]
# ## shard


# %% right="shard"
"""PyTorch's own sampler, told the epoch"""


def shard(n, ranks, rank, epoch, seed):
    sampler = torch.utils.data.DistributedSampler(range(n), num_replicas=ranks, rank=rank, seed=seed)
    sampler.set_epoch(epoch)
    return list(sampler)


# %% right="shard"
"""the list grown until it divides, then sliced"""


def shard(n, ranks, rank, epoch, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(epoch + seed)).tolist()
    filled = list(order)
    while len(filled) % ranks:
        filled.append(filled[len(filled) - n])
    return filled[rank::ranks]


# %% right="shard"
"""as a table with one column for each rank"""


def shard(n, ranks, rank, epoch, seed):
    generator = torch.Generator()
    generator.manual_seed(seed + epoch)
    order = torch.randperm(n, generator=generator)
    rows = (n + ranks - 1) // ranks
    return order.repeat(rows * ranks // n + 1)[: rows * ranks].view(rows, ranks)[:, rank].tolist()


# %% right="shard"
"""dealt out like cards"""


def shard(n, ranks, rank, epoch, seed):
    from itertools import cycle

    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed + epoch))
    hands, cards = [[] for _ in range(ranks)], cycle(order)
    dealt = 0
    while dealt < n or dealt % ranks:
        hands[dealt % ranks].append(int(next(cards)))
        dealt += 1
    return torch.tensor(hands[rank])


# %% mistake="shard"
"""Each rank got a block of neighbours. Every example is there, but not where the task says: rank 0 takes the
places 0, `ranks`, 2 · `ranks`, and so on."""


def shard(n, ranks, rank, epoch, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed + epoch)).tolist()
    each = -(-n // ranks)
    filled = [order[place % n] for place in range(each * ranks)]
    return filled[rank * each : (rank + 1) * each]


# %% mistake="shard"
"""Some ranks get one example more than others. The list was not filled up to a multiple of the ranks, so some
would wait for ever for a step that the others do not take."""


def shard(n, ranks, rank, epoch, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed + epoch)).tolist()
    return order[rank::ranks]


# %% mistake="shard"
"""You dropped the examples that did not divide evenly. All ranks get equally many, but a few examples are left
out. The task fills up."""


def shard(n, ranks, rank, epoch, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed + epoch)).tolist()
    return order[: n // ranks * ranks][rank::ranks]


# %% mistake="shard"
"""The epoch plays no part, so every epoch has the same order. That is what a forgotten `set_epoch` does."""


def shard(n, ranks, rank, epoch, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()
    each = -(-n // ranks)
    return [order[place % n] for place in range(rank, each * ranks, ranks)]


# %% mistake="shard"
"""Each rank shuffles in its own way. Then their shares overlap, and some examples are seen by nobody. All ranks
need the same order."""


def shard(n, ranks, rank, epoch, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed + epoch + rank)).tolist()
    each = -(-n // ranks)
    return [order[place % n] for place in range(rank, each * ranks, ranks)]


# %% mistake="shard"
"""The order comes from the global random numbers. Each process has its own, and they differ from call to call: use
a generator seeded with what all ranks know."""


def shard(n, ranks, rank, epoch, seed):
    order = torch.randperm(n).tolist()
    each = -(-n // ranks)
    return [order[place % n] for place in range(rank, each * ranks, ranks)]


# %% mistake="shard"
"""Nothing was shuffled: the indices come in their own order."""


def shard(n, ranks, rank, epoch, seed):
    each = -(-n // ranks)
    return [place % n for place in range(rank, each * ranks, ranks)]


# %% mistake="shard"
"""The list was filled up with its last example. The task repeats it from its beginning."""


def shard(n, ranks, rank, epoch, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed + epoch)).tolist()
    while len(order) % ranks:
        order.append(order[-1])
    return order[rank::ranks]


# %% mistake="shard"
"""The list is filled up once at most. With many more ranks than examples that is not enough: some ranks get
nothing. Repeat it as often as needed."""


def shard(n, ranks, rank, epoch, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed + epoch)).tolist()
    order = order + order[: -n % ranks]
    return order[rank::ranks]


# %% mistake="shard"
"""The list is always filled up, also where it divides evenly already: then each rank gets one example too many."""


def shard(n, ranks, rank, epoch, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed + epoch)).tolist()
    each = n // ranks + 1
    return [order[place % n] for place in range(rank, each * ranks, ranks)]


# %% mistake="shard" slip=true
"""The order comes from torch's global generator, which now begins anew for everybody else. Make a generator of
your own."""


def shard(n, ranks, rank, epoch, seed):
    torch.manual_seed(seed + epoch)
    o = torch.randperm(n).tolist()
    while len(o) % ranks:
        o += o[: ranks - len(o) % ranks]
    return o[rank::ranks]


# %% mistake="shard"
"""The list was filled up with its *first* example, again and again. It is repeated from its beginning: the first,
the second, and so on."""


def shard(n, ranks, rank, epoch, seed):
    g = torch.Generator().manual_seed(seed + epoch)
    order = torch.randperm(n, generator=g).tolist()
    size = -(-n // ranks) * ranks
    full = order + [order[0]] * (size - n)
    return full[rank::ranks]


# %% mistake="shard"
"""The rank's indices were sorted. They come in the order of the epoch, or else the shuffling is half undone."""


def shard(n, ranks, rank, epoch, seed):
    g = torch.Generator().manual_seed(seed + epoch)
    order = torch.randperm(n, generator=g).tolist()
    size = -(-n // ranks) * ranks
    full = [order[i % n] for i in range(size)]
    return sorted(full[rank::ranks])


# %% mistake="shard"
"""You count the ranks from 1. They go from 0 to `ranks` - 1."""


def shard(n, ranks, rank, epoch, seed):
    g = torch.Generator().manual_seed(seed + epoch)
    order = torch.randperm(n, generator=g).tolist()
    size = -(-n // ranks) * ranks
    full = [order[i % n] for i in range(size)]
    return full[rank - 1 :: ranks]


# %% [markdown]
# ## average_gradients


# %% right="average_gradients"
"""parameter by parameter, added into zeros"""


def average_gradients(gradients, sizes):
    averages = []
    for number in range(len(gradients[0])):
        column = [of_rank[number] for of_rank in gradients]
        known = [slope for slope in column if slope is not None]
        if not known:
            averages.append(None)
            continue
        total = torch.zeros_like(known[0])
        for slope, size in zip(column, sizes):
            if slope is not None:
                total += slope * size
        averages.append(total / sum(sizes))
    return averages


# %% right="average_gradients"
"""one weighted product over stacked gradients"""


def average_gradients(gradients, sizes):
    result = []
    for column in zip(*gradients):
        pairs = [(slope, size) for slope, size in zip(column, sizes) if slope is not None]
        if not pairs:
            result.append(None)
            continue
        stacked = torch.stack([slope for slope, _ in pairs])
        weights = torch.tensor([size for _, size in pairs], dtype=stacked.dtype) / sum(sizes)
        result.append(torch.tensordot(weights, stacked, dims=1))
    return tuple(result)


# %% right="average_gradients"
"""rank by rank, as a ring would: each adds its part and hands it on"""


def average_gradients(gradients, sizes):
    examples = sum(sizes)
    carried = [None] * len(gradients[0])
    for of_rank, size in zip(gradients, sizes):
        for number, slope in enumerate(of_rank):
            if slope is None:
                continue
            part = slope.detach().clone().mul_(size).div_(examples)
            carried[number] = part if carried[number] is None else carried[number].add(part)
    return carried


# %% right="average_gradients"
"""recursively: two groups of ranks, averaged, weigh as their examples"""


def average_gradients(gradients, sizes):
    if len(gradients) == 1:
        return [slope if slope is None else 1 * slope for slope in gradients[0]]
    left, right = average_gradients(gradients[:-1], sizes[:-1]), gradients[-1]
    before, own = sum(sizes[:-1]), sizes[-1]
    if before + own == 0:
        return left
    merged = []
    for a, b in zip(left, right):
        if a is None and b is None:
            merged.append(None)
        elif a is None:
            merged.append(b * own / (before + own))
        elif b is None:
            merged.append(a * before / (before + own))
        else:
            merged.append((a * before + b * own) / (before + own))
    return merged


# %% mistake="average_gradients"
"""This is the plain average: each rank counts the same, however few examples it had. It is what DDP computes, and
right for equal shards only."""


def average_gradients(gradients, sizes):
    averages = []
    for column in zip(*gradients):
        known = [slope for slope in column if slope is not None]
        averages.append(sum(known) / len(gradients) if known else None)
    return averages


# %% mistake="average_gradients"
"""The gradients were added. Each is a mean already, so the sum is too large: about as many times as there are
ranks."""


def average_gradients(gradients, sizes):
    averages = []
    for column in zip(*gradients):
        known = [slope for slope in column if slope is not None]
        averages.append(sum(known) if known else None)
    return averages


# %% mistake="average_gradients"
"""Each gradient was multiplied by its number of examples, and then you divided by the number of *ranks*. What do
the weights have to add up to?"""


def average_gradients(gradients, sizes):
    averages = []
    for column in zip(*gradients):
        parts = [slope * size for slope, size in zip(column, sizes) if slope is not None]
        averages.append(sum(parts) / len(sizes) if parts else None)
    return averages


# %% mistake="average_gradients"
"""Each gradient was multiplied by its number of examples, and nothing divides by the number of all examples: this
is the gradient of a sum, not of a mean."""


def average_gradients(gradients, sizes):
    averages = []
    for column in zip(*gradients):
        parts = [slope * size for slope, size in zip(column, sizes) if slope is not None]
        averages.append(sum(parts) if parts else None)
    return averages


# %% mistake="average_gradients"
"""Ranks without a gradient for a parameter were left out of the total as well, so the others count too much. None
stands for zero, and those examples are part of the mean."""


def average_gradients(gradients, sizes):
    averages = []
    for column in zip(*gradients):
        known = [(slope, size) for slope, size in zip(column, sizes) if slope is not None]
        examples = sum(size for _, size in known)
        averages.append(sum(slope * size for slope, size in known) / examples if examples else None)
    return averages


# %% mistake="average_gradients"
"""A parameter that some rank did not use got no gradient at all. None stands for zero on that rank; the other
ranks' gradients still count."""


def average_gradients(gradients, sizes):
    examples = sum(sizes)
    averages = []
    for column in zip(*gradients):
        if any(slope is None for slope in column):
            averages.append(None)
        else:
            averages.append(sum(slope * size / examples for slope, size in zip(column, sizes)))
    return averages


# %% mistake="average_gradients"
"""You did not reckon with None: a rank where a parameter played no part has no tensor there to multiply."""


def average_gradients(gradients, sizes):
    examples = sum(sizes)
    return [sum(slope * (size / examples) for slope, size in zip(column, sizes)) for column in zip(*gradients)]


# %% mistake="average_gradients"
"""The gradients that were handed in were changed on the way, by an operation in place. What is handed in must stay
as it is."""


def average_gradients(gradients, sizes):
    examples = sum(sizes)
    averages = []
    for column in zip(*gradients):
        total = None
        for slope, size in zip(column, sizes):
            if slope is None:
                continue
            slope *= size / examples
            total = slope if total is None else total + slope
        averages.append(total)
    return averages


# %% mistake="average_gradients"
"""These are the first rank's gradients, for its own examples alone. The other ranks learned something, too."""


def average_gradients(gradients, sizes):
    return list(gradients[0])


# %% mistake="average_gradients"
"""The weights are upside down: ranks with few examples count most."""


def average_gradients(gradients, sizes):
    shares = [1 / size if size else 0.0 for size in sizes]
    averages = []
    for column in zip(*gradients):
        parts = [slope * share / sum(shares) for slope, share in zip(column, shares) if slope is not None]
        averages.append(sum(parts) if parts else None)
    return averages


# %% mistake="average_gradients"
"""Where no rank has a gradient you made zeros. Nobody used this parameter, so it has none: an optimiser with a
memory would move it by zeros."""


def average_gradients(gradients, sizes):
    examples = sum(sizes)
    averages = []
    for column in zip(*gradients):
        parts = [slope * (size / examples) for slope, size in zip(column, sizes) if slope is not None]
        averages.append(sum(parts) if parts else torch.zeros(3, dtype=torch.float64))
    return averages


# %% mistake="average_gradients"
"""`None` cannot be multiplied. It stands for a gradient of zero: leave it out of the sum."""


def average_gradients(gradients, sizes):
    return [sum(g * s for g, s in zip(c, sizes)) / sum(sizes) for c in zip(*gradients)]

# %% mistake="average_gradients"
"""Where no rank has a gradient you return a zero. Asked for is `None`: an optimiser treats the two
differently."""


def average_gradients(gradients, sizes):
    n = sum(sizes)
    return [
        sum((g * s for g, s in zip(c, sizes) if g is not None), torch.tensor(0.0)) / n
        for c in zip(*gradients)
    ]


# %% mistake="average_gradients"
"""The gradients that were handed in have changed: you multiplied or added in place. Make new tensors."""


def average_gradients(gradients, sizes):
    total = sum(sizes)
    out = []
    for j in range(len(gradients[0])):
        acc = None
        for rank, size in zip(gradients, sizes):
            if rank[j] is None:
                continue
            rank[j].mul_(size / total)
            acc = rank[j] if acc is None else acc.add_(rank[j])
        out.append(acc)
    return out


# %% mistake="average_gradients"
"""A rank without examples counts as if it had one. It has no say at all: weigh with the sizes as they are."""


def average_gradients(gradients, sizes):
    sizes = [max(n, 1) for n in sizes]
    total = sum(sizes)
    result = []
    for grads in zip(*gradients):
        here = [n * g for n, g in zip(sizes, grads) if g is not None]
        result.append(sum(here) / total if here else None)
    return result


# %% [markdown]
# ## Exit questions


# %% mistake="exit_bottleneck"
"""It takes 9 of 60 seconds away. The 45 of loading stay. Which part is the largest?"""
exit_bottleneck = "a"

# %% mistake="exit_bottleneck"
"""That saves four and a half seconds in an epoch. The 45 of loading stay. Which part is the largest?"""
exit_bottleneck = "c"

# %% mistake="exit_bottleneck"
"""It halves 15 of 60 seconds, so 52.5 remain. The 45 of loading stay. Which part is the largest?"""
exit_bottleneck = "d"

# %% mistake="exit_ranks"
"""A mean of eight means is no larger than each of them. DDP averages, it does not add."""
exit_ranks = "a"

# %% mistake="exit_ranks"
"""The mean of eight gradients is as large as a gradient of the whole batch should be. Multiplied by eight, the
step would be eight times too long."""
exit_ranks = "b"

# %% mistake="exit_ranks"
"""Each machine still sees 32 images, but how many images does one step of all together stand for? And how many
steps does an epoch have then?"""
exit_ranks = "d"

# %% mistake="exit_formats"
"""No gradient is zero, the question says. bfloat16 has float32's range, so small gradients survive in it."""
exit_formats = "a"

# %% mistake="exit_formats"
"""65,504 is float16's limit. bfloat16 goes as far as float32 does."""
exit_formats = "c"

# %% mistake="exit_formats"
"""Its products are coarse, not wrong: with weights in float32, mixed precision trains well with them. What becomes
of the *weights* here, when a small step is subtracted?"""
exit_formats = "d"
