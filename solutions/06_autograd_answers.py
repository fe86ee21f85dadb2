# %% [markdown]
# # Answers to lesson 6

# %% [markdown]
# ## gradient_of

# %% right="gradient_of"
"""backward, told which leaf to fill"""
def gradient_of(f, x):
    leaf = x.detach().clone()
    leaf.requires_grad = True
    f(leaf).sum().backward(inputs=[leaf])
    return leaf.grad

# %% right="gradient_of"
"""ones handed over in place of the sum"""
def gradient_of(f, x):
    leaf = x.detach().requires_grad_(True)
    output = f(leaf)
    return torch.autograd.grad(outputs=output, inputs=leaf, grad_outputs=torch.ones_like(output))[0]

# %% right="gradient_of"
"""the library's transformation"""
def gradient_of(f, x):
    return torch.func.grad(lambda t: f(t).sum())(x.detach())

# %% right="gradient_of"
"""the caller's tensor, put back as it was"""
def gradient_of(f, x):
    tracked = x.requires_grad
    x.requires_grad_(True)
    result = torch.autograd.grad(torch.sum(f(x)), [x])[0]
    x.requires_grad_(tracked)
    return result

# %% right="gradient_of"
"""backward, and everything it filled put back"""
def gradient_of(f, x):
    leaf = torch.tensor(x.tolist(), dtype=x.dtype, requires_grad=True)
    total = f(leaf).sum()
    held = {}
    waiting = [total.grad_fn]
    while waiting:
        node = waiting.pop()
        if hasattr(node, "variable"):
            held[id(node.variable)] = (node.variable, node.variable.grad)
        waiting.extend(parent for parent, _ in node.next_functions if parent is not None)
    for tensor, _ in held.values():
        tensor.grad = None
    total.backward()
    result = leaf.grad
    for tensor, before in held.values():
        tensor.grad = before
    return result

# %% mistake="gradient_of"
"""`backward` filled the `.grad` of *every* leaf on the tape, and the weights of `f` are leaves as well: what they held before is mixed with something new. Ask in the way that only answers."""
def gradient_of(f, x):
    leaf = x.detach().clone().requires_grad_()
    f(leaf).sum().backward()
    return leaf.grad

# %% mistake="gradient_of"
"""Nothing leads from the output back to your leaf: `f` ran while nothing was recorded, because tracking was switched on too late, or under `no_grad`; or the output was detached afterwards. Nothing is recorded in retrospect: which line has to come first?"""
def gradient_of(f, x):
    leaf = x.detach().clone()
    output = f(leaf).sum()
    leaf.requires_grad_()
    return torch.autograd.grad(output, leaf)[0]

# %% mistake="gradient_of"
"""A backward pass starts from one number, and this output has many. The statement says what to make of them."""
def gradient_of(f, x):
    leaf = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(leaf), leaf)[0]

# %% mistake="gradient_of"
"""You took the mean of the outputs; here they are added up. How many outputs are there, and by what factor do the two differ?"""
def gradient_of(f, x):
    leaf = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(leaf).mean(), leaf)[0]

# %% mistake="gradient_of"
"""You worked on the caller's own tensor: afterwards it is tracked, and its `.grad` holds your gradient on top of what lay there. Work on a copy that is off the tape."""
def gradient_of(f, x):
    x.requires_grad_()
    f(x).sum().backward()
    return x.grad

# %% mistake="gradient_of"
"""You worked on the caller's own tensor and cleared its `.grad` first: what lay there is lost, and the tensor is tracked now. Work on a copy that is off the tape."""
def gradient_of(f, x):
    x.requires_grad_()
    x.grad = None
    f(x).sum().backward()
    return x.grad

# %% mistake="gradient_of"
"""The caller's tensor is tracked now, and was not before. Ask with a copy of your own."""
def gradient_of(f, x):
    x.requires_grad_()
    return torch.autograd.grad(f(x).sum(), x)[0]

# %% mistake="gradient_of"
"""Plain data works, but a clone of a *tracked* tensor is the result of an operation and no leaf: its `.grad` stays `None`, and the gradient runs on into the caller's tensor. What takes a tensor off the tape?"""
def gradient_of(f, x):
    leaf = x.clone().requires_grad_()
    f(leaf).sum().backward()
    return leaf.grad

# %% mistake="gradient_of"
"""You returned `None`. That is what `backward` itself gives back, and also what lies in the `.grad` of the *output*, which is no leaf. The gradient is in the `.grad` of the leaf."""
def gradient_of(f, x):
    leaf = x.detach().clone().requires_grad_()
    output = f(leaf)
    output.sum().backward()
    return output.grad

# %% mistake="gradient_of"
"""You returned a tuple with the gradient in it: `torch.autograd.grad` gives one gradient for each input, even if there is one input only."""
def gradient_of(f, x):
    leaf = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(leaf).sum(), leaf)

# %% mistake="gradient_of"
"""You went back along the same tape twice, and the first pass used it up. One pass is enough: either `backward` or `torch.autograd.grad`."""
def gradient_of(f, x):
    leaf = x.detach().clone().requires_grad_()
    total = f(leaf).sum()
    total.backward()
    return torch.autograd.grad(total, leaf)[0]

# %% mistake="gradient_of"
"""You went back along the same tape twice and kept it alive for that, so the leaf got its gradient twice. `retain_graph` cures a message, not its cause."""
def gradient_of(f, x):
    leaf = x.detach().clone().requires_grad_()
    total = f(leaf).sum()
    total.backward(retain_graph=True)
    total.backward()
    return leaf.grad

