# %% [markdown]
# Answers to lesson 09: right ones written in other ways, and the mistakes people make.

# %% [markdown]
# ## momentum_step


# %% right="momentum_step"
"""velocities changed in place, no block but detached data"""


def momentum_step(params, grads, velocities, lr, mu):
    for param, grad, velocity in zip(params, grads, velocities):
        if grad is not None:
            velocity.mul_(mu).add_(grad)
            param.data.sub_(lr * velocity)


# %% right="momentum_step"
"""a decorator, and the new list written into the old one at the end"""


@torch.no_grad()
def momentum_step(params, grads, velocities, lr, mu):
    new = [v if g is None else v * mu + g for v, g in zip(velocities, grads)]
    for p, g, v in zip(params, grads, new):
        if g is not None:
            p.add_(v, alpha=-lr)
    velocities[:] = new


# %% right="momentum_step"
"""only the places that have a gradient, all at once with the foreach functions"""


def momentum_step(params, grads, velocities, lr, mu):
    places = [i for i in range(len(params)) if grads[i] is not None]
    if not places:
        return
    moved = [velocities[i] for i in places]
    torch._foreach_mul_(moved, mu)
    torch._foreach_add_(moved, [grads[i] for i in places])
    with torch.no_grad():
        torch._foreach_add_([params[i] for i in places], moved, alpha=-lr)


# %% right="momentum_step"
"""element by element, in float64"""


def momentum_step(params, grads, velocities, lr, mu):
    for place in range(len(params)):
        if grads[place] is None:
            continue
        weights = params[place].detach().view(-1)
        speeds = velocities[place].view(-1)
        for i, slope in enumerate(grads[place].reshape(-1).tolist()):
            speeds[i] = mu * speeds[i].item() + slope
            weights[i] = weights[i].item() - lr * speeds[i].item()


# %% mistake="momentum_step"
"""This velocity is an *average* of the gradients: each enters with the weight 1 − mu. PyTorch's form is a sum. What is
the first step, when the velocity was zero?"""


def momentum_step(params, grads, velocities, lr, mu):
    with torch.no_grad():
        for place, (param, grad) in enumerate(zip(params, grads)):
            if grad is None:
                continue
            velocities[place] = mu * velocities[place] + (1 - mu) * grad
            param -= lr * velocities[place]


# %% mistake="momentum_step"
"""All parameters share one velocity here. Their shapes differ, and so do their gradients: each needs a velocity of its
own."""


def momentum_step(params, grads, velocities, lr, mu):
    velocity = velocities[0]
    with torch.no_grad():
        for param, grad in zip(params, grads):
            if grad is None:
                continue
            velocity = mu * velocity + grad
            param -= lr * velocity


# %% mistake="momentum_step"
"""The new velocity is computed and used, but not kept: the next call finds the old zeros again, and the ball has no
memory. Where must the new tensors be when the function is done?"""


def momentum_step(params, grads, velocities, lr, mu):
    with torch.no_grad():
        for param, grad, velocity in zip(params, grads, velocities):
            if grad is None:
                continue
            velocity = mu * velocity + grad
            param -= lr * velocity


# %% mistake="momentum_step"
"""The learning rate is inside the velocity. At a constant rate that is the same walk. When the rate changes, the old steps
go on rolling at their old size; in PyTorch's form the new rate holds for the whole velocity."""


def momentum_step(params, grads, velocities, lr, mu):
    with torch.no_grad():
        for place, (param, grad) in enumerate(zip(params, grads)):
            if grad is None:
                continue
            velocities[place] = mu * velocities[place] + lr * grad
            param -= velocities[place]


# %% mistake="momentum_step"
"""The parameters require gradients, and you change them in place while operations are recorded: PyTorch refuses. Which
block switches the recording off?"""


def momentum_step(params, grads, velocities, lr, mu):
    for place, (param, grad) in enumerate(zip(params, grads)):
        if grad is None:
            continue
        velocities[place] = mu * velocities[place] + grad
        param -= lr * velocities[place]


# %% mistake="momentum_step"
"""The step made new tensors; the parameters themselves, which the network holds, stay where they were. Change them in
place."""


def momentum_step(params, grads, velocities, lr, mu):
    with torch.no_grad():
        for place, grad in enumerate(grads):
            if grad is None:
                continue
            velocities[place] = mu * velocities[place] + grad
            params[place] = params[place] - lr * velocities[place]


# %% mistake="momentum_step"
"""Nothing that was handed in has changed, neither a parameter nor a velocity. `w = …` only gives the name `w` to a new tensor:
change the tensors themselves, and put what is new into the list."""


def momentum_step(params, grads, velocities, lr, mu):
    for w, g, v in zip(params, grads, velocities):
        if g is not None:
            v = mu * v + g
            w = w - lr * v


# %% mistake="momentum_step"
"""The learning rate and the minus are inside the velocity, and the velocity is *added*. Some texts write momentum like this.
At a constant rate the walk is the same; when the rate changes, the old steps go on rolling at their old size."""


@torch.no_grad()
def momentum_step(params, grads, velocities, lr, mu):
    for place, (param, grad) in enumerate(zip(params, grads)):
        if grad is not None:
            velocities[place] = mu * velocities[place] - lr * grad
            param += velocities[place]


# %% mistake="momentum_step"
"""All is right as long as every parameter has a gradient. Here one of them is `None`, and nothing can be calculated with it:
skip that parameter."""


@torch.no_grad()
def momentum_step(params, grads, velocities, lr, mu):
    for param, grad, velocity in zip(params, grads, velocities):
        velocity.mul_(mu).add_(grad)
        param -= lr * velocity


# %% mistake="momentum_step"
"""A missing gradient was taken for zero: the parameter rolls on with its old velocity, which shrinks. In PyTorch a parameter
without a gradient is left alone, and so is its velocity."""


def momentum_step(params, grads, velocities, lr, mu):
    with torch.no_grad():
        for place, (param, grad) in enumerate(zip(params, grads)):
            velocities[place] = mu * velocities[place] + (0 if grad is None else grad)
            param -= lr * velocities[place]


# %% mistake="momentum_step"
"""At the first parameter without a gradient the whole function ends: those after it do not move. Skip one, and go on with
the next."""


def momentum_step(params, grads, velocities, lr, mu):
    with torch.no_grad():
        for place, (param, grad) in enumerate(zip(params, grads)):
            if grad is None:
                return
            velocities[place] = mu * velocities[place] + grad
            param -= lr * velocities[place]


# %% mistake="momentum_step"
"""The parameters move *up* the slope: the velocity is a sum of gradients, and the loss falls against them."""


def momentum_step(params, grads, velocities, lr, mu):
    with torch.no_grad():
        for place, (param, grad) in enumerate(zip(params, grads)):
            if grad is None:
                continue
            velocities[place] = mu * velocities[place] + grad
            param += lr * velocities[place]


# %% mistake="momentum_step"
"""You step with the velocity from *before* this gradient, and bring it up to date afterwards. So the first step does not
move at all. First the velocity, then the step."""


def momentum_step(params, grads, velocities, lr, mu):
    with torch.no_grad():
        for place, (param, grad) in enumerate(zip(params, grads)):
            if grad is None:
                continue
            param -= lr * velocities[place]
            velocities[place] = mu * velocities[place] + grad


# %% mistake="momentum_step"
"""This is Nesterov's form: it looks one step ahead and adds the gradient once more. A good method, but another one. The
step of the text is the velocity alone."""


def momentum_step(params, grads, velocities, lr, mu):
    with torch.no_grad():
        for place, (param, grad) in enumerate(zip(params, grads)):
            if grad is None:
                continue
            velocities[place] = mu * velocities[place] + grad
            param -= lr * (grad + mu * velocities[place])


# %% mistake="momentum_step"
"""`torch.optim` is off limits here: the point is to write what it does."""


def momentum_step(params, grads, velocities, lr, mu):
    from torch.optim.sgd import sgd

    with torch.no_grad():
        has = [i for i, g in enumerate(grads) if g is not None]
        buffers = [velocities[i] for i in has]
        sgd([params[i] for i in has], [grads[i] for i in has], buffers, weight_decay=0, momentum=mu, lr=lr, dampening=0, nesterov=False, maximize=False)


