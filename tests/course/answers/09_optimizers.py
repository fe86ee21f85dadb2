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