# %% mistake="gradient_of"
"""A deep copy of a tensor copies the `.grad` in it as well, and `backward` adds to that. Which two words give you the numbers alone?"""
def gradient_of(f, x):
    from copy import deepcopy
    leaf = deepcopy(x).requires_grad_()
    f(leaf).sum().backward()
    return leaf.grad

# %% right="gradient_of"
"""the old name of a leaf, and an output that is reduced only if it must be"""
def gradient_of(f, x):
    leaf = torch.autograd.Variable(x.data.clone(), requires_grad=True)
    output = f(leaf)
    if output.dim() > 0:
        output = output.sum()
    return torch.autograd.grad(output, leaf, create_graph=True)[0]

# %% [markdown]
# ## predict_accumulation

# %% right="predict_accumulation"
"""running the loop"""
def predict_accumulation(k, cleared):
    x = torch.tensor(3.0, requires_grad=True)
    for i in range(1, k + 1):
        if cleared:
            x.grad = None
        loss = i * x**2
        loss.backward()
    return x.grad.item()

# %% right="predict_accumulation"
"""running the loop, zeros in place of None, a tensor returned"""
def predict_accumulation(k, cleared):
    x = torch.tensor(3.0, requires_grad=True, dtype=torch.float64)
    for i in range(k):
        if cleared and x.grad is not None:
            x.grad.zero_()
        ((i + 1) * x * x).backward()
    return x.grad

# %% right="predict_accumulation"
"""a sum in plain Python, whole numbers"""
def predict_accumulation(k: int, cleared: bool):
    gradients = [i * 2 * 3 for i in range(1, k + 1)]
    return gradients[-1] if cleared else sum(gradients)

# %% mistake="predict_accumulation"
"""You let each pass overwrite the one before. `backward` adds to `.grad`: without clearing, all passes are still in it."""
def predict_accumulation(k, cleared):
    return 6.0 * k

# %% mistake="predict_accumulation"
"""Adding is right, but the passes are not alike: pass number i adds i times as much as the first."""
def predict_accumulation(k, cleared):
    return 6.0 if cleared else 6.0 * k

# %% mistake="predict_accumulation"
"""You swapped the two cases. Which of them leaves a single pass in `.grad`, the last one?"""
def predict_accumulation(k, cleared):
    return 3.0 * k * (k + 1) if cleared else 6.0 * k

# %% mistake="predict_accumulation"
"""You added up in both cases. What is left of the earlier passes when `.grad` is cleared before each new one?"""
def predict_accumulation(k, cleared):
    return 3.0 * k * (k + 1)

# %% mistake="predict_accumulation"
"""With clearing you have nothing left at all. It is cleared *before* a pass, so the last pass is still in `.grad`."""
def predict_accumulation(k, cleared):
    return 0.0 if cleared else 3.0 * k * (k + 1)

# %% mistake="predict_accumulation"
"""You added one pass too few. The loop counts from 1 to k, with k included; `range(k)` ends at k - 1."""
def predict_accumulation(k, cleared):
    return 6.0 * (k - 1) if cleared else 6.0 * sum(range(k))

# %% mistake="predict_accumulation"
"""You added one pass too few when nothing is cleared: the loop counts from 1 to k, with k included."""
def predict_accumulation(k, cleared):
    return 6.0 * k if cleared else 6.0 * sum(range(k))

# %% mistake="predict_accumulation"
"""This is the loss, not its derivative. `.grad` holds how fast the loss changes with `x`."""
def predict_accumulation(k, cleared):
    return 9.0 * k if cleared else 4.5 * k * (k + 1)

# %% mistake="predict_accumulation"
"""A factor of 2 is missing: what is the derivative of a square?"""
def predict_accumulation(k, cleared):
    return 3.0 * k if cleared else 1.5 * k * (k + 1)

# %% mistake="predict_accumulation"
"""You doubled at every pass. A pass adds its own gradient, however much lies there already."""
def predict_accumulation(k, cleared):
    return 6.0 * k if cleared else 6.0 * 2 ** (k - 1)

# %% mistake="predict_accumulation"
"""`3` is a whole number, and only floats can require gradients. What makes it a float?"""
def predict_accumulation(k, cleared):
    x = torch.tensor(3, requires_grad=True)
    for i in range(1, k + 1):
        if cleared:
            x.grad = None
        (i * x**2).backward()
    return x.grad.item()

# %% mistake="predict_accumulation"
"""What comes back is `None`. A function hands its answer to the caller with `return`, on every path; printing shows it and no more."""
def predict_accumulation(k, cleared):
    print(6.0 * k if cleared else 3.0 * k * (k + 1))

# %% mistake="predict_accumulation"
"""With clearing there is nothing left at the end. The loop clears *before* a pass, so the last pass is still in `.grad`."""
def predict_accumulation(k, cleared):
    x = torch.tensor(3.0, requires_grad=True)
    for i in range(1, k + 1):
        (i * x**2).backward()
        if cleared:
            x.grad = None
    return x.grad


# %% mistake="predict_accumulation"
"""You returned what the *first* pass leaves. With clearing it is the last one whose gradient is still in `.grad`,
and the passes are not alike."""


def predict_accumulation(k, cleared):
    total = 0.0
    for i in range(1, k + 1):
        total += 6 * i
    return 6.0 if cleared else total


# %% mistake="predict_accumulation"
"""Without clearing you have exactly twice what is there: 1 + 2 + … + k is *half* of k(k + 1)."""


def predict_accumulation(k, cleared):
    if cleared:
        return 6 * k
    return 6 * k * (k + 1)


# %% [markdown]
# ## sgd_update

# %% right="sgd_update"
"""the in-place method, with its factor"""
@torch.no_grad()
def sgd_update(params, lr):
    for p in params:
        if p.grad is None:
            continue
        p.sub_(p.grad, alpha=lr)