# %% mistake="momentum_step" slip=true
"""The gradients that were handed in are changed. They stay as they are: somebody may still clip, log or
average them."""


def momentum_step(params, grads, velocities, lr, mu):
    with torch.no_grad():
        for i, (p, g) in enumerate(zip(params, grads)):
            if g is None:
                continue
            g += mu * velocities[i]
            velocities[i] = g
            p -= lr * g


# %% mistake="momentum_step"
"""The walk is right as long as the rate is constant, but your velocity has the learning rate and the sign in it. In
PyTorch's form it is made of gradients alone, and the rate comes in at the step."""


def momentum_step(params, grads, velocities, lr, mu):
    with torch.no_grad():
        for i in range(len(params)):
            if grads[i] is None:
                continue
            velocities[i] = mu * velocities[i] - lr * grads[i]
            params[i] += velocities[i]


# %% mistake="momentum_step"
"""`mu` plays no part: the velocity is the plain sum of all gradients so far, and nothing slows it down."""


def momentum_step(params, grads, velocities, lr, mu):
    with torch.no_grad():
        for i in range(len(params)):
            if grads[i] is None:
                continue
            velocities[i] = velocities[i] + grads[i]
            params[i] -= lr * velocities[i]


# %% [markdown]
# ## adam_step


# %% right="adam_step"
"""lists replaced by new ones, the corrections drawn into one factor"""


@torch.no_grad()
def adam_step(params, grads, state, lr, betas, eps):
    b1, b2 = betas
    t = state["t"] + 1
    state["m"] = [b1 * m + (1 - b1) * g for m, g in zip(state["m"], grads)]
    state["v"] = [b2 * v + (1 - b2) * g**2 for v, g in zip(state["v"], grads)]
    state["t"] = t
    for p, m, v in zip(params, state["m"], state["v"]):
        root = v.sqrt() / math.sqrt(1 - b2**t)
        p.sub_(lr / (1 - b1**t) * m / (root + eps))


# %% right="adam_step"
"""lerp and addcdiv, as PyTorch's own code does it"""


def adam_step(params, grads, state, lr, betas, eps):
    state["t"] += 1
    first, second = (1 - beta ** state["t"] for beta in betas)
    with torch.no_grad():
        for i, (p, g) in enumerate(zip(params, grads)):
            state["m"][i].lerp_(g, 1 - betas[0])
            state["v"][i].mul_(betas[1]).addcmul_(g, g, value=1 - betas[1])
            p.addcdiv_(state["m"][i], (state["v"][i] / second).sqrt().add(eps), value=-lr / first)


# %% right="adam_step"
"""all parameters as one long vector"""


def adam_step(params, grads, state, lr, betas, eps):
    def flat(tensors):
        return torch.cat([tensor.detach().double().reshape(-1) for tensor in tensors])

    def back(vector, tensors):
        start = 0
        for tensor in tensors:
            tensor.detach().copy_(vector[start : start + tensor.numel()].view(tensor.shape))
            start += tensor.numel()

    state["t"] = t = state["t"] + 1
    g = flat(grads)
    m = betas[0] * flat(state["m"]) + (1 - betas[0]) * g
    v = betas[1] * flat(state["v"]) + (1 - betas[1]) * g * g
    back(m, state["m"])
    back(v, state["v"])
    back(flat(params) - lr * (m / (1 - betas[0] ** t)) / (torch.sqrt(v / (1 - betas[1] ** t)) + eps), params)


# %% right="adam_step"
"""element by element, with plain floats"""


def adam_step(params, grads, state, lr, betas, eps):
    state["t"] += 1
    for p, g, m, v in zip(params, grads, state["m"], state["v"]):
        p, g, m, v = p.data.view(-1), g.reshape(-1), m.view(-1), v.view(-1)
        for i in range(len(p)):
            slope = g[i].item()
            m[i] = betas[0] * m[i].item() + (1 - betas[0]) * slope
            v[i] = betas[1] * v[i].item() + (1 - betas[1]) * slope * slope
            m_hat = m[i].item() / (1 - betas[0] ** state["t"])
            v_hat = v[i].item() / (1 - betas[1] ** state["t"])
            p[i] = p[i].item() - lr * m_hat / (math.sqrt(v_hat) + eps)


# %% mistake="adam_step"
"""The bias correction is missing: the averages began at zero, and early on they are used as they stand. The first step is not
of the length of the learning rate."""


def adam_step(params, grads, state, lr, betas, eps):
    beta1, beta2 = betas
    state["t"] += 1
    with torch.no_grad():
        for param, grad, m, v in zip(params, grads, state["m"], state["v"]):
            m.mul_(beta1).add_((1 - beta1) * grad)
            v.mul_(beta2).add_((1 - beta2) * grad * grad)
            param -= lr * m / (v.sqrt() + eps)


# %% mistake="adam_step"
"""Only one of the two averages is corrected. Both began at zero, so both are too small at first."""


def adam_step(params, grads, state, lr, betas, eps):
    beta1, beta2 = betas
    state["t"] += 1
    with torch.no_grad():
        for param, grad, m, v in zip(params, grads, state["m"], state["v"]):
            m.mul_(beta1).add_((1 - beta1) * grad)
            v.mul_(beta2).add_((1 - beta2) * grad * grad)
            param -= lr * m / (1 - beta1 ** state["t"]) / (v.sqrt() + eps)


# %% mistake="adam_step"
"""The step is counted at the end, so the first correction divides by 1 − 1 = 0, and the parameters become NaN or infinite.
The first step is number 1."""


def adam_step(params, grads, state, lr, betas, eps):
    beta1, beta2 = betas
    with torch.no_grad():
        for param, grad, m, v in zip(params, grads, state["m"], state["v"]):
            m.mul_(beta1).add_((1 - beta1) * grad)
            v.mul_(beta2).add_((1 - beta2) * grad * grad)
            m_hat = m / (1 - beta1 ** state["t"])
            v_hat = v / (1 - beta2 ** state["t"])
            param -= lr * m_hat / (v_hat.sqrt() + eps)
    state["t"] += 1


# %% mistake="adam_step"
"""`state["t"]` never rises, so each correction divides by 1 − 1 = 0, and the parameters become NaN or infinite. Count the
step before you correct."""


@torch.no_grad()
def adam_step(params, grads, state, lr, betas, eps):
    for p, g, m, v in zip(params, grads, state["m"], state["v"]):
        m.mul_(betas[0]).add_(g, alpha=1 - betas[0])
        v.mul_(betas[1]).add_(g**2, alpha=1 - betas[1])
        m_hat, v_hat = m / (1 - betas[0] ** state["t"]), v / (1 - betas[1] ** state["t"])
        p -= lr * m_hat / (v_hat.sqrt() + eps)


# %% mistake="adam_step"
"""The averages do not get into the state: at each call they begin at zero again. `m = …` only gives the name `m` to a new
tensor. Put it into the list, or change the old one in place."""


@torch.no_grad()
def adam_step(params, grads, state, lr, betas, eps):
    state["t"] += 1
    for p, g, m, v in zip(params, grads, state["m"], state["v"]):
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        m_hat, v_hat = m / (1 - betas[0] ** state["t"]), v / (1 - betas[1] ** state["t"])
        p -= lr * m_hat / (v_hat.sqrt() + eps)


# %% mistake="adam_step"
"""The epsilon is under the root. With ordinary gradients nobody notices; tiny ones are far below its root, and the steps
nearly vanish. It stands outside."""


def adam_step(params, grads, state, lr, betas, eps):
    beta1, beta2 = betas
    state["t"] += 1
    with torch.no_grad():
        for param, grad, m, v in zip(params, grads, state["m"], state["v"]):
            m.mul_(beta1).add_((1 - beta1) * grad)
            v.mul_(beta2).add_((1 - beta2) * grad * grad)
            m_hat = m / (1 - beta1 ** state["t"])
            v_hat = v / (1 - beta2 ** state["t"])
            param -= lr * m_hat / torch.sqrt(v_hat + eps)


# %% mistake="adam_step"
"""You added the epsilon to the root of the *uncorrected* average. For ordinary gradients it makes no difference; for tiny
ones the epsilon counts for too much. Correct first, then the root, then the epsilon."""


