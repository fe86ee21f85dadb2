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


# %% right="numerical_gradient"
"""flat loop over a double copy with basis vectors"""


def numerical_gradient(f, w, eps=1e-5):
    base = w.detach().to(torch.float64)
    n = base.numel()
    eye = torch.eye(n, dtype=torch.float64)
    out = [(f(base + eps * e.view_as(base)) - f(base - eps * e.view_as(base))) / (2 * eps) for e in eye]
    return torch.stack([torch.as_tensor(o, dtype=torch.float64).reshape(()) for o in out]).view_as(base)


# %% right="numerical_gradient"
"""ndindex in place and restore"""


def numerical_gradient(f, w, eps=1e-5):
    import itertools

    v = w.clone().double()
    g = torch.empty_like(v)
    for idx in itertools.product(*map(range, v.shape)):
        old = v[idx].item()
        v[idx] = old + eps
        hi = float(f(v))
        v[idx] = old - eps
        lo = float(f(v))
        v[idx] = old
        g[idx] = (hi - lo) / (2 * eps)
    return g


# %% right="gradient_step"
"""addition of scaled negative"""


def gradient_step(w, grad, lr):
    return torch.add(w, grad, alpha=-lr)


# %% right="gradient_step"
"""clone then in place"""


def gradient_step(w, grad, lr):
    new = w.clone()
    new.sub_(lr * grad)
    return new


# %% right="gradient_descent"
"""preallocated"""


def gradient_descent(gradient, start, lr, steps):
    path = start.new_empty((steps + 1, *start.shape))
    path[0] = start
    for t in range(steps):
        path[t + 1] = path[t] - lr * gradient(path[t])
    return path


# %% right="gradient_descent"
"""recursion"""


def gradient_descent(gradient, start, lr, steps):
    if steps == 0:
        return start.clone()[None]
    before = gradient_descent(gradient, start, lr, steps - 1)
    last = before[-1]
    return torch.cat([before, (last - lr * gradient(last)).unsqueeze(0)])


# %% right="linear_regression_gradients"
"""einsum"""


def linear_regression_gradients(X, y, w, b):
    r = torch.einsum("nd,d->n", X, w) + b - y
    return torch.einsum("n,nd->d", r, X) * (2 / len(y)), r.sum() * 2 / len(y)


# %% right="linear_regression_gradients"
"""loop over rows"""


def linear_regression_gradients(X, y, w, b):
    dw, db = torch.zeros_like(w), torch.zeros_like(b)
    for row, target in zip(X, y):
        e = (row * w).sum() + b - target
        dw = dw + 2 * e * row
        db = db + 2 * e
    return dw / X.shape[0], db / X.shape[0]


# %% right="minibatches"
"""split"""


def minibatches(n, batch_size, generator):
    return list(torch.randperm(n, generator=generator).split(batch_size))


# %% right="minibatches"
"""argsort of random numbers"""


def minibatches(n, batch_size, generator):
    order = torch.rand(n, generator=generator, dtype=torch.float64).argsort()
    while len(order) > 0:
        yield order[:batch_size]
        order = order[batch_size:]


# %% right="judge_curve"
"""nested conditional expression with statistics"""


