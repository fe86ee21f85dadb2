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