def adam_step(params, grads, state, lr, betas, eps):
    beta1, beta2 = betas
    state["t"] += 1
    rate = lr * math.sqrt(1 - beta2 ** state["t"]) / (1 - beta1 ** state["t"])
    with torch.no_grad():
        for param, grad, m, v in zip(params, grads, state["m"], state["v"]):
            m.mul_(beta1).add_((1 - beta1) * grad)
            v.mul_(beta2).add_((1 - beta2) * grad * grad)
            param -= rate * m / (v.sqrt() + eps)


# %% mistake="adam_step"
"""You divide by the average square itself. Its *root* has the units of a gradient; only then does the gradient's size
cancel."""


def adam_step(params, grads, state, lr, betas, eps):
    beta1, beta2 = betas
    state["t"] += 1
    with torch.no_grad():
        for param, grad, m, v in zip(params, grads, state["m"], state["v"]):
            m.mul_(beta1).add_((1 - beta1) * grad)
            v.mul_(beta2).add_((1 - beta2) * grad * grad)
            m_hat = m / (1 - beta1 ** state["t"])
            v_hat = v / (1 - beta2 ** state["t"])
            param -= lr * m_hat / (v_hat + eps)


# %% mistake="adam_step"
"""Your second average is of the gradients, not of their squares: where it is negative, it has no root, and NaN comes out."""


def adam_step(params, grads, state, lr, betas, eps):
    beta1, beta2 = betas
    state["t"] += 1
    with torch.no_grad():
        for param, grad, m, v in zip(params, grads, state["m"], state["v"]):
            m.mul_(beta1).add_((1 - beta1) * grad)
            v.mul_(beta2).add_((1 - beta2) * grad)
            m_hat = m / (1 - beta1 ** state["t"])
            v_hat = v / (1 - beta2 ** state["t"])
            param -= lr * m_hat / (v_hat.sqrt() + eps)


# %% mistake="adam_step"
"""The step is counted once for each *parameter*. So the second tensor believes that it is at step 2 when the first call is not
yet over. One call is one step."""


def adam_step(params, grads, state, lr, betas, eps):
    beta1, beta2 = betas
    with torch.no_grad():
        for param, grad, m, v in zip(params, grads, state["m"], state["v"]):
            state["t"] += 1
            m.mul_(beta1).add_((1 - beta1) * grad)
            v.mul_(beta2).add_((1 - beta2) * grad * grad)
            m_hat = m / (1 - beta1 ** state["t"])
            v_hat = v / (1 - beta2 ** state["t"])
            param -= lr * m_hat / (v_hat.sqrt() + eps)


# %% mistake="adam_step"
"""The *corrected* averages went into the state. At the next call they are averaged and corrected again, so the correction
piles up. What is kept is uncorrected."""


def adam_step(params, grads, state, lr, betas, eps):
    beta1, beta2 = betas
    state["t"] += 1
    with torch.no_grad():
        for param, grad, m, v in zip(params, grads, state["m"], state["v"]):
            m.mul_(beta1).add_((1 - beta1) * grad).div_(1 - beta1 ** state["t"])
            v.mul_(beta2).add_((1 - beta2) * grad * grad).div_(1 - beta2 ** state["t"])
            param -= lr * m / (v.sqrt() + eps)


# %% mistake="adam_step"
"""Every call believes that it is the first: the count of the steps is not kept in the state."""


def adam_step(params, grads, state, lr, betas, eps):
    beta1, beta2 = betas
    t = state["t"] + 1
    with torch.no_grad():
        for param, grad, m, v in zip(params, grads, state["m"], state["v"]):
            m.mul_(beta1).add_((1 - beta1) * grad)
            v.mul_(beta2).add_((1 - beta2) * grad * grad)
            param -= lr * m / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt() + eps)


# %% mistake="adam_step"
"""The two betas are exchanged: the first belongs to the gradients, the second to their squares."""


def adam_step(params, grads, state, lr, betas, eps):
    beta2, beta1 = betas
    state["t"] += 1
    with torch.no_grad():
        for param, grad, m, v in zip(params, grads, state["m"], state["v"]):
            m.mul_(beta1).add_((1 - beta1) * grad)
            v.mul_(beta2).add_((1 - beta2) * grad * grad)
            m_hat = m / (1 - beta1 ** state["t"])
            v_hat = v / (1 - beta2 ** state["t"])
            param -= lr * m_hat / (v_hat.sqrt() + eps)


# %% mistake="adam_step"
"""The first average became a *sum*, as in momentum. Adam's averages take the share 1 − beta of each new gradient; the bias
correction counts on it."""


def adam_step(params, grads, state, lr, betas, eps):
    beta1, beta2 = betas
    state["t"] += 1
    with torch.no_grad():
        for param, grad, m, v in zip(params, grads, state["m"], state["v"]):
            m.mul_(beta1).add_(grad)
            v.mul_(beta2).add_((1 - beta2) * grad * grad)
            m_hat = m / (1 - beta1 ** state["t"])
            v_hat = v / (1 - beta2 ** state["t"])
            param -= lr * m_hat / (v_hat.sqrt() + eps)


# %% mistake="adam_step"
"""The parameters require gradients, and they are changed in place while operations are recorded: PyTorch refuses."""


def adam_step(params, grads, state, lr, betas, eps):
    beta1, beta2 = betas
    state["t"] += 1
    for param, grad, m, v in zip(params, grads, state["m"], state["v"]):
        m.mul_(beta1).add_((1 - beta1) * grad)
        v.mul_(beta2).add_((1 - beta2) * grad * grad)
        m_hat = m / (1 - beta1 ** state["t"])
        v_hat = v / (1 - beta2 ** state["t"])
        param -= lr * m_hat / (v_hat.sqrt() + eps)


# %% mistake="adam_step"
"""`v` averages the sizes of the gradients, and then a root is taken. Average the *squares*: their root has the
units of a gradient again."""


def adam_step(params, grads, state, lr, betas, eps):
    state["t"] += 1
    t = state["t"]
    with torch.no_grad():
        for p, g, m, v in zip(params, grads, state["m"], state["v"]):
            m.mul_(betas[0]).add_((1 - betas[0]) * g)
            v.mul_(betas[1]).add_((1 - betas[1]) * g.abs())
            p -= lr * (m / (1 - betas[0] ** t)) / ((v / (1 - betas[1] ** t)).sqrt() + eps)

# %% mistake="adam_step"
"""The step goes along the gradient. Downhill is against it."""


def adam_step(params, grads, state, lr, betas, eps):
    state["t"] += 1
    t = state["t"]
    with torch.no_grad():
        for p, g, m, v in zip(params, grads, state["m"], state["v"]):
            m.mul_(betas[0]).add_((1 - betas[0]) * g)
            v.mul_(betas[1]).add_((1 - betas[1]) * g * g)
            p += lr * (m / (1 - betas[0] ** t)) / ((v / (1 - betas[1] ** t)).sqrt() + eps)

# %% [markdown]
# ## adamw_step


# %% right="adamw_step"
"""everything anew, without adam_step"""


@torch.no_grad()
def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    state["t"] += 1
    for p, g, m, v in zip(params, grads, state["m"], state["v"]):
        p.mul_(1 - lr * weight_decay)
        m.mul_(betas[0]).add_(g, alpha=1 - betas[0])
        v.mul_(betas[1]).add_(g.square(), alpha=1 - betas[1])
        m_hat, v_hat = m / (1 - betas[0] ** state["t"]), v / (1 - betas[1] ** state["t"])
        p.sub_(lr * m_hat / (v_hat.sqrt() + eps))


# %% right="adamw_step"
"""subtracting the share instead of multiplying"""


def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    for param in params:
        param.data -= lr * weight_decay * param.data
    adam_step(params, grads, state, lr, betas, eps)


# %% right="adamw_step"
"""Adam first, then the decay of what was there before"""


def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    before = [param.detach().clone() for param in params]
    adam_step(params, grads, state, lr=lr, betas=betas, eps=eps)
    with torch.no_grad():
        for param, old in zip(params, before):
            param.add_(old, alpha=-lr * weight_decay)


# %% right="adamw_step"
"""the decay for all at once with a foreach function"""


