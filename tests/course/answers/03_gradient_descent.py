# Answers that were decided wrongly (03_gradient_descent), in the form of an answers bank.
# right: must pass. mistake: must fail, and its advice must be true of it (the text says what was done).

# %% mistake="judge_curve"
"""swing = largest jump between neighbours; advice: highest minus lowest"""


def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    half = losses[len(losses) // 2 :]
    if not all(map(math.isfinite, losses)) or end > start:
        return "diverging"
    if max(abs(b - a) for a, b in zip(half, half[1:])) > start / 2:
        return "oscillating"
    if end > 0.9 * start:
        return "slow"
    return "good"

# %% mistake="judge_curve"
"""asks for NaN/inf in the second half only; advice: any loss"""


def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    half = losses[len(losses) // 2 :]
    if not all(map(math.isfinite, half)) or end > start:
        return "diverging"
    if max(half) - min(half) > start / 2:
        return "oscillating"
    if end > 0.9 * start:
        return "slow"
    return "good"

# %% mistake="judge_curve"
"""means of ten; advice: five"""


def judge_curve(losses):
    start, end = sum(losses[:10]) / 10, sum(losses[-10:]) / 10
    half = losses[len(losses) // 2 :]
    if not all(map(math.isfinite, losses)) or end > start:
        return "diverging"
    if max(half) - min(half) > start / 2:
        return "oscillating"
    if end > 0.9 * start:
        return "slow"
    return "good"

# %% mistake="judge_curve"
"""math.nan in losses: `in` asks for identity first, so it finds only that very object; advice: isnan"""


def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    half = losses[len(losses) // 2 :]
    if math.nan in losses or math.inf in losses or end > start:
        return "diverging"
    if max(half) - min(half) > start / 2:
        return "oscillating"
    if end > 0.9 * start:
        return "slow"
    return "good"

# %% mistake="judge_curve"
"""slow tested before oscillating; advice: order of the rules"""


def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    half = losses[len(losses) // 2 :]
    if any(not math.isfinite(x) for x in losses) or end > start:
        return "diverging"
    if end > 0.9 * start:
        return "slow"
    if max(half) - min(half) > start / 2:
        return "oscillating"
    return "good"

# %% mistake="judge_curve"
"""swing compared with half of the first loss; advice: start is a mean"""


def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    half = losses[len(losses) // 2 :]
    if not all(map(math.isfinite, losses)) or end > start:
        return "diverging"
    if max(half) - min(half) > losses[0] / 2:
        return "oscillating"
    if end > 0.9 * start:
        return "slow"
    return "good"

# %% right="linear_regression_gradients"
"""detach and requires_grad=False when making tensors"""


def linear_regression_gradients(X, y, w, b):
    errors = X @ w + b - y
    scale = torch.tensor(2 / len(errors), requires_grad=False)
    return scale * torch.tensordot(errors, X, dims=1), scale * errors.sum()

# %% mistake="minibatches"
"""plain lists of ints; docstring asks for int64 tensors; advice: tensors"""


def minibatches(n, batch_size, generator):
    deck = torch.randperm(n, generator=generator).tolist()
    for i in range(0, n, batch_size):
        yield deck[i : i + batch_size]

# %% mistake="minibatches"
"""int32 instead of int64; advice: int64"""


def minibatches(n, batch_size, generator):
    deck = torch.randperm(n, generator=generator, dtype=torch.int32)
    for i in range(0, n, batch_size):
        yield deck[i : i + batch_size]

# %% right="numerical_gradient"
"""careful student: assertion that w does not require gradients"""


def numerical_gradient(f, w, eps=1e-5):
    assert not w.requires_grad, "no autograd here"
    base = w.double()
    out = torch.zeros_like(base)
    flat = out.view(-1)
    for i in range(flat.numel()):
        u = torch.zeros_like(base)
        u.view(-1)[i] = eps
        flat[i] = (f(base + u) - f(base - u)) / (2 * eps)
    return out

# %% mistake="numerical_gradient"
"""loops for one and for two axes only; docstring says one or more axes; advice: any number of axes"""


def numerical_gradient(f, w, eps=1e-5):
    base = w.double()
    grad = torch.zeros_like(base)

    def slope(*place):
        up, down = base.clone(), base.clone()
        up[place] += eps
        down[place] -= eps
        return (f(up) - f(down)) / (2 * eps)

    for i in range(base.shape[0]):
        if base.dim() == 1:
            grad[i] = slope(i)
        else:
            for j in range(base.shape[1]):
                grad[i, j] = slope(i, j)
    return grad
