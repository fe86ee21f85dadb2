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