# %% right="sgd_update"
"""new numbers copied into the old tensor"""
def sgd_update(params, lr):
    for p in list(params):
        if isinstance(p.grad, Tensor):
            with torch.set_grad_enabled(False):
                p.copy_(p - lr * p.grad)

# %% right="sgd_update"
"""through a view without history, which shares the guard"""
def sgd_update(params, lr):
    for p in params:
        if p.grad is not None:
            view = p.detach()
            view -= p.grad * lr

# %% right="sgd_update"
"""every element assigned"""
def sgd_update(params, lr):
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                p[...] = p + (-lr) * p.grad

# %% right="sgd_update"
"""inference mode, with addcmul"""
def sgd_update(params, lr):
    with torch.inference_mode():
        for p in filter(lambda p: p.grad is not None, params):
            p.add_(p.grad, alpha=-lr)

# %% right="sgd_update"
"""all at once"""
def sgd_update(params, lr):
    chosen = [p for p in params if p.grad is not None]
    with torch.no_grad():
        torch._foreach_sub_(chosen, [lr * p.grad for p in chosen])

# %% right="sgd_update"
"""the switch thrown by hand, and thrown back"""
def sgd_update(params, lr):
    before = torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    try:
        for p in params:
            if p.grad is not None:
                p -= lr * p.grad
    finally:
        torch.set_grad_enabled(before)

# %% mistake="sgd_update"
"""You calculated the new numbers, and the parameters never got them: `p = p - …` gives the name `p` to a new tensor, under `no_grad` or not. Which operation changes the tensor itself?"""
def sgd_update(params, lr):
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                p = p - lr * p.grad

# %% mistake="sgd_update"
"""You put new tensors into the list, results of a recorded operation and no leaves any more. The network still holds the old ones: change those, in place."""
def sgd_update(params, lr):
    for i, p in enumerate(params):
        if p.grad is not None:
            params[i] = p - lr * p.grad

# %% mistake="sgd_update"
"""You put new tensors into the list, and under `no_grad` these are not tracked any more. The network still holds the old ones: change those, in place."""
def sgd_update(params, lr):
    with torch.no_grad():
        for i, p in enumerate(params):
            if p.grad is not None:
                params[i] = p - lr * p.grad

# %% mistake="sgd_update"
"""A leaf may not be changed in place while operations are recorded. The update is not part of what you differentiate: say so."""
def sgd_update(params, lr):
    for p in params:
        if p.grad is not None:
            p -= lr * p.grad

# %% mistake="sgd_update"
"""`.data` changes the numbers behind PyTorch's back. An older tape that saved them does not notice, and goes back with the wrong ones, silently. Which tool switches recording off and keeps the guard?"""
def sgd_update(params, lr):
    for p in params:
        if p.grad is not None:
            p.data -= lr * p.grad

# %% mistake="sgd_update"
"""You exchanged `.data` for new memory. An older tape does not notice, and whoever shared the old memory keeps the old numbers. Change the tensor itself, with recording switched off."""
def sgd_update(params, lr):
    for p in params:
        if p.grad is not None:
            p.data = p.data - lr * p.grad
            p.grad = p.grad.clone()

# %% mistake="sgd_update"
"""`no_grad` without parentheses is the class; the `with` statement needs an object made from it."""
def sgd_update(params, lr):
    with torch.no_grad:
        for p in params:
            if p.grad is not None:
                p -= lr * p.grad

# %% mistake="sgd_update"
"""You went uphill. The gradient points to where the loss grows."""
def sgd_update(params, lr):
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                p += lr * p.grad

# %% mistake="sgd_update"
"""The learning rate is missing: the step is the whole gradient."""
def sgd_update(params, lr):
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                p -= p.grad

# %% mistake="sgd_update"
"""A parameter that took no part has `.grad` equal to `None`, and `None` cannot be multiplied. Pass over it."""
def sgd_update(params, lr):
    with torch.no_grad():
        for p in params:
            p -= lr * p.grad

# %% mistake="sgd_update"
"""You stopped at the first parameter without a gradient. The ones after it have gradients too."""
def sgd_update(params, lr):
    with torch.no_grad():
        for p in params:
            if p.grad is None:
                return
            p -= lr * p.grad

# %% mistake="sgd_update"
"""The step is right, and then you threw the gradients away. Somebody may still want to look at them: clearing is not this function's task."""
def sgd_update(params, lr):
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                p -= lr * p.grad
                p.grad = None

# %% mistake="sgd_update"
"""The step is right, and then you set the gradients to zero. Clearing is not this function's task."""
def sgd_update(params, lr):
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                p -= lr * p.grad
                p.grad.zero_()

# %% mistake="sgd_update"
"""You multiplied the gradient in place: the step is right, but `.grad` holds something else now."""
def sgd_update(params, lr):
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                p -= p.grad.mul_(lr)

# %% mistake="sgd_update"
"""You switched recording off and never on again: from then on nothing in the whole program has a gradient. As `with …:` it ends by itself."""
def sgd_update(params, lr):
    torch.set_grad_enabled(False)
    for p in params:
        if p.grad is not None:
            p -= lr * p.grad

# %% mistake="sgd_update"
"""You switched off tracking for the parameters themselves and left it off: the next step finds nothing to differentiate. `no_grad` leaves the parameters as they are."""
def sgd_update(params, lr):
    for p in params:
        if p.grad is not None:
            p.requires_grad_(False)
            p -= lr * p.grad