def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    torch._foreach_mul_([param.data for param in params], 1 - lr * weight_decay)
    adam_step(params, grads, state, lr, betas, eps)


# %% mistake="adamw_step"
"""The decay went into the *gradient*: Adam then divides it by its own size, and how strong it was no longer matters. This is
what `Adam` does with `weight_decay`. Decoupled means: past the gradients."""


def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    with torch.no_grad():
        decayed = [grad + weight_decay * param for param, grad in zip(params, grads)]
    adam_step(params, decayed, state, lr, betas, eps)


# %% mistake="adamw_step"
"""The learning rate is missing in the decay: the weights shrink by the whole share at each step, however small the rate has
become."""


def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    with torch.no_grad():
        for param in params:
            param *= 1 - weight_decay
    adam_step(params, grads, state, lr, betas, eps)


# %% mistake="adamw_step"
"""The weights *grow*: the sign of the decay is the wrong way round. The factor must be below 1."""


def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    with torch.no_grad():
        for param in params:
            param *= 1 + lr * weight_decay
    adam_step(params, grads, state, lr, betas, eps)


# %% mistake="adamw_step"
"""The weights do not shrink: a weight without a gradient stays where it is. This is Adam alone. (`p = p * …` makes
a new tensor and leaves the parameter alone.)"""


def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    adam_step(params, grads, state, lr, betas, eps)


# %% mistake="adamw_step"
"""You shrink after the step, so the step itself shrinks, too. The difference is small and it adds up. PyTorch shrinks
first."""


def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    adam_step(params, grads, state, lr, betas, eps)
    with torch.no_grad():
        for param in params:
            param *= 1 - lr * weight_decay


# %% mistake="adamw_step"
"""Every weight loses the same *amount* here, whatever its size, and negative ones grow. Decay takes a *share* of each
weight."""


def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    with torch.no_grad():
        for param in params:
            param -= lr * weight_decay
    adam_step(params, grads, state, lr, betas, eps)


# %% mistake="adamw_step"
"""The weights shrink, and that is all: the step of Adam, by the gradients, is missing."""


def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    with torch.no_grad():
        for param in params:
            param *= 1 - lr * weight_decay


# %% mistake="adamw_step"
"""New tensors were shrunk; the parameters that the network holds keep their size. Change them in place."""


def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    shrunk = [(param * (1 - lr * weight_decay)).detach() for param in params]
    adam_step(shrunk, grads, state, lr, betas, eps)


# %% mistake="adamw_step"
"""You multiplied by the share that should be taken away: next to nothing is left. What remains is 1 minus that
share."""


def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    with torch.no_grad():
        for p in params:
            p.mul_(lr * weight_decay)
    adam_step(params, grads, state, lr, betas, eps)


# %% mistake="adamw_step"
"""Parameters with one axis do not shrink. Some leave biases out on purpose; here all parameters decay."""


def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    with torch.no_grad():
        for p in params:
            if p.ndim > 1:
                p.mul_(1 - lr * weight_decay)
    adam_step(params, grads, state, lr, betas, eps)


# %% mistake="adamw_step"
"""The learning rate enters the decay twice, so the weights hardly shrink. The factor of the text has it once."""


def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    with torch.no_grad():
        for p in params:
            p.mul_(1 - lr * lr * weight_decay)
    adam_step(params, grads, state, lr, betas, eps)


# %% mistake="adamw_step"
"""You shrank the *gradients*. Adam divides them by their own size, so that changes next to nothing; it is the
weights that decay."""


def adamw_step(params, grads, state, lr, betas, eps, weight_decay):
    grads = [g * (1 - lr * weight_decay) for g in grads]
    adam_step(params, grads, state, lr, betas, eps)


# %% [markdown]
# ## lr_at


# %% right="lr_at"
"""the way down with a sine, the wait at the end by a limit on the step"""


def lr_at(step, total, warmup, peak, final):
    if step <= warmup:
        return peak * (1 + step) / (1 + warmup)
    step = min(step, total - 1)
    left = (total - 1 - step) / (total - 1 - warmup)
    return final + (peak - final) * math.sin(left * math.pi / 2) ** 2


# %% right="lr_at"
"""a table of all rates, made first"""


def lr_at(step, total, warmup, peak, final):
    table = [peak / (warmup + 1) * (i + 1) for i in range(warmup)]
    down = total - warmup - 1
    table += [final + 0.5 * (peak - final) * (1 + math.cos(math.pi * i / down)) for i in range(down + 1)]
    return table[step] if step < total else final


# %% right="lr_at"
"""a mixture of peak and final, computed by torch"""


def lr_at(step, total, warmup, peak, final):
    share = torch.tensor((step - warmup) / (total - 1 - warmup), dtype=torch.float64).clamp(0, 1)
    weight = (1 + torch.cos(torch.pi * share)) / 2
    down = (weight * peak + (1 - weight) * final).item()
    return down * min(1.0, (step + 1) / (warmup + 1))


# %% right="lr_at"
"""from PyTorch's own schedulers, step by step"""


def lr_at(step, total, warmup, peak, final):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=peak)
    schedulers = torch.optim.lr_scheduler
    down = schedulers.CosineAnnealingLR(optimizer, T_max=total - 1 - warmup, eta_min=final)
    if step < warmup:
        return (step + 1) * peak / (warmup + 1)
    for _ in range(min(step, total - 1) - warmup):
        optimizer.step()
        down.step()
    return float(optimizer.param_groups[0]["lr"])


# %% mistake="lr_at"
"""Your warm-up begins at a rate of 0: the first batch teaches nothing. Step 0 already has one stride."""


def lr_at(step, total, warmup, peak, final):
    if step < warmup:
        return peak * step / warmup
    share = min(1.0, (step - warmup) / (total - 1 - warmup))
    return final + (peak - final) * (1 + math.cos(math.pi * share)) / 2


# %% mistake="lr_at"
"""The warm-up reaches the peak one step too early, at step warmup − 1, and then stands still for a step. How many strides lead
from below step 0 up to step `warmup`?"""


def lr_at(step, total, warmup, peak, final):
    if step < warmup:
        return peak * (step + 1) / warmup
    share = min(1.0, (step - warmup) / (total - 1 - warmup))
    return final + (peak - final) * (1 + math.cos(math.pi * share)) / 2


# %% mistake="lr_at"
"""The cosine does not arrive: at the last step, total − 1, the rate is still above `final`. From which step to which does the
way down lead?"""


def lr_at(step, total, warmup, peak, final):
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    share = min(1.0, (step - warmup) / (total - warmup))
    return final + (peak - final) * (1 + math.cos(math.pi * share)) / 2


# %% mistake="lr_at"
"""After the last step the rate climbs again, as `CosineAnnealingLR` does: a cosine has no end of its own."""


def lr_at(step, total, warmup, peak, final):
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    share = (step - warmup) / (total - 1 - warmup)
    return final + (peak - final) * (1 + math.cos(math.pi * share)) / 2


# %% mistake="lr_at"
"""The way down counts from step 0, as if there had been no warm-up: at step `warmup` the rate is already below the
peak. Count from there."""


def lr_at(step, total, warmup, peak, final):
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    share = min(1.0, step / (total - 1))
    return final + (peak - final) * (1 + math.cos(math.pi * share)) / 2


# %% mistake="lr_at"
"""The rate falls to 0 instead of `final`. Stretch the wave so that it ends at `final`."""


def lr_at(step, total, warmup, peak, final):
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    share = min(1.0, (step - warmup) / (total - 1 - warmup))
    return peak * (1 + math.cos(math.pi * share)) / 2


# %% mistake="lr_at"
"""The wave goes down to 0, and the rate is only kept from falling below `final`: it lies flat before the end, and is a
little too low on the way. Stretch the wave to reach from `peak` to `final`."""


def lr_at(step, total, warmup, peak, final):
    if step <= warmup:
        return peak * (step + 1) / (warmup + 1)
    share = min(1.0, (step - warmup) / (total - 1 - warmup))
    return max(final, peak * (1 + math.cos(math.pi * share)) / 2)


# %% mistake="lr_at"
"""The cosine goes only as far as 1, a third of the way: half a wave is an angle of pi."""


