# Answers that were decided wrongly (06_autograd), in the form of an answers bank.
# right: must pass. mistake: must fail, and its advice must be true of it (the text says what was done).

# %% mistake="gradient_of"
"""tracks x itself, then requires_grad_(False): a tracked x is untracked afterwards"""


# good advice: x.requires_grad must stay as it was
def gradient_of(f, x):
    x.requires_grad_(True)
    (g,) = torch.autograd.grad(f(x).sum(), x)
    x.requires_grad_(False)
    return g


# %% right="repair_the_tape"
"""works on a deep copy of the model and hands the gradients over"""


import copy


def repair_the_tape(model, batch):
    twin = copy.deepcopy(model)
    twin.zero_grad()
    loss = F.cross_entropy(twin(batch[0]), batch[1]) + 0.01 * sum((p**2).sum() for p in twin.parameters())
    loss.backward()
    for mine, theirs in zip(model.parameters(), twin.parameters()):
        mine.grad = theirs.grad.clone()
    return loss.detach()


# %% right="repair_the_tape"
"""torch.func.grad_and_value, gradients written into .grad"""


from torch.func import functional_call, grad_and_value


def repair_the_tape(model, batch):
    images, labels = batch
    params = {name: p.detach() for name, p in model.named_parameters()}

    def whole_loss(params):
        logits = functional_call(model, params, (images,))
        return F.cross_entropy(logits, labels) + 0.01 * sum((p**2).sum() for p in params.values())

    grads, loss = grad_and_value(whole_loss)(params)
    for name, p in model.named_parameters():
        p.grad = grads[name]
    return loss


# %% mistake="sgd_update"
"""set_grad_enabled(False) ... (True): recording is on afterwards even where the caller had it off"""


# good advice: outside as before: remember, or use with
def sgd_update(params, lr):
    torch.set_grad_enabled(False)
    for p in params:
        if p.grad is not None:
            p -= lr * p.grad
    torch.set_grad_enabled(True)


# %% mistake="vjp"
"""autograd.grad on x after requires_grad_"""


# good advice: plain x gets tracked: x stays as it is
def vjp(f, x, v):
    x.requires_grad_()
    return torch.autograd.grad(f(x), x, v)[0]


# %% right="gradient_of"
"""vjp from torch.func"""


def gradient_of(f, x):
    out, back = torch.func.vjp(f, x.detach())
    return back(torch.ones_like(out))[0].detach()


# %% right="gradient_of"
"""jacobian summed"""


def gradient_of(f, x):
    J = torch.autograd.functional.jacobian(lambda z: f(z).sum(), x.detach().clone())
    return J.reshape(x.shape)


# %% right="predict_accumulation"
"""sum of range"""


def predict_accumulation(k, cleared):
    return 6.0 * (k if cleared else sum(range(1, k + 1)))


# %% right="predict_accumulation"
"""runs it"""


def predict_accumulation(k, cleared):
    x = torch.tensor(3.0, requires_grad=True)
    for i in range(1, k + 1):
        if cleared:
            x.grad = None
        (i * x**2).backward()
    return x.grad.item()


# %% right="sgd_update"
"""add_ with alpha under inference-free no_grad decorator"""


@torch.no_grad()
def sgd_update(params, lr):
    for p in params:
        if p.grad is None:
            continue
        p.add_(p.grad, alpha=-lr)


# %% right="sgd_update"
"""copy_"""


def sgd_update(params, lr):
    with torch.no_grad():
        for p in list(params):
            if p.grad is not None:
                p.copy_(p - lr * p.grad)


# %% right="stop_gradient_loss"
"""functions of mse"""


def stop_gradient_loss(a, b):
    return F.mse_loss(a, b.detach()) + F.mse_loss(a.detach(), b) / 4


# %% right="stop_gradient_loss"
"""no_grad copies"""


def stop_gradient_loss(a, b):
    with torch.no_grad():
        a0, b0 = a.clone(), b.clone()
    return torch.mean((a - b0) ** 2 + 0.25 * (a0 - b) ** 2)


# %% right="vjp"
"""dot"""


def vjp(f, x, v):
    z = x.detach().clone().requires_grad_(True)
    return torch.autograd.grad((f(z) * v).sum(), z)[0]


# %% right="vjp"
"""backward with gradient"""


def vjp(f, x, v):
    z = x.detach().clone()
    z.requires_grad = True
    f(z).backward(gradient=v, inputs=[z])
    return z.grad


# %% right="repair_the_tape"
"""own gradients by autograd.grad"""


def repair_the_tape(model, batch):
    images, labels = batch
    loss = F.cross_entropy(model(images), labels) + 0.01 * sum((p * p).sum() for p in model.parameters())
    for p, g in zip(model.parameters(), torch.autograd.grad(loss, list(model.parameters()))):
        p.grad = g
    return loss.detach()