# %% mistake="sgd_update"
"""The parameters come one by one and only once, and they need not be a list: what `model.parameters()` hands out has no length and no places."""
def sgd_update(params, lr):
    with torch.no_grad():
        for i in range(len(params)):
            if params[i].grad is not None:
                params[i] -= lr * params[i].grad

# %% right="sgd_update"
"""tracking switched off for each, and on again"""
def sgd_update(params, lr):
    for p in params:
        if p.grad is not None:
            p.requires_grad_(False)
            p -= lr * p.grad
            p.requires_grad_(True)

# %% mistake="sgd_update"
"""`if p.grad:` asks whether a whole tensor is true, and a tensor of many numbers has no answer. Ask whether it is there at all: compare it with `None`."""
def sgd_update(params, lr):
    with torch.no_grad():
        for p in params:
            if p.grad:
                p -= lr * p.grad

# %% mistake="sgd_update"
"""The step is right, but a parameter without a gradient has one of zeros now. Pass over it and leave its `None` alone."""
def sgd_update(params, lr):
    with torch.no_grad():
        for p in params:
            if p.grad is None:
                p.grad = torch.zeros_like(p)
            p -= lr * p.grad

# %% [markdown]
# ## stop_gradient_loss

# %% right="stop_gradient_loss"
"""the formula, written out"""
def stop_gradient_loss(a, b):
    follow = ((a - b.detach()) ** 2).mean()
    meet = ((a.detach() - b) ** 2).mean()
    return follow + 0.25 * meet

# %% right="stop_gradient_loss"
"""targets copied under no_grad"""
def stop_gradient_loss(a, b):
    with torch.no_grad():
        still_a, still_b = a.clone(), b.clone()
    return torch.mean((still_b - a).square()) + torch.nn.MSELoss()(b, still_a) / 4

# %% right="stop_gradient_loss"
"""sums and counts"""
def stop_gradient_loss(a: Tensor, b: Tensor) -> Tensor:
    n = a.numel()
    to_a, to_b = a - b.detach(), b - a.detach()
    return ((to_a * to_a).sum() + 0.25 * (to_b * to_b).sum()) / n

# %% right="stop_gradient_loss"
"""copies as fresh tensors"""
def stop_gradient_loss(a, b):
    a_fixed = torch.tensor(a.tolist(), dtype=a.dtype)
    b_fixed = torch.from_numpy(b.detach().numpy().copy())
    return (a - b_fixed).pow(2).mean() + (a_fixed - b).pow(2).mean() * 0.25

# %% mistake="stop_gradient_loss"
"""Nothing is cut: both terms move both tensors, each with a weight of one and a quarter."""
def stop_gradient_loss(a, b):
    return ((a - b) ** 2).mean() + ((a - b) ** 2).mean() / 4

# %% mistake="stop_gradient_loss"
"""`a` moves with a quarter and `b` with full weight: the other way round. Either the wrong tensor is cut in each term (what you detach is the target, the one that stays), or the quarter stands before the wrong term."""
def stop_gradient_loss(a, b):
    return ((a.detach() - b) ** 2).mean() + ((a - b.detach()) ** 2).mean() / 4

# %% mistake="stop_gradient_loss"
"""The second term has no cut: it moves `a` as well as `b`."""
def stop_gradient_loss(a, b):
    return ((a - b.detach()) ** 2).mean() + ((a - b) ** 2).mean() / 4

# %% mistake="stop_gradient_loss"
"""The first term has no cut: it moves `b` as well as `a`."""
def stop_gradient_loss(a, b):
    return ((a - b) ** 2).mean() + ((a.detach() - b) ** 2).mean() / 4

# %% mistake="stop_gradient_loss"
"""You detached `b` in both terms: `a` gets all of the gradient, `b` none. In the second term `a` is the target."""
def stop_gradient_loss(a, b):
    return ((a - b.detach()) ** 2).mean() + ((a - b.detach()) ** 2).mean() / 4

# %% mistake="stop_gradient_loss"
"""You detached `a` in both terms: `b` gets all of the gradient, `a` none. In the first term `b` is the target."""
def stop_gradient_loss(a, b):
    return ((a.detach() - b) ** 2).mean() + ((a.detach() - b) ** 2).mean() / 4

# %% mistake="stop_gradient_loss"
"""The second term reaches nobody, so `b` gets no gradient: it was computed under `no_grad`, turned into a plain number with `.item()`, or both its tensors were detached. It must stay a tensor with a path to `b`."""
def stop_gradient_loss(a, b):
    return ((a - b.detach()) ** 2).mean() + ((a - b) ** 2).mean().item() / 4

# %% mistake="stop_gradient_loss"
"""The whole loss is cut off: no path leads back to `a` or `b`. Detach the *targets*, not the terms."""
def stop_gradient_loss(a, b):
    a, b = a.detach(), b.detach()
    return ((a - b) ** 2).mean() * 1.25

# %% mistake="stop_gradient_loss"
"""`torch.tensor(…, requires_grad=True)` makes a new leaf with the right number and no history: `backward` runs and reaches neither `a` nor `b`."""
def stop_gradient_loss(a, b):
    return torch.tensor(1.25 * ((a - b) ** 2).mean().item(), dtype=a.dtype, requires_grad=True)

# %% mistake="stop_gradient_loss"
"""NumPy cannot carry gradients, so PyTorch refuses to hand over a tracked tensor. You do not need NumPy to cut a path."""
def stop_gradient_loss(a, b):
    return ((a - torch.from_numpy(b.numpy())) ** 2).mean() + ((torch.from_numpy(a.numpy()) - b) ** 2).mean() / 4

# %% mistake="stop_gradient_loss"
"""`detach_` with the underscore takes the caller's own tensor off the tape, for good and in both terms. Without the underscore you get a second view."""
def stop_gradient_loss(a, b):
    return ((a - b.detach_()) ** 2).mean() + ((a.detach() - b) ** 2).mean() / 4