def lr_at(step, total, warmup, peak, final):
    if step <= warmup:
        return peak * (step + 1) / (warmup + 1)
    share = min(1.0, (step - warmup) / (total - 1 - warmup))
    return final + (peak - final) * (1 + math.cos(share)) / 2


# %% mistake="lr_at"
"""`final` is added on top: the rate begins at peak + final. The wave should reach from `peak` to `final`, so how high is
it?"""


def lr_at(step, total, warmup, peak, final):
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    share = min(1.0, (step - warmup) / (total - 1 - warmup))
    return final + peak * (1 + math.cos(math.pi * share)) / 2


# %% mistake="lr_at"
"""The rate falls along a straight line. Half a cosine wave falls slowly at first, fast in the middle, and slowly at the
end."""


def lr_at(step, total, warmup, peak, final):
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    share = min(1.0, (step - warmup) / (total - 1 - warmup))
    return peak + (final - peak) * share


# %% mistake="lr_at"
"""This is a quarter of a wave: it leaves the peak slowly and arrives at full speed. The cosine should go from 1 to −1, not
from 1 to 0."""


def lr_at(step, total, warmup, peak, final):
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    share = min(1.0, (step - warmup) / (total - 1 - warmup))
    return final + (peak - final) * math.cos(math.pi / 2 * share)


# %% mistake="lr_at"
"""A whole wave fits into the run: the rate is lowest in the middle and back at the peak at the end. Half a wave is
wanted."""


def lr_at(step, total, warmup, peak, final):
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    share = min(1.0, (step - warmup) / (total - 1 - warmup))
    return final + (peak - final) * (1 + math.cos(2 * math.pi * share)) / 2


# %% mistake="lr_at"
"""There is no warm-up: the first step already has the peak, and the wave begins there."""


def lr_at(step, total, warmup, peak, final):
    share = min(1.0, step / (total - 1))
    return final + (peak - final) * (1 + math.cos(math.pi * share)) / 2


# %% mistake="lr_at"
"""The cosine is counted from step 0. Its way down begins at step `warmup`, with the peak."""


def lr_at(step, total, warmup, peak, final):
    if step <= warmup:
        return peak * (step + 1) / (warmup + 1)
    p = min(1.0, step / (total - 1))
    return final + (peak - final) * (1 + math.cos(math.pi * p)) / 2

# %% mistake="lr_at"
"""After the last step the rate drops to 0. It stays at `final`."""


def lr_at(step, total, warmup, peak, final):
    if step >= total:
        return 0.0
    if step <= warmup:
        return peak * (step + 1) / (warmup + 1)
    p = (step - warmup) / (total - 1 - warmup)
    return final + (peak - final) * (1 + math.cos(math.pi * p)) / 2


# %% mistake="lr_at"
"""The wave falls from the peak to 0, and `final` is laid on top: so it begins above the peak. To lead from `peak`
to `final`, it must fall by their *difference*."""


def lr_at(step, total, warmup, peak, final):
    if step <= warmup:
        return peak * (step + 1) / (warmup + 1)
    if step >= total - 1:
        return final
    p = (step - warmup) / (total - 1 - warmup)
    return final + peak * (1 + math.cos(math.pi * p)) / 2


# %% mistake="lr_at"
"""The cosine gets the share itself, which goes from 0 to 1. Half a wave is an angle from 0 to π."""


def lr_at(step, total, warmup, peak, final):
    if step <= warmup:
        return peak * (step + 1) / (warmup + 1)
    if step >= total:
        return final
    p = (step - warmup) / (total - 1 - warmup)
    return final + (peak - final) * 0.5 * (1 + math.cos(p))


# %% mistake="lr_at"
"""The climb is too steep: the peak is passed before step `warmup` is reached. Steps 0 to `warmup` make one stride
more than `warmup`."""


def lr_at(step, total, warmup, peak, final):
    if step <= warmup:
        return peak * (step + 1) / max(warmup, 1)
    if step >= total:
        return final
    p = (step - warmup) / (total - 1 - warmup)
    return final + (peak - final) * 0.5 * (1 + math.cos(math.pi * p))


# %% mistake="lr_at"
"""The way down is turned round: it begins at `final` and climbs to the peak. What is the share of the way at step
`warmup`?"""


def lr_at(step, total, warmup, peak, final):
    if step <= warmup:
        return peak * (step + 1) / (warmup + 1)
    if step >= total:
        return final
    p = (step - warmup) / (total - 1 - warmup)
    return final + (peak - final) * 0.5 * (1 + math.cos(math.pi * (1 - p)))


# %% mistake="lr_at"
"""The wave begins at the wrong height: it falls by the *difference* of `peak` and `final`, from the one to the
other. Mind the brackets."""


def lr_at(step, total, warmup, peak, final):
    if step <= warmup:
        return peak * (step + 1) / (warmup + 1)
    if step >= total:
        return final
    p = (step - warmup) / (total - 1 - warmup)
    return peak - final * 0.5 * (1 + math.cos(math.pi * p))


# %% [markdown]
# ## clip_by_global_norm


# %% right="clip_by_global_norm"
"""the norm of the norms"""


def clip_by_global_norm(grads, max_norm):
    norm = torch.stack([grad.norm() for grad in grads]).norm().item()
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    for grad in grads:
        grad.mul_(factor)
    return norm


# %% right="clip_by_global_norm"
"""one long vector, a tiny number against dividing by zero"""


def clip_by_global_norm(grads, max_norm):
    norm = torch.cat([grad.flatten() for grad in grads]).norm()
    for grad in grads:
        grad.mul_(torch.clamp(max_norm / (norm + 1e-6), max=1.0))
    return float(norm)


# %% right="clip_by_global_norm"
"""with plain Python's hypotenuse of many numbers, written back by copy_"""


def clip_by_global_norm(grads, max_norm):
    norm = math.hypot(*(number for grad in grads for number in grad.flatten().tolist()))
    if norm >= max_norm:
        for grad in grads:
            grad.copy_(grad.double() * max_norm / norm)
    return norm


# %% right="clip_by_global_norm"
"""foreach functions, and the norm returned as a tensor of one element"""


def clip_by_global_norm(grads, max_norm):
    norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(grads)))
    if norm > max_norm:
        torch._foreach_mul_(grads, (max_norm / norm).item())
    return norm


# %% mistake="clip_by_global_norm"
"""Each tensor was clipped by its own norm. Together they can still be too long, and where only some are shortened, the
direction turns. One norm for all, one factor for all."""


def clip_by_global_norm(grads, max_norm):
    norm = math.sqrt(sum(grad.square().sum().item() for grad in grads))
    for grad in grads:
        if grad.norm() > max_norm:
            grad *= max_norm / grad.norm()
    return norm


# %% mistake="clip_by_global_norm"
"""Every gradient gets the length `max_norm`, short ones too: they are made *longer*. Clipping only shortens. (And a gradient
of zeros becomes 0/0.)"""


def clip_by_global_norm(grads, max_norm):
    norm = math.sqrt(sum(grad.square().sum().item() for grad in grads))
    for grad in grads:
        grad *= max_norm / max(norm, 1e-30)
    return norm


# %% mistake="clip_by_global_norm"
"""The gradients are right, but the norm that you return is the one from *after* clipping. It could never exceed
`max_norm`, and would say nothing about the training."""


def clip_by_global_norm(grads, max_norm):
    norm = math.sqrt(sum(grad.square().sum().item() for grad in grads))
    if norm > max_norm:
        for grad in grads:
            grad *= max_norm / norm
    return min(norm, max_norm)


# %% mistake="clip_by_global_norm"
"""The norms of the tensors were added up. Lengths at right angles do not add up like that: 3 and 4 make 5. Add squares, and
take the root at the end."""


def clip_by_global_norm(grads, max_norm):
    norm = sum(grad.norm().item() for grad in grads)
    if norm > max_norm:
        for grad in grads:
            grad *= max_norm / norm
    return norm


# %% mistake="clip_by_global_norm"
"""The root is missing: this is the *square* of the norm, and both the comparison and the factor are wrong with it."""


def clip_by_global_norm(grads, max_norm):
    norm = sum(grad.square().sum().item() for grad in grads)
    if norm > max_norm:
        for grad in grads:
            grad *= max_norm / norm
    return norm