# %% right="gradient_of"
"""torch.func.grad of a summed function"""


def gradient_of(f, x):
    return torch.func.grad(lambda t: f(t).sum())(x.detach())

# %% right="gradient_of"
"""ones as grad_outputs"""


def gradient_of(f, x):
    with torch.enable_grad():
        z = torch.tensor(x.tolist(), dtype=x.dtype, requires_grad=True)
        out = f(z)
        result = torch.autograd.grad(outputs=out, inputs=[z], grad_outputs=torch.ones_like(out))
    return result[0]

# %% right="predict_accumulation"
"""runs the loop and returns the tensor's number"""


def predict_accumulation(k, cleared):
    x = torch.tensor(3.0, requires_grad=True)
    for i in range(1, k + 1):
        if cleared:
            x.grad = None
        loss = i * x**2
        loss.backward()
    return float(x.grad)

# %% right="predict_accumulation"
"""a sum over slopes, integer arithmetic"""


def predict_accumulation(k, cleared):
    slopes = [2 * 3 * i for i in range(1, k + 1)]
    return slopes[-1] if cleared else sum(slopes)

# %% right="sgd_update"
"""add_ with alpha under the decorator"""


@torch.no_grad()
def sgd_update(params, lr):
    for p in params:
        if p.grad is not None:
            p.add_(p.grad, alpha=-lr)

# %% right="sgd_update"
"""copy_ of the new numbers, with a list made first"""


def sgd_update(params, lr):
    trained = [p for p in params if p.grad is not None]
    with torch.no_grad():
        for p in trained:
            new = p - lr * p.grad
            p.copy_(new)

# %% right="stop_gradient_loss"
"""F.mse_loss"""


def stop_gradient_loss(a, b):
    return F.mse_loss(a, b.detach()) + F.mse_loss(b, a.detach()) * 0.25

# %% right="stop_gradient_loss"
"""copies made under no_grad, and a written-out mean"""


def stop_gradient_loss(a, b):
    with torch.no_grad():
        fixed_a, fixed_b = a + 0, b + 0
    n = a.numel()
    pull_a = (a - fixed_b).square().sum() / n
    pull_b = (b - fixed_a).square().sum() / n
    return pull_a + pull_b / 4

# %% mistake="vjp"
"""Weights the outputs by a matrix product (v @ y) instead of element by element: raises for the shapes."""


def vjp(f, x, v):
    leaf = x.detach().clone().requires_grad_()
    y = f(leaf)
    s = (v @ y).sum()
    return torch.autograd.grad(s, leaf)[0]

# %% right="vjp"
"""backward with a gradient argument on a leaf of its own"""


def vjp(f, x, v):
    leaf = x.detach().clone()
    leaf.requires_grad_()
    y = f(leaf)
    y.backward(gradient=v, inputs=[leaf])
    return leaf.grad

# %% right="vjp"
"""a dot product of flattened tensors"""


def vjp(f, x, v):
    z = x.detach().requires_grad_(True)
    scalar = torch.dot(f(z).reshape(-1), v.reshape(-1))
    return torch.autograd.grad(scalar, z)[0]

# %% right="repair_the_tape"
"""gradients from autograd.grad, put into .grad by hand"""


def repair_the_tape(model, batch):
    images, labels = batch
    params = list(model.parameters())
    loss = F.cross_entropy(model(images), labels) + 0.01 * sum(p.square().sum() for p in params)
    for p, g in zip(params, torch.autograd.grad(loss, params)):
        p.grad = g
    return loss.detach()

# %% right="repair_the_tape"
"""layer by layer, the penalty by norms"""


def repair_the_tape(model, batch):
    x, y = batch
    for p in model.parameters():
        p.grad = None
    for layer in model:
        x = layer(x)
    loss = nn.CrossEntropyLoss()(x, y)
    flat = torch.cat([p.view(-1) for p in model.parameters()])
    loss = loss + 0.01 * flat.dot(flat)
    loss.backward()
    return loss.item()

# %% mistake="gradient_of"
"""Returns one number, the sum of the gradient."""


def gradient_of(f, x):
    leaf = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(leaf).sum(), leaf)[0].sum()

# %% mistake="predict_accumulation"
"""Forgets to halve k(k+1)."""


def predict_accumulation(k, cleared):
    if cleared:
        return 6 * k
    return 6 * k * (k + 1)

# %% mistake="predict_accumulation"
"""Takes the sum for a power: 6**k without clearing."""


def predict_accumulation(k, cleared):
    if cleared:
        return 6.0 * k
    return 6.0**k