# %% mistake="stop_gradient_loss"
"""Both cuts are right; the second term lacks its factor of a quarter."""
def stop_gradient_loss(a, b):
    return ((a - b.detach()) ** 2).mean() + ((a.detach() - b) ** 2).mean()

# %% mistake="stop_gradient_loss"
"""Both cuts are right, but you added up the squares; each term is a mean."""
def stop_gradient_loss(a, b):
    return ((a - b.detach()) ** 2).sum() + ((a.detach() - b) ** 2).sum() / 4

# %% mistake="stop_gradient_loss"
"""This is the first term alone: `b` never moves. The second term draws it towards `a`."""
def stop_gradient_loss(a, b):
    return ((a - b.detach()) ** 2).mean()

# %% mistake="stop_gradient_loss"
"""You changed a tensor of the caller in place, and a tracked leaf refuses that. Make a new tensor for the difference."""
def stop_gradient_loss(a, b):
    a -= b.detach()
    return (a**2).mean() + ((a.detach() - b) ** 2).mean() / 4

# %% mistake="stop_gradient_loss"
"""A detached tensor shares its memory with the original: changing it in place changed the caller's tensor too."""
def stop_gradient_loss(a, b):
    first = ((a - b.detach()) ** 2).mean()
    difference = a.detach()
    difference -= b.detach()
    return first + F.mse_loss(b, b.detach() + difference) / 4

# %% mistake="stop_gradient_loss"
"""You return a plain number, and a number carries no gradient. `.item()` is for printing; here the tensor is needed."""
def stop_gradient_loss(a, b):
    return (F.mse_loss(a, b.detach()) + F.mse_loss(a.detach(), b) / 4).item()

# %% mistake="stop_gradient_loss"
"""Both cuts are right, but you took absolute values; each term is a mean of *squares*."""
def stop_gradient_loss(a, b):
    return (a - b.detach()).abs().mean() + (a.detach() - b).abs().mean() / 4

# %% mistake="stop_gradient_loss"
"""You switched tracking of the caller's tensors off and on again. That works for leaves only, and `a` and `b` may be results, such as the outputs of a network. A second view without history is all you need."""
def stop_gradient_loss(a, b):
    b.requires_grad_(False)
    first = ((a - b) ** 2).mean()
    b.requires_grad_(True)
    a.requires_grad_(False)
    second = ((a - b) ** 2).mean() / 4
    a.requires_grad_(True)
    return first + second


# %% mistake="stop_gradient_loss"
"""Your function switched off the tracking of the caller's own `a`: `detach_()`, with the underscore, and
`requires_grad_(False)` change the tensor itself. Cut a second view instead."""


def stop_gradient_loss(a, b):
    b_stop = b.clone()
    b_stop = b_stop.detach_()
    a_stop = a.detach_()
    return ((a - b_stop) ** 2).mean() + 0.25 * ((a_stop - b) ** 2).mean()


# %% mistake="stop_gradient_loss"
"""Your function switched off the tracking of the caller's own `b`: `detach_()`, with the underscore, and
`requires_grad_(False)` change the tensor itself. Cut a second view instead."""


def stop_gradient_loss(a, b):
    return ((a - b.clone().detach()) ** 2).mean() + 0.25 * ((a.clone().detach() - b.detach_()) ** 2).mean()


# %% mistake="stop_gradient_loss"
"""Your function switched off the tracking of the caller's own `a` and `b`: `detach_()`, with the underscore, and
`requires_grad_(False)` change the tensor itself. Cut a second view instead."""


def stop_gradient_loss(a, b):
    first = ((a - b.clone().detach()) ** 2).mean()
    second = ((a.clone().detach() - b) ** 2).mean()
    a.detach_()
    b.detach_()
    return first + second / 4


# %% mistake="stop_gradient_loss"
"""The quarter stands before *both* terms. It belongs to the second alone: `a` follows with full weight."""


def stop_gradient_loss(a, b):
    return 0.25 * (((a - b.detach()) ** 2).mean() + ((a.detach() - b) ** 2).mean())


# %% mistake="stop_gradient_loss"
"""You squared the mean of the differences. Each term is the mean of the *squares*: differences of opposite sign
must not cancel."""


def stop_gradient_loss(a, b):
    return (a - b.detach()).mean() ** 2 + 0.25 * (a.detach() - b).mean() ** 2


# %% [markdown]
# ## vjp

# %% right="vjp"
"""backward with a vector"""
def vjp(f, x, v):
    leaf = x.detach().clone().requires_grad_(True)
    f(leaf).backward(gradient=v, inputs=[leaf])
    return leaf.grad

# %% right="vjp"
"""the gradient of a weighted sum"""
def vjp(f, x, v):
    leaf = x.detach().clone().requires_grad_(True)
    return torch.autograd.grad((f(leaf) * v).sum(), leaf)[0]

# %% right="vjp"
"""a dot product of flattened tensors"""
def vjp(f, x, v):
    leaf = x.clone().detach()
    leaf.requires_grad = True
    weighted = torch.dot(f(leaf).reshape(-1), v.reshape(-1))
    weighted.backward()
    return leaf.grad

# %% mistake="vjp"
"""The vector plays no part: this is the gradient of the plain sum. What does `v` say about each output?"""
def vjp(f, x, v):
    leaf = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(leaf).sum(), leaf)[0]

# %% mistake="vjp"
"""You multiplied the sum of the outputs with the sum of `v`. Each output has a weight of its own."""
def vjp(f, x, v):
    leaf = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(leaf).sum() * v.sum(), leaf)[0]

