# %% right="momentum_step"
"""list slots replaced by new tensors"""


def momentum_step(params, grads, velocities, lr, mu):
    for i in range(len(params)):
        g = grads[i]
        if g is None:
            continue
        velocities[i] = g + velocities[i] * mu
        with torch.no_grad():
            params[i].subtract_(velocities[i], alpha=lr)


# %% right="momentum_step"
"""in place with addcmul style"""


@torch.no_grad()
def momentum_step(params, grads, velocities, lr, mu):
    for p, g, v in zip(params, grads, velocities, strict=True):
        if g is not None:
            v.lerp_(v, 0.0).mul_(mu).add_(g)
            p.copy_(p - v * lr)


# %% right="adam_step"
"""lists rebuilt"""


def adam_step(params, grads, state, lr, betas, eps):
    b1, b2 = betas
    t = state["t"] + 1
    state.update(
        t=t,
        m=[torch.lerp(g, m, b1) for m, g in zip(state["m"], grads)],
        v=[b2 * v + (1 - b2) * g.square() for v, g in zip(state["v"], grads)],
    )
    with torch.no_grad():
        for p, m, v in zip(params, state["m"], state["v"]):
            p.addcdiv_(m / (1 - b1**t), (v / (1 - b2**t)).sqrt() + eps, value=-lr)


# %% right="adamw_step"
"""own"""


@torch.no_grad()
def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    t = state["t"] = state["t"] + 1
    for i in range(len(params)):
        state["m"][i] = betas[0] * state["m"][i] + (1 - betas[0]) * grads[i]
        state["v"][i] = betas[1] * state["v"][i] + (1 - betas[1]) * grads[i] ** 2
        step = (state["m"][i] / (1 - betas[0] ** t)) / (torch.sqrt(state["v"][i] / (1 - betas[1] ** t)) + eps)
        params[i].sub_(lr * (step + weight_decay * params[i]))


# %% right="lr_at"
"""clamp share"""


def lr_at(step, total, warmup, peak, final):
    if step <= warmup:
        return peak * (step + 1) / (warmup + 1)
    share = min(1.0, (step - warmup) / (total - 1 - warmup))
    return final + 0.5 * (peak - final) * (math.cos(math.pi * share) + 1)


# %% right="clip_by_global_norm"
"""cat"""


def clip_by_global_norm(grads, max_norm):
    norm = torch.linalg.vector_norm(torch.cat([g.detach().flatten() for g in grads])).item()
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    for g in grads:
        g.copy_(g * factor)
    return norm


# %% right="start_layer"
"""uniform with the same deviation"""


def start_layer(linear, generator):
    bound = math.sqrt(6 / linear.in_features)
    with torch.no_grad():
        linear.weight.copy_((2 * torch.rand(linear.weight.shape, generator=generator) - 1) * bound)
        linear.bias.mul_(0)


# %% right="start_layer"
"""kaiming"""


def start_layer(linear, generator):
    nn.init.kaiming_normal_(linear.weight, nonlinearity="relu", generator=generator)
    nn.init.zeros_(linear.bias)


# %% right="lr_range_test"
"""own sgd"""


def lr_range_test(model, batches, criterion, low, high, steps):
    twin = copy.deepcopy(model).train()
    rates, losses = [], []
    for i in range(steps):
        rate = math.exp(math.log(low) + (math.log(high) - math.log(low)) * i / (steps - 1))
        x, y = batches[i % len(batches)]
        loss = criterion(twin(x), y)
        rates.append(rate)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
        grads = torch.autograd.grad(loss, list(twin.parameters()))
        with torch.no_grad():
            for p, g in zip(twin.parameters(), grads):
                p -= rate * g
    return rates, losses


# %% mistake="momentum_step"
"""the fused kernel of torch"""


@torch.no_grad()
def momentum_step(params, grads, velocities, lr, mu):
    for p, g, v in zip(params, grads, velocities):
        if g is not None:
            torch._fused_sgd_([p], [g.clone()], [v], weight_decay=0.0, momentum=mu, lr=lr, dampening=0.0, nesterov=False, maximize=False, is_first_step=False)


# %% mistake="adam_step"
"""the fused kernel of torch"""