# %% mistake="clip_by_global_norm"
"""The norm is right, but the tensors that were handed in, which the optimiser will read, are as long as before. New tensors
do not reach it: work in place."""


def clip_by_global_norm(grads, max_norm):
    norm = math.sqrt(sum(grad.square().sum().item() for grad in grads))
    if norm > max_norm:
        for grad in grads:
            grad = grad * max_norm / norm
    return norm


# %% mistake="clip_by_global_norm"
"""Every single number was cut off at `max_norm`. That is clipping by *value*: it changes the direction, and many numbers below
the limit can still be a long gradient."""


def clip_by_global_norm(grads, max_norm):
    norm = math.sqrt(sum(grad.square().sum().item() for grad in grads))
    for grad in grads:
        grad.clamp_(-max_norm, max_norm)
    return norm


# %% mistake="clip_by_global_norm"
"""The factor is upside down: a gradient that is too long gets longer still."""


def clip_by_global_norm(grads, max_norm):
    norm = math.sqrt(sum(grad.square().sum().item() for grad in grads))
    if norm > max_norm:
        for grad in grads:
            grad *= norm / max_norm
    return norm


# %% mistake="clip_by_global_norm"
"""The gradients are clipped, but the norm does not come back. It is worth printing, so the function should return it."""


def clip_by_global_norm(grads, max_norm):
    norm = math.sqrt(sum(grad.square().sum().item() for grad in grads))
    if norm > max_norm:
        for grad in grads:
            grad *= max_norm / norm


# %% mistake="clip_by_global_norm"
"""You took the largest single number for the norm. The norm is the root of the sum of all squares."""


def clip_by_global_norm(grads, max_norm):
    total = max(g.abs().max().item() for g in grads)
    if total > max_norm:
        for g in grads:
            g.mul_(max_norm / total)
    return total


# %% mistake="clip_by_global_norm"
"""You added up absolute values. The global norm is a length: the root of the sum of squares."""


def clip_by_global_norm(grads, max_norm):
    total = sum(g.abs().sum().item() for g in grads)
    if total > max_norm:
        for g in grads:
            g.mul_(max_norm / total)
    return total


# %% mistake="clip_by_global_norm"
"""You took the norm of the longest tensor for the global one. All of them together are longer than each."""


def clip_by_global_norm(grads, max_norm):
    total = max(g.norm().item() for g in grads)
    if total > max_norm:
        for g in grads:
            g.mul_(max_norm / total)
    return total


# %% [markdown]
# ## start_layer


# %% right="start_layer"
"""the function of nn.init, with its generator"""


def start_layer(linear, generator):
    nn.init.kaiming_normal_(linear.weight, nonlinearity="relu", generator=generator)
    nn.init.zeros_(linear.bias)


# %% right="start_layer"
"""uniform, with the same standard deviation"""


def start_layer(linear, generator):
    limit = math.sqrt(3) * math.sqrt(2 / linear.weight.shape[1])
    with torch.no_grad():
        linear.weight.uniform_(-limit, limit, generator=generator)
        linear.bias.fill_(0.0)


# %% right="start_layer"
"""drawn outside and copied in"""


def start_layer(linear, generator):
    outputs, inputs = linear.weight.shape
    numbers = torch.randn(outputs, inputs, generator=generator) * (2 / inputs) ** 0.5
    linear.weight.data.copy_(numbers)
    linear.bias.data.mul_(0)


# %% right="start_layer"
"""coins: every weight plus or minus the standard deviation"""


def start_layer(linear, generator):
    coins = torch.randint(0, 2, linear.weight.shape, generator=generator) * 2.0 - 1.0
    with torch.no_grad():
        linear.weight.copy_(coins * math.sqrt(2 / linear.in_features))
        linear.bias.copy_(torch.zeros_like(linear.bias))


# %% mistake="start_layer"
"""All weights are zero: no signal gets through, and all units of the layer are twins that stay twins. Chance must tell
them apart."""


def start_layer(linear, generator):
    with torch.no_grad():
        linear.weight.zero_()
        linear.bias.zero_()


# %% mistake="start_layer"
"""All weights have one and the same value. Its size does not help: units that begin alike get the same gradient at every
step. They must differ."""


def start_layer(linear, generator):
    with torch.no_grad():
        linear.weight.fill_(math.sqrt(2 / linear.in_features))
        linear.bias.zero_()


# %% mistake="start_layer"
"""The weights have standard deviation 1, however many inputs are added up: each layer makes the signal many times
larger. The more inputs, the smaller the weights."""


def start_layer(linear, generator):
    with torch.no_grad():
        linear.weight.normal_(0, 1, generator=generator)
        linear.bias.zero_()


# %% mistake="start_layer"
"""The 2 is missing: this is right for layers without a ReLU. A ReLU throws half of the squares away, and the weights must make
up for it."""


def start_layer(linear, generator):
    with torch.no_grad():
        linear.weight.normal_(0, math.sqrt(1 / linear.in_features), generator=generator)
        linear.bias.zero_()


# %% mistake="start_layer"
"""You counted the *outputs*. A unit adds up its inputs, so it is their number that matters. The weight has one row per
output."""


def start_layer(linear, generator):
    with torch.no_grad():
        linear.weight.normal_(0, math.sqrt(2 / linear.weight.shape[0]), generator=generator)
        linear.bias.zero_()


# %% mistake="start_layer"
"""2 / fan-in is the *variance*. The functions that draw normal numbers want its root, the standard deviation."""


def start_layer(linear, generator):
    with torch.no_grad():
        linear.weight.normal_(0, 2 / linear.in_features, generator=generator)
        linear.bias.zero_()


# %% mistake="start_layer"
"""This is what `nn.Linear` does by itself: with `a=√5` the function named Kaiming gives weights less than half as large as
Kaiming's."""


def start_layer(linear, generator):
    nn.init.kaiming_uniform_(linear.weight, a=math.sqrt(5), generator=generator)
    nn.init.zeros_(linear.bias)


# %% mistake="start_layer"
"""A uniform distribution from −s to s has a standard deviation of only s/√3. Which limit gives the one that is wanted?"""


def start_layer(linear, generator):
    limit = math.sqrt(2 / linear.in_features)
    with torch.no_grad():
        linear.weight.uniform_(-limit, limit, generator=generator)
        linear.bias.zero_()


# %% mistake="start_layer"
"""The biases still hold what PyTorch put there. The weights' size was worked out for biases of zero."""


def start_layer(linear, generator):
    with torch.no_grad():
        linear.weight.normal_(0, math.sqrt(2 / linear.in_features), generator=generator)


# %% mistake="start_layer"
"""The numbers come from PyTorch's global generator, not from the one handed in: the same generator does not give the same
layer, and other code gets other random numbers than before."""


def start_layer(linear, generator):
    with torch.no_grad():
        linear.weight.copy_(torch.randn(linear.weight.shape) * math.sqrt(2 / linear.in_features))
        linear.bias.zero_()


# %% mistake="start_layer"
"""Every call begins from the same seed, so two layers of one size are equal, whatever generator is handed in. Draw from the
generator as it is."""


def start_layer(linear, generator):
    own = torch.Generator().manual_seed(0)
    with torch.no_grad():
        linear.weight.normal_(0, math.sqrt(2 / linear.in_features), generator=own)
        linear.bias.zero_()


# %% mistake="start_layer"
"""The layer got new parameter tensors. An optimiser that was made before still holds the old ones, and would train those.
Fill the tensors that are there."""


def start_layer(linear, generator):
    numbers = torch.randn(linear.weight.shape, generator=generator) * math.sqrt(2 / linear.in_features)
    linear.weight = nn.Parameter(numbers)
    linear.bias = nn.Parameter(torch.zeros(linear.out_features))


# %% mistake="start_layer"
"""The layer still holds what PyTorch put there: whatever was drawn did not get into its tensors. Fill them in place."""


def start_layer(linear, generator):
    weight, bias = linear.weight.detach().clone(), linear.bias.detach().clone()
    weight.normal_(0, math.sqrt(2 / linear.in_features), generator=generator)
    bias.zero_()


# %% mistake="start_layer"
"""One row was drawn and used for all units: they are twins, and training will not part them. Each row needs numbers of its
own."""