# %% mistake="vjp"
"""You took the mean of the weighted outputs; the product is their sum."""
def vjp(f, x, v):
    leaf = x.detach().clone().requires_grad_()
    return torch.autograd.grad((f(leaf) * v).mean(), leaf)[0]

# %% mistake="vjp"
"""You took the gradient of the sum first and multiplied with `v` afterwards. `v` has the shape of the *output*: it belongs to where the backward pass starts."""
def vjp(f, x, v):
    leaf = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(leaf).sum(), leaf)[0] * v

# %% mistake="vjp"
"""A backward pass from many numbers needs to know their weights, and you have them: hand over `v`."""
def vjp(f, x, v):
    leaf = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(leaf), leaf)[0]

# %% mistake="vjp"
"""The right numbers, but with one backward pass for each output: that is what building the Jacobian costs. A weighted sum of the outputs needs one."""
def vjp(f, x, v):
    leaf = x.detach().clone().requires_grad_()
    output = f(leaf)
    total = torch.zeros_like(x)
    for value, weight in zip(output.reshape(-1), v.reshape(-1), strict=True):
        total += weight * torch.autograd.grad(value, leaf, retain_graph=True)[0]
    return total.detach()

# %% mistake="vjp"
"""You worked on the caller's own tensor: its `.grad` has your product added to what lay there, and the answer too."""
def vjp(f, x, v):
    x.requires_grad_()
    f(x).backward(v)
    return x.grad

# %% mistake="vjp"
"""You returned what `backward` returns, and that is nothing. Where does it put the product?"""
def vjp(f, x, v):
    leaf = x.detach().clone().requires_grad_()
    return f(leaf).backward(v)

# %% mistake="vjp"
"""You returned a tuple with the product in it: `torch.autograd.grad` gives one gradient for each input, even if there is one input only."""
def vjp(f, x, v):
    leaf = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(leaf), leaf, v)

# %% mistake="vjp"
"""Nothing leads from the output back to the input: the input was not tracked when `f` ran, or the output was taken off the tape, by `detach` or `no_grad`. Track before `f` runs, and leave the output as it is."""
def vjp(f, x, v):
    leaf = x.detach().clone()
    f(leaf).backward(v)
    return leaf.grad

# %% mistake="vjp"
"""The output was detached before the backward pass, so nothing leads back from it. What is `detach` good for here, the input or the output?"""
def vjp(f, x, v):
    leaf = x.detach().clone().requires_grad_()
    output = f(leaf).detach().requires_grad_()
    output.backward(v)
    return leaf.grad

# %% right="vjp"
"""a first call to learn the shape of the output"""
def vjp(f, x, v):
    leaf = x.detach().clone().requires_grad_()
    if f(leaf).dim() == 0:
        return v * torch.autograd.grad(f(leaf), leaf)[0]
    return torch.autograd.grad(torch.sum(v * f(leaf)), leaf)[0]

# %% mistake="vjp"
"""Plain data works, but a clone of a *tracked* tensor is the result of an operation and no leaf: its `.grad` stays `None`, and the product runs on into the caller's tensor. What takes a tensor off the tape?"""
def vjp(f, x, v):
    leaf = x.clone().requires_grad_()
    f(leaf).backward(v)
    return leaf.grad

# %% [markdown]
# ## repair_the_tape

# %% right="repair_the_tape"
"""the colleague's lines, mended"""
def repair_the_tape(model, batch):
    images, labels = batch
    model.zero_grad(set_to_none=False)
    hidden = model[:-1](images)
    logits = model[-1](hidden)
    penalty = sum((p**2).sum() for p in model.parameters())
    loss = F.cross_entropy(logits, labels) + 0.01 * penalty
    loss.backward()
    return loss.item()

# %% right="repair_the_tape"
"""gradients asked for and put in place"""
def repair_the_tape(model, batch):
    parameters = list(model.parameters())
    squares = torch.stack([p.square().sum() for p in parameters]).sum()
    loss = nn.NLLLoss()(F.log_softmax(model(batch[0]), dim=1), batch[1]) + squares / 100
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    return loss.detach()

# %% right="repair_the_tape"
"""two backward passes that add up"""
def repair_the_tape(model, batch):
    images, labels = batch
    for parameter in model.parameters():
        parameter.grad = None
    entropy = nn.CrossEntropyLoss()(model(images), labels)
    entropy.backward()
    penalty = torch.tensor(0.0)
    for parameter in model.parameters():
        penalty = penalty + 0.01 * parameter.pow(2).sum()
    penalty.backward()
    return float(entropy.detach()) + penalty.item()

# %% right="repair_the_tape"
"""all parameters in one vector"""
def repair_the_tape(model, batch):
    images, labels = batch
    everything = nn.utils.parameters_to_vector(model.parameters())
    loss = F.cross_entropy(model(images), labels) + 0.01 * everything @ everything
    torch.optim.SGD(model.parameters(), lr=0.1).zero_grad()
    loss.backward()
    return loss

# %% mistake="repair_the_tape"
"""You mended `torch.tensor(loss…)`, the loudest of the three cuts. Two are left: the first layer is still calculated under `no_grad`, and `.item()` still turns the penalty into a plain number."""
def repair_the_tape(model, batch):
    images, labels = batch
    model.zero_grad()
    with torch.no_grad():
        hidden = model[:-1](images)
    logits = model[-1](hidden)
    penalty = sum((p**2).sum().item() for p in model.parameters())
    loss = F.cross_entropy(logits, labels) + 0.01 * penalty
    loss.backward()
    return loss