def judge_curve(losses):
    import statistics

    start, end = statistics.fmean(losses[:5]), statistics.fmean(losses[-5:])
    half = losses[len(losses) // 2 :]
    return (
        "diverging"
        if not all(map(math.isfinite, losses)) or end > start
        else "oscillating"
        if max(half) - min(half) > start / 2
        else "slow"
        if end > 0.9 * start
        else "good"
    )


# %% right="judge_curve"
"""torch tensor"""


def judge_curve(losses):
    t = torch.tensor(losses, dtype=torch.float64)
    if not torch.isfinite(t).all():
        return "diverging"
    a, z = t[:5].mean(), t[-5:].mean()
    if z > a:
        return "diverging"
    second = t[t.numel() // 2 :]
    if second.max() - second.min() > 0.5 * a:
        return "oscillating"
    return "slow" if z > 0.9 * a else "good"


# %% right="judge_curve"
"""numpy"""


def judge_curve(losses):
    import numpy as np

    a = np.asarray(losses, dtype=float)
    start, end, half = a[:5].mean(), a[-5:].mean(), a[len(a) // 2 :]
    if not np.isfinite(a).all() or end > start:
        return "diverging"
    if half.max() - half.min() > start / 2:
        return "oscillating"
    return "slow" if end > 0.9 * start else "good"


# %% mistake="judge_curve"
"""start means whole first half"""


def judge_curve(losses):
    h = len(losses) // 2
    s, e = sum(losses[:h]) / h, sum(losses[-5:]) / 5
    if not all(map(math.isfinite, losses)) or e > s:
        return "diverging"
    if max(losses[h:]) - min(losses[h:]) > s / 2:
        return "oscillating"
    return "slow" if e > 0.9 * s else "good"


# %% mistake="judge_curve"
"""slow if less than a tenth of a unit"""


def judge_curve(losses):
    h = len(losses) // 2
    s, e = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    if not all(map(math.isfinite, losses)) or e > s:
        return "diverging"
    if max(losses[h:]) - min(losses[h:]) > s / 2:
        return "oscillating"
    return "slow" if s - e < 0.1 else "good"


# %% mistake="judge_curve"
"""swing above 0.5 absolute"""


def judge_curve(losses):
    h = len(losses) // 2
    s, e = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    if not all(map(math.isfinite, losses)) or e > s:
        return "diverging"
    if max(losses[h:]) - min(losses[h:]) > 0.5:
        return "oscillating"
    return "slow" if e > 0.9 * s else "good"


# %% mistake="judge_curve"
"""first half looked at"""


def judge_curve(losses):
    h = len(losses) // 2
    s, e = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    if not all(map(math.isfinite, losses)) or e > s:
        return "diverging"
    if max(losses[:h]) - min(losses[:h]) > s / 2:
        return "oscillating"
    return "slow" if e > 0.9 * s else "good"


# %% mistake="judge_curve"
"""highest over start"""


def judge_curve(losses):
    h = len(losses) // 2
    s, e = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    if not all(map(math.isfinite, losses)) or e > s:
        return "diverging"
    if max(losses[h:]) > 1.5 * s:
        return "oscillating"
    return "slow" if e > 0.9 * s else "good"


# %% mistake="numerical_gradient"
"""eps fixed"""


def numerical_gradient(f, w, eps=1e-5):
    w = w.double()
    g = torch.zeros_like(w)
    for i in range(w.numel()):
        e = torch.zeros_like(w)
        e.view(-1)[i] = 1e-5
        g.view(-1)[i] = (f(w + e) - f(w - e)) / 2e-5
    return g


# %% mistake="numerical_gradient"
"""flat result"""


def numerical_gradient(f, w, eps=1e-5):
    w = w.double()
    g = []
    for i in range(w.numel()):
        e = torch.zeros_like(w)
        e.view(-1)[i] = eps
        g.append((f(w + e) - f(w - e)) / (2 * eps))
    return torch.stack(g)


# %% mistake="numerical_gradient"
"""relative step"""


def numerical_gradient(f, w, eps=1e-5):
    w = w.double()
    g = torch.zeros_like(w)
    for i in range(w.numel()):
        e = torch.zeros_like(w)
        e.view(-1)[i] = eps * w.view(-1)[i]
        g.view(-1)[i] = (f(w + e) - f(w - e)) / (2 * eps)
    return g


# %% mistake="numerical_gradient"
"""backward difference"""


def numerical_gradient(f, w, eps=1e-5):
    w = w.double()
    g = torch.zeros_like(w)
    for i in range(w.numel()):
        e = torch.zeros_like(w)
        e.view(-1)[i] = eps
        g.view(-1)[i] = (f(w) - f(w - e)) / eps
    return g


# %% mistake="minibatches"
"""one batch only"""


def minibatches(n, batch_size, generator):
    yield torch.randperm(n, generator=generator)[:batch_size]


# %% mistake="minibatches"
"""last partial first"""


def minibatches(n, batch_size, generator):
    p = torch.randperm(n, generator=generator)
    r = n % batch_size
    if r:
        yield p[:r]
    yield from p[r:].split(batch_size)


# %% mistake="gradient_descent"
"""steps + 1 updates"""


def gradient_descent(gradient, start, lr, steps):
    path = [start]
    for _ in range(steps + 1):
        path.append(path[-1] - lr * gradient(path[-1]))
    return torch.stack(path)


# %% mistake="gradient_descent"
"""gradient at the start mixed"""


def gradient_descent(gradient, start, lr, steps):
    w, path = start, [start]
    for t in range(steps):
        w = w - lr / (t + 1) * gradient(w)
        path.append(w)
    return torch.stack(path)


# %% mistake="gradient_descent"
"""changes start"""


def gradient_descent(gradient, start, lr, steps):
    path = [start.clone()]
    for t in range(steps):
        start -= lr * gradient(start)
        path.append(start.clone())
    return torch.stack(path)


# %% mistake="linear_regression_gradients"
"""db zero"""


def linear_regression_gradients(X, y, w, b):
    r = X @ w + b - y
    return 2 * X.T @ r / len(y), torch.zeros(())


# %% mistake="linear_regression_gradients"
"""new w used for b"""


def linear_regression_gradients(X, y, w, b):
    dw = 2 * X.T @ (X @ w + b - y) / len(y)
    r = X @ (w - 0.1 * dw) + b - y
    return dw, 2 * r.mean()


# %% mistake="linear_regression_gradients"
"""float for b"""


def linear_regression_gradients(X, y, w, b):
    r = X @ w + b - y
    return 2 * X.T @ r / len(y), 2 * r.mean().item()


# %% mistake="linear_regression_gradients"
"""dw as column"""


def linear_regression_gradients(X, y, w, b):
    r = (X @ w + b - y)[:, None]
    return 2 * X.T @ r / len(y), 2 * r.mean()


# %% mistake="numerical_gradient"
"""Forward difference only: f(w + eps) - f(w), over eps."""


def numerical_gradient(f, w, eps=1e-5):
    w = w.double()
    grad = torch.zeros_like(w)
    base = f(w)
    for i in range(w.numel()):
        up = w.clone()
        up.view(-1)[i] += eps
        grad.view(-1)[i] = (f(up) - base) / eps
    return grad


# %% right="numerical_gradient"
"""rows of an identity matrix as nudges"""


def numerical_gradient(f, w, eps=1e-5):
    w = w.detach().to(torch.float64)
    nudges = eps * torch.eye(w.numel(), dtype=torch.float64).reshape(-1, *w.shape)
    return torch.stack([(f(w + e) - f(w - e)) / (2 * eps) for e in nudges]).reshape(w.shape)


# %% right="numerical_gradient"
"""numpy's ndindex, plain floats"""


def numerical_gradient(f, w, eps=1e-5):
    import itertools

    grad = torch.zeros(w.shape, dtype=torch.float64)
    point = w.double().clone()
    for place in itertools.product(*(range(n) for n in w.shape)):
        old = point[place].item()
        point[place] = old + eps
        above = float(f(point))
        point[place] = old - eps
        below = float(f(point))
        point[place] = old
        grad[place] = (above - below) / (2 * eps)
    return grad


# %% mistake="gradient_step"
"""Steps uphill: plus instead of minus."""


def gradient_step(w, grad, lr):
    return w + lr * grad


# %% right="gradient_step"
"""torch.lerp-like: add with alpha"""


def gradient_step(w, grad, lr):
    return torch.add(w, grad, alpha=-lr)


# %% right="gradient_step"
"""clone, then in place on the clone"""


def gradient_step(w, grad, lr):
    new = w.clone()
    new -= lr * grad
    return new


# %% mistake="gradient_descent"
"""Forgot the start: returns only the points after the steps."""


def gradient_descent(gradient, start, lr, steps):
    w = start
    path = []
    for _ in range(steps):
        w = w - lr * gradient(w)
        path.append(w)
    return torch.stack(path)


# %% right="gradient_descent"
"""fills an empty tensor"""


def gradient_descent(gradient, start, lr, steps):
    path = torch.empty(steps + 1, len(start), dtype=start.dtype)
    path[0] = start
    for i in range(1, steps + 1):
        path[i] = path[i - 1] - lr * gradient(path[i - 1])
    return path


# %% right="gradient_descent"
"""itertools.accumulate"""


def gradient_descent(gradient, start, lr, steps):
    from itertools import accumulate

    points = accumulate(range(steps), lambda w, _: w - lr * gradient(w), initial=start)
    return torch.stack(list(points), dim=0)


# %% mistake="judge_curve"
"""No question for NaN and infinity."""


def judge_curve(losses):
    start = sum(losses[:5]) / 5
    end = sum(losses[-5:]) / 5
    second = losses[len(losses) // 2 :]
    if end > start:
        return "diverging"
    if max(second) - min(second) > start / 2:
        return "oscillating"
    if end > 0.9 * start:
        return "slow"
    return "good"


# %% right="judge_curve"
"""statistics.fmean and early returns"""


def judge_curve(losses):
    from statistics import fmean

    first, last, late = fmean(losses[:5]), fmean(losses[-5:]), losses[len(losses) // 2 :]
    finite = all(abs(loss) < math.inf for loss in losses)  # false for NaN, too
    if not finite or last > first:
        return "diverging"
    if 2 * (max(late) - min(late)) > first:
        return "oscillating"
    return "slow" if last > 0.9 * first else "good"


# %% right="judge_curve"
"""tensors in float64"""


def judge_curve(losses):
    t = torch.tensor(losses, dtype=torch.float64)
    begin, end = t[:5].mean(), t[-5:].mean()
    if not bool(t.isfinite().all()):
        return "diverging"
    low, high = t[t.numel() // 2 :].aminmax()
    rules = [("diverging", end > begin), ("oscillating", high - low > begin / 2), ("slow", end > 0.9 * begin)]
    return next((word for word, fits in rules if fits), "good")


# %% mistake="linear_regression_gradients"
"""Forgot the factor 2."""


def linear_regression_gradients(X, y, w, b):
    n = len(X)
    e = X @ w + b - y
    return X.T @ e / n, e.sum() / n


# %% right="linear_regression_gradients"
"""einsum"""


def linear_regression_gradients(X, y, w, b):
    e = torch.einsum("nd,d->n", X, w) + b - y
    return 2 * torch.einsum("n,nd->d", e, X) / X.size(0), 2 * e.mean()


# %% right="linear_regression_gradients"
"""loop over rows"""


def linear_regression_gradients(X, y, w, b):
    dw, db = torch.zeros_like(w), torch.zeros_like(b)
    for row, target in zip(X, y):
        error = (row * w).sum() + b - target
        dw = dw + 2 * error * row / len(y)
        db = db + 2 * error / len(y)
    return dw, db


# %% mistake="minibatches"
"""Drops the last, smaller batch."""


def minibatches(n, batch_size, generator):
    order = torch.randperm(n, generator=generator)
    for i in range(n // batch_size):
        yield order[i * batch_size : (i + 1) * batch_size]


# %% right="minibatches"
"""split of a permutation"""


def minibatches(n, batch_size, generator):
    yield from torch.randperm(n, generator=generator).split(batch_size)


# %% right="minibatches"
"""sorting random numbers, pop from the deck"""


def minibatches(n, batch_size, generator):
    deck = torch.rand(n, generator=generator, dtype=torch.float64).argsort().tolist()
    batches = []
    while deck:
        batches.append(torch.tensor(deck[:batch_size]))
        deck = deck[batch_size:]
    return batches


# %% mistake="numerical_gradient"
"""Forgot the 2: divides by eps."""


def numerical_gradient(f, w, eps=1e-5):
    w = w.double()
    g = torch.zeros_like(w)
    for i in range(w.numel()):
        up, down = w.clone(), w.clone()
        up.view(-1)[i] += eps
        down.view(-1)[i] -= eps
        g.view(-1)[i] = (f(up) - f(down)) / eps
    return g


# %% mistake="gradient_step"
"""Forgot lr."""


def gradient_step(w, grad, lr):
    return w - grad


# %% mistake="gradient_descent"
"""One step too many: range(steps + 1) after the start."""


def gradient_descent(gradient, start, lr, steps):
    path = [start]
    for _ in range(steps + 1):
        path.append(path[-1] - lr * gradient(path[-1]))
    return torch.stack(path)


# %% mistake="judge_curve"
"""end below start is called diverging: comparison turned round."""


def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    late = losses[len(losses) // 2 :]
    if not all(math.isfinite(x) for x in losses) or end < start:
        return "diverging"
    if max(late) - min(late) > start / 2:
        return "oscillating"
    if end > 0.9 * start:
        return "slow"
    return "good"


# %% mistake="linear_regression_gradients"
"""Order swapped: b first."""


def linear_regression_gradients(X, y, w, b):
    e = X @ w + b - y
    return 2 * e.mean(), 2 * X.T @ e / len(y)


# %% mistake="minibatches"
"""Seeds the generator anew at each call: every epoch has the same order."""


def minibatches(n, batch_size, generator):
    generator.manual_seed(0)
    return list(torch.randperm(n, generator=generator).split(batch_size))


# %% mistake="numerical_gradient"
"""Divides by 2 only, forgot eps."""


def numerical_gradient(f, w, eps=1e-5):
    w = w.double()
    g = torch.zeros_like(w)
    for i in range(w.numel()):
        up, down = w.clone(), w.clone()
        up.view(-1)[i] += eps
        down.view(-1)[i] -= eps
        g.view(-1)[i] = (f(up) - f(down)) / 2
    return g


# %% mistake="gradient_step"
"""Squares the gradient."""


def gradient_step(w, grad, lr):
    return w - lr * grad**2


# %% mistake="gradient_descent"
"""Appends before the step only: start twice, end missing."""


def gradient_descent(gradient, start, lr, steps):
    w, path = start, [start]
    for _ in range(steps):
        path.append(w)
        w = w - lr * gradient(w)
    return torch.stack(path)


# %% mistake="judge_curve"
"""end is the mean of the last half."""


def judge_curve(losses):
    late = losses[len(losses) // 2 :]
    start, end = sum(losses[:5]) / 5, sum(late) / len(late)
    if not all(math.isfinite(x) for x in losses) or end > start:
        return "diverging"
    if max(late) - min(late) > start / 2:
        return "oscillating"
    if end > 0.9 * start:
        return "slow"
    return "good"


# %% mistake="linear_regression_gradients"
"""Error against w only: e = X @ w - y + b forgotten and X.T @ y used."""


def linear_regression_gradients(X, y, w, b):
    e = X @ w + b - y
    return 2 * X.T @ y / len(y), 2 * e.mean()


# %% mistake="minibatches"
"""Sorts each batch / whole deck afterwards: sorted order, nothing shuffled across."""


def minibatches(n, batch_size, generator):
    deck = torch.randperm(n, generator=generator).sort().values
    return list(deck.split(batch_size))