def start_layer(linear, generator):
    row = torch.randn(1, linear.in_features, generator=generator) * math.sqrt(2 / linear.in_features)
    with torch.no_grad():
        linear.weight.copy_(row.expand_as(linear.weight))
        linear.bias.zero_()


# %% mistake="start_layer"
"""The biases are random numbers as well. Asked for are zeros."""


@torch.no_grad()
def start_layer(linear, generator):
    std = math.sqrt(2 / linear.in_features)
    linear.weight.normal_(0, std, generator=generator)
    linear.bias.normal_(0, std, generator=generator)


# %% mistake="start_layer"
"""The weights' size hangs on fan-in *and* fan-out. That is Glorot's start, for layers without a ReLU; here only the
inputs count."""


@torch.no_grad()
def start_layer(linear, generator):
    out, inp = linear.weight.shape
    linear.weight.normal_(0, math.sqrt(2 / (inp + out)), generator=generator)
    linear.bias.zero_()


# %% [markdown]
# ## lr_range_test


# %% right="lr_range_test"
"""on the model itself, everything put back at the end"""


def lr_range_test(model, batches, criterion, low, high, steps):
    before = copy.deepcopy(model.state_dict())
    modes = [part.training for part in model.modules()]
    gradients = [parameter.grad for parameter in model.parameters()]
    model.train()
    rates, losses = [], []
    try:
        for i in range(steps):
            rate = low * (high / low) ** (i / (steps - 1))
            x, y = batches[i % len(batches)]
            loss = criterion(model(x), y)
            rates.append(rate)
            losses.append(float(loss.detach()))
            if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
                break
            parameters = list(model.parameters())
            slopes = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                for parameter, slope in zip(parameters, slopes):
                    parameter -= rate * slope
    finally:
        model.load_state_dict(before)
        for part, mode in zip(model.modules(), modes):
            part.training = mode
        for parameter, gradient in zip(model.parameters(), gradients):
            parameter.grad = gradient
    return rates, losses


# %% right="lr_range_test"
"""an optimiser for each step, the rate multiplied on"""


def lr_range_test(model, batches, criterion, low, high, steps):
    from itertools import cycle, islice

    model = copy.deepcopy(model)
    model.train()
    rate, factor, smallest = low, (high / low) ** (1 / (steps - 1)), math.inf
    rates, losses = [], []
    for x, y in islice(cycle(batches), steps):
        model.zero_grad()
        loss = criterion(model(x), y)
        rates.append(rate)
        losses.append(loss.item())
        smallest = min(smallest, loss.item())
        if not loss.item() <= 4 * smallest:
            break
        loss.backward()
        torch.optim.SGD(model.parameters(), lr=rate).step()
        rate *= factor
    return rates, losses


# %% right="lr_range_test"
"""without a model: functional_call with its own parameters and buffers"""


def lr_range_test(model, batches, criterion, low, high, steps):
    twin = copy.deepcopy(model).train()
    weights = {name: value.detach().clone().requires_grad_() for name, value in twin.named_parameters()}
    memory = {name: value.clone() for name, value in twin.named_buffers()}
    pairs = []
    for i in range(steps):
        x, y = batches[i % len(batches)]
        rate = math.exp(math.log(low) + i / (steps - 1) * (math.log(high) - math.log(low)))
        loss = criterion(torch.func.functional_call(twin, {**weights, **memory}, (x,)), y)
        pairs.append((rate, loss.item()))
        if not math.isfinite(loss.item()) or loss.item() > 4 * min(value for _, value in pairs):
            break
        slopes = torch.autograd.grad(loss, list(weights.values()))
        weights = {name: (w - rate * g).detach().requires_grad_() for (name, w), g in zip(weights.items(), slopes)}
    return [rate for rate, _ in pairs], [value for _, value in pairs]


# %% mistake="lr_range_test"
"""The test trained the very model that it got, and left it as it was at the end: ruined. Work on something else, or put everything
back."""


def lr_range_test(model, batches, criterion, low, high, steps):
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=low)
    rates, losses = [], []
    for step in range(steps):
        inputs, targets = batches[step % len(batches)]
        rate = low * (high / low) ** (step / (steps - 1))
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        rates.append(rate)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
        loss.backward()
        optimizer.step()
    return rates, losses


# %% mistake="lr_range_test"
"""`state_dict()` was noted without a copy: what you load at the end are the changed tensors themselves. The model stays as the test
left it."""


def lr_range_test(model, batches, criterion, low, high, steps):
    before, mode = model.state_dict(), model.training
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=low)
    rates, losses = [], []
    for step in range(steps):
        inputs, targets = batches[step % len(batches)]
        rate = low * (high / low) ** (step / (steps - 1))
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        rates.append(rate)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
        loss.backward()
        optimizer.step()
    model.load_state_dict(before)
    model.train(mode)
    optimizer.zero_grad()
    return rates, losses


# %% mistake="lr_range_test"
"""The parameters were put back, but not the buffers: batch normalisation remembers the means and variances of your test. They
belong to the model as well."""


def lr_range_test(model, batches, criterion, low, high, steps):
    before, mode = [parameter.detach().clone() for parameter in model.parameters()], model.training
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=low)
    rates, losses = [], []
    for step in range(steps):
        inputs, targets = batches[step % len(batches)]
        rate = low * (high / low) ** (step / (steps - 1))
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        rates.append(rate)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        for parameter, old in zip(model.parameters(), before):
            parameter.copy_(old)
    model.train(mode)
    optimizer.zero_grad()
    return rates, losses


# %% mistake="lr_range_test"
"""Your rates grow by equal *differences*. Nearly all steps are spent at large rates then. Each rate should be the one before
times a constant factor."""


def lr_range_test(model, batches, criterion, low, high, steps):
    twin = copy.deepcopy(model).train()
    optimizer = torch.optim.SGD(twin.parameters(), lr=low)
    rates, losses = [], []
    for step in range(steps):
        inputs, targets = batches[step % len(batches)]
        rate = low + (high - low) * step / (steps - 1)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss = criterion(twin(inputs), targets)
        rates.append(rate)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
        loss.backward()
        optimizer.step()
    return rates, losses


# %% mistake="lr_range_test"
"""The last rate stays below `high`: between the first and the last of the steps there is one factor less than there are
steps."""


def lr_range_test(model, batches, criterion, low, high, steps):
    twin = copy.deepcopy(model).train()
    optimizer = torch.optim.SGD(twin.parameters(), lr=low)
    rates, losses = [], []
    for step in range(steps):
        inputs, targets = batches[step % len(batches)]
        rate = low * (high / low) ** (step / steps)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss = criterion(twin(inputs), targets)
        rates.append(rate)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
        loss.backward()
        optimizer.step()
    return rates, losses


# %% mistake="lr_range_test"
"""The new rate is set *after* the step, as by a scheduler in the wrong place: each step is made with the rate of the step
before. The noted rates are right, the losses belong to others."""


def lr_range_test(model, batches, criterion, low, high, steps):
    twin = copy.deepcopy(model).train()
    optimizer = torch.optim.SGD(twin.parameters(), lr=low)
    rates, losses = [], []
    for step in range(steps):
        inputs, targets = batches[step % len(batches)]
        rate = low * (high / low) ** (step / (steps - 1))
        optimizer.zero_grad()
        loss = criterion(twin(inputs), targets)
        rates.append(rate)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
        loss.backward()
        optimizer.step()
        optimizer.param_groups[0]["lr"] = rate
    return rates, losses


# %% mistake="lr_range_test"
"""Your test goes on after the blow-up, through all its steps. What comes then is noise, infinity or NaN."""


def lr_range_test(model, batches, criterion, low, high, steps):
    twin = copy.deepcopy(model).train()
    optimizer = torch.optim.SGD(twin.parameters(), lr=low)
    rates, losses = [], []
    for step in range(steps):
        inputs, targets = batches[step % len(batches)]
        rate = low * (high / low) ** (step / (steps - 1))
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss = criterion(twin(inputs), targets)
        rates.append(rate)
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    return rates, losses


# %% mistake="lr_range_test"
"""A loss that is NaN does not end your test: NaN is neither greater nor smaller than anything, so the comparison says no. Ask
whether it is finite."""