# %% mistake="repair_the_tape"
"""All parameters have a gradient now, but only that of cross-entropy: `.item()` in the penalty makes a plain number of it, and a number has no gradient."""
def repair_the_tape(model, batch):
    images, labels = batch
    model.zero_grad()
    penalty = sum((p**2).sum().item() for p in model.parameters())
    loss = F.cross_entropy(model(images), labels) + 0.01 * penalty
    loss.backward()
    return loss

# %% mistake="repair_the_tape"
"""The last layer is right. The first one gets only the share of the penalty: its output is still calculated under `no_grad`, or detached, so cross-entropy cannot reach it."""
def repair_the_tape(model, batch):
    images, labels = batch
    model.zero_grad()
    with torch.no_grad():
        hidden = model[:-1](images)
    logits = model[-1](hidden)
    penalty = sum((p**2).sum() for p in model.parameters())
    loss = F.cross_entropy(logits, labels) + 0.01 * penalty
    loss.backward()
    return loss

# %% mistake="repair_the_tape"
"""No parameter gets a gradient, and yet `backward` runs: the loss it starts from is a leaf without history. `torch.tensor(…, requires_grad=True)` makes such a leaf, and `requires_grad_()` on a loss from `no_grad` too. They silence a message and mend nothing."""
def repair_the_tape(model, batch):
    images, labels = batch
    model.zero_grad()
    penalty = sum((p**2).sum() for p in model.parameters())
    loss = F.cross_entropy(model(images), labels) + 0.01 * penalty
    loss = torch.tensor(loss.item(), requires_grad=True)
    loss.backward()
    return loss

# %% mistake="repair_the_tape"
"""Everything up to the loss runs under `no_grad`, so there is nothing to go back along. `no_grad` is for measuring, not for a training step."""
def repair_the_tape(model, batch):
    images, labels = batch
    model.zero_grad()
    with torch.no_grad():
        penalty = sum((p**2).sum() for p in model.parameters())
        loss = F.cross_entropy(model(images), labels) + 0.01 * penalty
    loss.backward()
    return loss

# %% mistake="repair_the_tape"
"""The penalty is gone altogether, from the gradients and from the loss. It belongs in, as a tensor with a path to the parameters."""
def repair_the_tape(model, batch):
    images, labels = batch
    model.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    return loss

# %% mistake="repair_the_tape"
"""All three cuts are mended, but the gradients of the batch before are still in `.grad`, and yours were added to them."""
def repair_the_tape(model, batch):
    images, labels = batch
    penalty = sum((p**2).sum() for p in model.parameters())
    loss = F.cross_entropy(model(images), labels) + 0.01 * penalty
    loss.backward()
    return loss

# %% mistake="repair_the_tape"
"""The gradients were cleared *after* the backward pass, so nothing is left of them."""
def repair_the_tape(model, batch):
    images, labels = batch
    penalty = sum((p**2).sum() for p in model.parameters())
    loss = F.cross_entropy(model(images), labels) + 0.01 * penalty
    loss.backward()
    model.zero_grad()
    return loss

# %% mistake="repair_the_tape"
"""The loss is right and has its tape, but nobody goes back along it: `backward` is missing, so there are still the old gradients."""
def repair_the_tape(model, batch):
    images, labels = batch
    penalty = sum((p**2).sum() for p in model.parameters())
    return F.cross_entropy(model(images), labels) + 0.01 * penalty

# %% mistake="repair_the_tape"
"""The penalty takes part, but without its factor of 0.01 it drowns everything else."""
def repair_the_tape(model, batch):
    images, labels = batch
    model.zero_grad()
    loss = F.cross_entropy(model(images), labels) + sum((p**2).sum() for p in model.parameters())
    loss.backward()
    return loss

# %% mistake="repair_the_tape"
"""The penalty covers the weights only; the statement says all parameters, and biases are parameters."""
def repair_the_tape(model, batch):
    images, labels = batch
    model.zero_grad()
    penalty = sum((p**2).sum() for p in model.parameters() if p.ndim > 1)
    loss = F.cross_entropy(model(images), labels) + 0.01 * penalty
    loss.backward()
    return loss

# %% mistake="repair_the_tape"
"""The gradients are right, but nothing is returned: hand back the loss as well."""
def repair_the_tape(model, batch):
    images, labels = batch
    model.zero_grad()
    penalty = sum((p**2).sum() for p in model.parameters())
    loss = F.cross_entropy(model(images), labels) + 0.01 * penalty
    loss.backward()

# %% mistake="repair_the_tape"
"""The gradients are right, and then you took a step with them. That is the optimiser's task: here the parameters stay as they are."""
def repair_the_tape(model, batch):
    images, labels = batch
    model.zero_grad()
    penalty = sum((p**2).sum() for p in model.parameters())
    loss = F.cross_entropy(model(images), labels) + 0.01 * penalty
    loss.backward()
    with torch.no_grad():
        for p in model.parameters():
            p -= 0.1 * p.grad
    return loss

# %% [markdown]
# ## Exit questions

# %% mistake="exit_backward"
"""It is the other way round: the parameters do not depend on the loss. We ask how the *loss* changes when a parameter changes."""
exit_backward = "a"

# %% mistake="exit_backward"
"""`backward` touches no parameter. The step is a second thing: an optimiser, or an update like yours, reads `.grad` and takes it."""
exit_backward = "c"

# %% mistake="exit_backward"
"""Two things are wrong here: tensors in the middle keep no `.grad` unless you ask with `retain_grad`, and nothing is replaced. Think of what happens after two passes."""
exit_backward = "d"

# %% mistake="exit_retain"
"""That keeps an old tape alive. `features` would still be those of the encoder before the first step: either another message follows, about a change in place, or the encoder learns from outdated numbers."""
exit_retain = "a"