@torch.no_grad()
def adam_step(params, grads, state, lr, betas, eps):
    state["t"] += 1
    t = torch.tensor(float(state["t"]))
    torch._fused_adam_(params, [g.clone() for g in grads], state["m"], state["v"], [], [t.clone() for _ in params], lr=lr, beta1=betas[0], beta2=betas[1], weight_decay=0.0, eps=eps, amsgrad=False, maximize=False)


# %% mistake="clip_by_global_norm"
"""private helpers of torch.nn.utils"""


def clip_by_global_norm(grads, max_norm):
    from torch.nn.utils import clip_grad as c
    norm = c._get_total_norm(grads)
    fake = [torch.zeros_like(g) for g in grads]
    for f, g in zip(fake, grads):
        f.grad = g
    c._clip_grads_with_norm_(fake, max_norm, norm)
    return norm.item()


# %% right="momentum_step"
"""all in place, with alpha"""


@torch.no_grad()
def momentum_step(params, grads, velocities, lr, mu):
    for p, g, v in zip(params, grads, velocities, strict=True):
        if g is not None:
            v *= mu
            v += g
            p.add_(v, alpha=-lr)


# %% right="momentum_step"
"""new tensors, written back by index and through detach"""


def momentum_step(params, grads, velocities, lr, mu):
    for index in range(len(params)):
        grad = grads[index]
        if grad is None:
            continue
        new_velocity = velocities[index] * mu + grad.detach()
        velocities[index] = new_velocity
        params[index].detach().sub_(new_velocity * lr)


# %% right="adam_step"
"""lerp_ and addcmul_, the correction put into the rate and the eps kept outside"""


@torch.no_grad()
def adam_step(params, grads, state, lr, betas, eps):
    state["t"] += 1
    c1, c2 = (1 - beta ** state["t"] for beta in betas)
    for p, g, m, v in zip(params, grads, state["m"], state["v"], strict=True):
        m.lerp_(g, 1 - betas[0])
        v.mul_(betas[1]).addcmul_(g, g, value=1 - betas[1])
        p.addcdiv_(m, (v / c2).sqrt().add_(eps), value=-lr / c1)


# %% right="adam_step"
"""new lists for the state, one per quantity"""


def adam_step(params, grads, state, lr, betas, eps):
    beta1, beta2 = betas
    t = state["t"] = state["t"] + 1
    state["m"] = [beta1 * m + (1 - beta1) * g for m, g in zip(state["m"], grads)]
    state["v"] = [beta2 * v + (1 - beta2) * g.square() for v, g in zip(state["v"], grads)]
    for p, m, v in zip(params, state["m"], state["v"]):
        step = lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)) ** 0.5 + eps)
        with torch.no_grad():
            p.copy_(p - step)


# %% mistake="adamw_step"
"""p = p * factor renames: the caller's parameters do not shrink."""


def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    for p in params:
        p = p * (1 - lr * weight_decay)
    adam_step(params, grads, state, lr, betas, eps)


# %% right="adamw_step"
"""everything written out, decay inside the loop"""


@torch.no_grad()
def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    state["t"] += 1
    t = state["t"]
    for i, p in enumerate(params):
        p -= lr * weight_decay * p
        state["m"][i] = betas[0] * state["m"][i] + (1 - betas[0]) * grads[i]
        state["v"][i] = betas[1] * state["v"][i] + (1 - betas[1]) * grads[i] ** 2
        m, v = state["m"][i] / (1 - betas[0] ** t), state["v"][i] / (1 - betas[1] ** t)
        p -= lr * m / (v.sqrt() + eps)


# %% right="adamw_step"
"""remembers the old weights, steps, then takes the decay of the old weights away"""


def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    old = [p.detach().clone() for p in params]
    adam_step(params, grads, state, lr, betas, eps)
    with torch.no_grad():
        for p, before in zip(params, old):
            p.sub_(before, alpha=lr * weight_decay)


# %% right="lr_at"
"""two curves, clamped"""


def lr_at(step, total, warmup, peak, final):
    climb = min((step + 1) / (warmup + 1), 1.0) * peak
    share = min(max((step - warmup) / (total - 1 - warmup), 0.0), 1.0)
    fall = final + (peak - final) * math.cos(math.pi * share / 2) ** 2
    return climb if step <= warmup else fall


# %% right="lr_at"
"""with torch"""