def lr_range_test(model, batches, criterion, low, high, steps):
    twin = copy.deepcopy(model).train()
    optimizer = torch.optim.SGD(twin.parameters(), lr=low)
    rates, losses = [], []
    for step in range(steps):
        inputs, targets = batches[step % len(batches)]
        rate = low * (high / low) ** (step / (steps - 1))
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss = criterion(twin(inputs), targets)
        rates.append(rate)
        losses.append(loss.item())
        if losses[-1] > 4 * min(losses):
            break
        loss.backward()
        optimizer.step()
    return rates, losses


# %% mistake="lr_range_test"
"""The loss that blew up is not in the list. It is the cliff that one wants to see: note it first, then end."""


def lr_range_test(model, batches, criterion, low, high, steps):
    twin = copy.deepcopy(model).train()
    optimizer = torch.optim.SGD(twin.parameters(), lr=low)
    rates, losses = [], []
    for step in range(steps):
        inputs, targets = batches[step % len(batches)]
        rate = low * (high / low) ** (step / (steps - 1))
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss = criterion(twin(inputs), targets)
        if not math.isfinite(loss.item()) or loss.item() > 4 * min([*losses, loss.item()]):
            break
        rates.append(rate)
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    return rates, losses


# %% mistake="lr_range_test"
"""You never emptied the gradients: each step uses the sum of all gradients so far. Lesson 7 shows why they must be cleared."""


def lr_range_test(model, batches, criterion, low, high, steps):
    twin = copy.deepcopy(model).train()
    optimizer = torch.optim.SGD(twin.parameters(), lr=low)
    rates, losses = [], []
    for step in range(steps):
        inputs, targets = batches[step % len(batches)]
        rate = low * (high / low) ** (step / (steps - 1))
        optimizer.param_groups[0]["lr"] = rate
        loss = criterion(twin(inputs), targets)
        rates.append(rate)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
        loss.backward()
        optimizer.step()
    return rates, losses


# %% mistake="lr_range_test"
"""The losses were measured in the mode that the model happened to be in. The test is a training: set the mode, on the copy."""


def lr_range_test(model, batches, criterion, low, high, steps):
    twin = copy.deepcopy(model)
    optimizer = torch.optim.SGD(twin.parameters(), lr=low)
    rates, losses = [], []
    for step in range(steps):
        inputs, targets = batches[step % len(batches)]
        rate = low * (high / low) ** (step / (steps - 1))
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss = criterion(twin(inputs), targets)
        rates.append(rate)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
        loss.backward()
        optimizer.step()
    return rates, losses


# %% mistake="lr_range_test"
"""When the batches are used up, your test is over, whatever `steps` says. Begin again with the first batch."""


def lr_range_test(model, batches, criterion, low, high, steps):
    twin = copy.deepcopy(model).train()
    optimizer = torch.optim.SGD(twin.parameters(), lr=low)
    rates, losses = [], []
    for step, (inputs, targets) in enumerate(batches):
        rate = low * (high / low) ** (step / (steps - 1))
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss = criterion(twin(inputs), targets)
        rates.append(rate)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
        loss.backward()
        optimizer.step()
    return rates, losses


# %% mistake="lr_range_test"
"""You compare with the *first* loss. The test ends where a loss is more than four times the *smallest* so far."""


def lr_range_test(model, batches, criterion, low, high, steps):
    model = copy.deepcopy(model)
    opt = torch.optim.SGD(model.parameters(), lr=low)
    model.train()
    rates, losses = [], []
    for i in range(steps):
        rate = low * (high / low) ** (i / (steps - 1))
        opt.param_groups[0]["lr"] = rate
        x, y = batches[i % len(batches)]
        opt.zero_grad()
        loss = criterion(model(x), y)
        rates.append(rate)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * losses[0]:
            break
        loss.backward()
        opt.step()
    return rates, losses

# %% mistake="lr_range_test"
"""The rates are in the list, and the optimiser never hears of them: every step is made with the first one."""


def lr_range_test(model, batches, criterion, low, high, steps):
    model = copy.deepcopy(model)
    opt = torch.optim.SGD(model.parameters(), lr=low)
    model.train()
    rates, losses = [], []
    for i in range(steps):
        rate = low * (high / low) ** (i / (steps - 1))
        x, y = batches[i % len(batches)]
        opt.zero_grad()
        loss = criterion(model(x), y)
        rates.append(rate)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
        loss.backward()
        opt.step()
    return rates, losses

# %% mistake="lr_range_test"
"""The model holds what the last step left behind: `state_dict()` hands out the model's own tensors, which
changed along. Keep a copy."""


def lr_range_test(model, batches, criterion, low, high, steps):
    mode = model.training
    saved = model.state_dict()
    opt = torch.optim.SGD(model.parameters(), lr=low)
    model.train()
    rates, losses = [], []
    for i in range(steps):
        rate = low * (high / low) ** (i / (steps - 1))
        opt.param_groups[0]["lr"] = rate
        x, y = batches[i % len(batches)]
        opt.zero_grad()
        loss = criterion(model(x), y)
        rates.append(rate)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
        loss.backward()
        opt.step()
    model.load_state_dict(saved)
    model.train(mode)
    return rates, losses


# %% mistake="lr_range_test"
"""You note the loss *after* the step. Each rate belongs to the loss from before its step, the one the gradient
comes from."""


def lr_range_test(model, batches, criterion, low, high, steps):
    model = copy.deepcopy(model)
    model.train()
    opt = torch.optim.SGD(model.parameters(), lr=low)
    rates, losses = [], []
    for i in range(steps):
        lr = low * (high / low) ** (i / (steps - 1))
        opt.param_groups[0]["lr"] = lr
        x, y = batches[i % len(batches)]
        opt.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        opt.step()
        rates.append(lr)
        losses.append(criterion(model(x), y).item())
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
    return rates, losses


# %% mistake="lr_range_test"
"""The optimiser has a momentum. The test is one of plain SGD, or else old rates have a say in later steps."""


def lr_range_test(model, batches, criterion, low, high, steps):
    model = copy.deepcopy(model)
    model.train()
    opt = torch.optim.SGD(model.parameters(), lr=low, momentum=0.9)
    rates, losses = [], []
    for i in range(steps):
        lr = low * (high / low) ** (i / (steps - 1))
        opt.param_groups[0]["lr"] = lr
        x, y = batches[i % len(batches)]
        opt.zero_grad()
        loss = criterion(model(x), y)
        rates.append(lr)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
        loss.backward()
        opt.step()
    return rates, losses


# %% [markdown]
# ## Exit questions


# %% mistake="exit_schedule"
"""A scheduler does not know what an epoch is. It counts its calls, and here there are 47 of them in each epoch."""
exit_schedule = "a"

# %% mistake="exit_schedule"
"""It does reach 0 after ten calls. But a cosine is a wave: what comes after its lowest point?"""
exit_schedule = "b"

# %% mistake="exit_schedule"
"""No error is raised: `T_max` is half the length of a wave, not a limit. That is what makes this fault so quiet."""
exit_schedule = "d"

# %% mistake="exit_decay"
"""SGD's step is proportional to the weight decay: with 0.01 the weight would stand at 1.998, with 1 at 1.8. Which optimiser
does not care how large a gradient is?"""
exit_decay = "a"

# %% mistake="exit_decay"
"""AdamW shrinks by the factor 1 − lr · decay: 1.998 and 1.8. For the same number in both cases something must have cancelled the
decay's size."""
exit_decay = "c"

# %% mistake="exit_decay"
"""Without bias correction the first step is 3.16 times the learning rate, so the weight would stand near 1.68. The step here
was exactly 0.1."""
exit_decay = "d"

# %% mistake="exit_clip"
"""If the gradients had vanished, no step could blow up, nor could the loss have fallen at first. There are gradients; where are they not
yet to be seen?"""
exit_clip = "a"

# %% mistake="exit_clip"
"""After `step()` the gradients are still there, so the norm would not be 0. (It would be of no use there, either: the step has been
taken.)"""
exit_clip = "b"

# %% mistake="exit_clip"
"""What it returns is the norm from *before* clipping. And after clipping at 1 it would be up to 1, not 0."""
exit_clip = "d"