# %% mistake="exit_retain"
"""`zero_grad` clears gradients, not the tape. Without it, the gradients of all rounds would add up, and the message would stay."""
exit_retain = "b"

# %% mistake="exit_retain"
"""`no_grad` decides what is recorded going forward. The tape of `features` was recorded before the loop and has been used up, and that does not change."""
exit_retain = "c"

# %% mistake="exit_no_grad"
"""`no_grad` does nothing to the parameters: they require gradients before, inside and after. It is the *results* inside that are not tracked."""
exit_no_grad = "a"

# %% mistake="exit_no_grad"
"""`no_grad` clears nothing. Gradients stay in `.grad` until somebody clears them."""
exit_no_grad = "b"

# %% mistake="exit_no_grad"
"""That is what `model.eval()` does. The two are independent, and for validation you want both."""
exit_no_grad = "d"


# %% mistake="gradient_of"
"""You switched the tracking of `x` itself on and then off. Who hands in a tracked tensor gets an untracked one back: track a copy instead."""
def gradient_of(f, x):
    x.requires_grad_(True)
    (g,) = torch.autograd.grad(f(x).sum(), x)
    x.requires_grad_(False)
    return g

# %% mistake="gradient_of"
"""You took the gradient of the first output alone. The statement asks for the sum of all of them."""


def gradient_of(f, x):
    z = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(z).flatten()[0], z)[0]


# %% mistake="gradient_of"
"""You divided by the number of elements of `x`. Asked for is the gradient itself: nothing is averaged."""


def gradient_of(f, x):
    leaf = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(leaf).sum(), leaf)[0] / x.numel()


# %% mistake="gradient_of"
"""You returned the copy of `x` itself. Its gradient is what `torch.autograd.grad` returns, or what lies in its
`.grad`."""


def gradient_of(f, x):
    leaf = x.detach().clone().requires_grad_()
    g = torch.autograd.grad(f(leaf).sum(), leaf)[0]
    return leaf


# %% mistake="sgd_update"
"""You switched recording off and then on. Where the caller had it off, it is on afterwards: `with torch.no_grad():` puts back what was there."""
def sgd_update(params, lr):
    torch.set_grad_enabled(False)
    for p in params:
        if p.grad is not None:
            p -= lr * p.grad
    torch.set_grad_enabled(True)


# %% mistake="sgd_update"
"""The gradient of each parameter was brought to length 1 first. The step is the learning rate times the gradient as
it is."""


@torch.no_grad()
def sgd_update(params, lr):
    for p in params:
        if p.grad is not None:
            p -= lr * p.grad / p.grad.norm()


# %% mistake="vjp"
"""You switched on the tracking of `x` itself, and it stays on. `x` belongs to the caller: track a copy."""
def vjp(f, x, v):
    x.requires_grad_()
    return torch.autograd.grad(f(x), x, v)[0]


# %% mistake="vjp"
"""You divided by the sum of `v`: that is a weighted *mean* of the outputs. The product is their weighted sum."""


def vjp(f, x, v):
    leaf = x.detach().clone().requires_grad_()
    return torch.autograd.grad((f(leaf) * v).sum() / v.sum(), leaf)[0]


# %% mistake="vjp"
"""Nothing leads from the output back to the input: the input was not tracked when `f` ran, or the output was taken
off the tape, by `detach` or `no_grad`. Track before `f` runs, and leave the output as it is."""


def vjp(f, x, v):
    leaf = x.detach().clone().requires_grad_()
    y = f(leaf).detach()
    return torch.autograd.grad((y * v).sum(), leaf)[0]


# %% mistake="vjp"
"""The vector is used twice: in the weighted outputs and once more as the weights of the backward pass. Once is
enough."""


def vjp(f, x, v):
    leaf = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(leaf) * v, leaf, v)[0]


# %% mistake="vjp"
"""You returned the weighted outputs themselves. The product is the *gradient* of their sum with respect to `x`."""


def vjp(f, x, v):
    leaf = x.detach().clone().requires_grad_()
    return (f(leaf) * v).detach()


# %% right="repair_the_tape"
"""a deep copy of the model, whose gradients are handed over"""
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
"""a gradient of a function, written into .grad"""
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

# %% mistake="repair_the_tape"
"""The penalty is the length of each parameter, not the sum of its squares."""


def repair_the_tape(model, batch):
    images, labels = batch
    model.zero_grad()
    loss = F.cross_entropy(model(images), labels) + 0.01 * sum(p.norm() for p in model.parameters())
    loss.backward()
    return loss


# %% mistake="repair_the_tape"
"""The squares of each parameter were *averaged*. The penalty is their sum, so that every number counts the same."""


def repair_the_tape(model, batch):
    images, labels = batch
    model.zero_grad()
    penalty = sum((p**2).mean() for p in model.parameters())
    loss = F.cross_entropy(model(images), labels) + 0.01 * penalty
    loss.backward()
    return loss


# %% mistake="repair_the_tape"
"""The penalty covers the last layer only. It is the sum over *all* parameters of the model."""


def repair_the_tape(model, batch):
    images, labels = batch
    model.zero_grad()
    loss = F.cross_entropy(model(images), labels) + 0.01 * sum((p**2).sum() for p in model[-1].parameters())
    loss.backward()
    return loss


# %% mistake="repair_the_tape"
"""The penalty is made of absolute values here; it is the sum of *squares*."""


def repair_the_tape(model, batch):
    images, labels = batch
    model.zero_grad()
    loss = F.cross_entropy(model(images), labels) + 0.01 * sum(p.abs().sum() for p in model.parameters())
    loss.backward()
    return loss