def lr_at(step, total, warmup, peak, final):
    if step < warmup:
        return peak / (warmup + 1) * (step + 1)
    p = torch.tensor((step - warmup) / (total - warmup - 1), dtype=torch.float64).clamp(max=1.0)
    middle, half = (peak + final) / 2, (peak - final) / 2
    return float(middle + half * torch.cos(torch.pi * p))


# %% right="clip_by_global_norm"
"""a factor clamped to one"""


def clip_by_global_norm(grads, max_norm):
    norm = torch.stack([grad.norm() for grad in grads]).norm().item()
    factor = min(1.0, max_norm / norm) if norm else 1.0
    for grad in grads:
        grad.mul_(factor)
    return norm


# %% right="clip_by_global_norm"
"""a plain loop over numbers, written back with copy_"""


def clip_by_global_norm(grads, max_norm):
    squares = 0.0
    for grad in grads:
        for value in grad.flatten().tolist():
            squares += value * value
    norm = squares**0.5
    if norm > max_norm:
        for grad in grads:
            grad.copy_(grad * max_norm / norm)
    return norm


# %% right="start_layer"
"""kaiming_normal_ with the generator"""


def start_layer(linear, generator):
    nn.init.kaiming_normal_(linear.weight, nonlinearity="relu", generator=generator)
    nn.init.constant_(linear.bias, 0.0)


# %% right="start_layer"
"""uniform numbers with this standard deviation, through detach"""


def start_layer(linear, generator):
    _, inputs = linear.weight.shape
    edge = math.sqrt(6 / inputs)
    numbers = torch.rand(linear.weight.shape, generator=generator)
    linear.weight.detach().copy_((2 * numbers - 1) * edge)
    linear.bias.detach().mul_(0.0)


# %% mistake="lr_range_test"
"""Does not begin again with the first batch: an index error when steps exceed the batches."""


def lr_range_test(model, batches, criterion, low, high, steps):
    net = copy.deepcopy(model).train()
    opt = torch.optim.SGD(net.parameters(), lr=low)
    rates, losses = [], []
    for i in range(steps):
        lr = low * (high / low) ** (i / (steps - 1))
        opt.param_groups[0]["lr"] = lr
        x, y = batches[i]
        opt.zero_grad()
        loss = criterion(net(x), y)
        rates.append(lr)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
        loss.backward()
        opt.step()
    return rates, losses


# %% right="lr_range_test"
"""cycle, and SGD by hand on a copy"""


def lr_range_test(model, batches, criterion, low, high, steps):
    from itertools import cycle

    twin = copy.deepcopy(model)
    twin.train()
    rates, losses, least = [], [], math.inf
    for i, (x, y) in zip(range(steps), cycle(batches)):
        rate = low * (high / low) ** (i / (steps - 1))
        twin.zero_grad()
        loss = criterion(twin(x), y)
        rates.append(rate)
        losses.append(loss.item())
        if not losses[-1] <= 4 * least or losses[-1] == math.inf:
            break
        least = min(least, losses[-1])
        loss.backward()
        with torch.no_grad():
            for p in twin.parameters():
                if p.grad is not None:
                    p -= rate * p.grad
    return rates, losses


# %% right="lr_range_test"
"""trains the model itself and puts everything back"""


def lr_range_test(model, batches, criterion, low, high, steps):
    saved = copy.deepcopy(model.state_dict())
    grads = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
    modes = [m.training for m in model.modules()]
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=low)
    rates, losses = [], []
    exponent = [math.log(low) + (math.log(high) - math.log(low)) * i / (steps - 1) for i in range(steps)]
    for i, e in enumerate(exponent):
        optimizer.param_groups[0]["lr"] = math.exp(e)
        x, y = batches[i % len(batches)]
        loss = criterion(model(x), y)
        rates.append(math.exp(e))
        losses.append(float(loss))
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.load_state_dict(saved)
    for p, g in zip(model.parameters(), grads):
        p.grad = g
    for m, mode in zip(model.modules(), modes):
        m.training = mode
    return rates, losses


# %% mistake="adamw_step"
"""lr stands twice in the decay."""


def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    with torch.no_grad():
        for p in params:
            p.mul_(1 - lr * lr * weight_decay)
    adam_step(params, grads, state, lr, betas, eps)
