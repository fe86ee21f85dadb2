# Answers to 02_cross_entropy from elsewhere, in the form of an answers bank.
# right: must pass. mistake: must fail, and its advice must be true of it (the text says what was done).

# %% right="softmax"
"""parameters renamed, in place on a copy"""


def softmax(scores, axis):
    out = scores.clone()
    out -= out.max(axis, keepdim=True).values
    out.exp_()
    out /= out.sum(axis, keepdim=True)
    return out


# %% right="softmax"
"""the word softmax in a docstring, a dictionary and a print"""


WORDS = {"softmax": "by hand"}


def softmax(logits, dim):
    """Like torch.softmax, log_softmax and the rest."""
    print("softmax", WORDS["softmax"])
    shifted = logits - logits.amax(dim, True)
    e = torch.e**shifted
    return e / e.sum(dim, True)


# %% mistake="softmax"
"""moves the axis to the end and forgets to move it back"""


def softmax(logits, dim):
    x = logits.movedim(dim, -1)
    e = (x - x.amax(-1, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)


# %% mistake="softmax"
"""handles two axes only, by rows or columns"""


def softmax(logits, dim):
    rows = logits if dim in (1, -1) else logits.T
    out = torch.stack([(row - row.max()).exp() / (row - row.max()).exp().sum() for row in rows])
    return out if dim in (1, -1) else out.T


# %% mistake="softmax"
"""squeezes axes of length 1"""


def softmax(logits, dim):
    e = (logits - logits.amax(dim, keepdim=True)).exp()
    return (e / e.sum(dim, keepdim=True)).squeeze()


# %% mistake="softmax"
"""works in place on the scores"""


def softmax(logits, dim):
    logits -= logits.amax(dim, keepdim=True)
    e = logits.exp()
    return e / e.sum(dim, keepdim=True)


# %% mistake="softmax"
"""divides by 100 first so that it does not overflow"""


def softmax(logits, dim):
    e = (logits / 100).exp()
    return e / e.sum(dim, keepdim=True)


# %% mistake="softmax"
"""normalises by the Euclidean length"""


def softmax(logits, dim):
    e = (logits - logits.amax(dim, keepdim=True)).exp()
    return e / e.norm(dim=dim, keepdim=True)


# %% right="logsumexp"
"""pairs by logaddexp"""


def logsumexp(x, dim):
    parts = x.unbind(dim)
    total = parts[0]
    for part in parts[1:]:
        total = torch.logaddexp(total, part)
    return total


# %% mistake="logsumexp"
"""keeps the axis"""


def logsumexp(x, dim):
    m = x.amax(dim, keepdim=True)
    m = torch.where(m.isinf(), 0.0, m)
    return m + (x - m).exp().sum(dim, keepdim=True).log()


# %% mistake="logsumexp"
"""takes the mean of the exponentials"""


def logsumexp(x, dim):
    m = x.amax(dim, keepdim=True)
    m = torch.where(m.isinf(), 0.0, m)
    return m.squeeze(dim) + (x - m).exp().mean(dim).log()


# %% mistake="logsumexp"
"""clips at 80, so that exp does not overflow"""


def logsumexp(x, dim):
    return x.clamp(-80, 80).exp().sum(dim).log()


# %% right="log_softmax"
"""helpers called loss, x and gap, like the check's own variables"""


def gap(v, dim):
    return v - v.amax(dim, keepdim=True)


def loss(v, dim):
    return gap(v, dim).exp().sum(dim, keepdim=True).log()


def log_softmax(x, dim):
    return gap(x, dim) - loss(x, dim)


# %% mistake="log_softmax"
"""log of softmax"""


def log_softmax(logits, dim):
    e = (logits - logits.amax(dim, keepdim=True)).exp()
    return (e / e.sum(dim, keepdim=True)).log()


# %% mistake="log_softmax"
"""a detour through numpy"""


def log_softmax(logits, dim):
    import numpy as np

    x = logits.detach().numpy()
    m = x.max(dim, keepdims=True)
    return torch.as_tensor(x - m - np.log(np.exp(x - m).sum(dim, keepdims=True)))


# %% right="nll_loss"
"""one-hot and a sum"""


def nll_loss(logps, labels):
    return -(logps * F.one_hot(labels, logps.shape[1])).sum() / len(labels)


# %% mistake="nll_loss"
"""one-hot times -inf would be nan: nan_to_num on log-probabilities, and a sum"""


def nll_loss(logps, labels):
    return -(logps * F.one_hot(labels, logps.shape[1])).sum()


# %% mistake="nll_loss"
"""takes the most probable class, not the label"""


def nll_loss(logps, labels):
    return -logps.max(1).values.mean()


# %% mistake="nll_loss"
"""a float"""


def nll_loss(logps, labels):
    return -sum(logps[i, y].item() for i, y in enumerate(labels)) / len(labels)


# %% mistake="build_classifier"
"""ReLU after the last layer, too"""


def build_classifier(n_in, hidden, n_out):
    sizes = [n_in, *hidden, n_out]
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers), nn.CrossEntropyLoss()


# %% mistake="build_classifier"
"""log_softmax in the model and cross-entropy: the loss is right, the scores are not shifted; sum over the batch"""


def build_classifier(n_in, hidden, n_out):
    sizes = [n_in, *hidden]
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], n_out)), nn.CrossEntropyLoss(reduction="sum")


# %% right="diagnose_loss"
"""the nearest of the theories"""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if floor < -2:
        return "no softmax"
    if first_loss < 0 or floor < -0.5:
        return "no logarithm"
    by_class = abs(first_loss - math.log(num_classes))
    by_batch = abs(first_loss - math.log(batch_size))
    if by_batch < by_class:
        return "wrong axis"
    return "right" if floor < 0.25 else "softmax twice"


# %% mistake="diagnose_loss"
"""fixed for ten classes"""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if floor < -2:
        return "no softmax"
    if floor < -0.5:
        return "no logarithm"
    if first_loss > 3:
        return "wrong axis"
    return "softmax twice" if floor > 1 else "right"


# %% mistake="diagnose_loss"
"""misspelt words"""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if floor < -2:
        return "no-softmax"
    if floor < -0.5:
        return "no-logarithm"
    if abs(first_loss - math.log(batch_size)) < abs(first_loss - math.log(num_classes)):
        return "wrong-axis"
    return "softmax-twice" if floor > 0.3 else "right"


# %% mistake="diagnose_loss"
"""softmax twice asked before the wrong axis"""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if floor < -2:
        return "no softmax"
    if floor < -0.5:
        return "no logarithm"
    if floor > 0.3:
        return "softmax twice"
    return "wrong axis" if abs(first_loss - math.log(batch_size)) < 0.2 else "right"


# %% right="softmax"
"""two steps with logaddexp reduce"""


def softmax(logits, dim):
    return (logits - logits.logsumexp(dim, keepdim=True)).exp()


# %% right="softmax"
"""via moveaxis"""


def softmax(logits, dim):
    rows = logits.movedim(dim, -1)
    rows = rows - rows.max(-1).values.unsqueeze(-1)
    weights = torch.e**rows
    return (weights / weights.sum(-1).unsqueeze(-1)).movedim(-1, dim)


# %% right="softmax"
"""subtracts a detached maximum"""


def softmax(logits, dim):
    shifted = logits - torch.amax(logits.detach(), dim=dim, keepdim=True)
    return shifted.exp().div(shifted.exp().sum(dim, keepdim=True))


# %% right="logsumexp"
"""where on inf"""


def logsumexp(x, dim):
    m = x.amax(dim, keepdim=True)
    m = torch.where(torch.isinf(m), torch.zeros_like(m), m)
    return (m + (x - m).exp().sum(dim, keepdim=True).log()).squeeze(dim)


# %% right="logsumexp"
"""pairwise logaddexp"""


def logsumexp(x, dim):
    total, *rest = x.unbind(dim)
    for part in rest:
        total = torch.logaddexp(total, part)
    return total


# %% right="log_softmax"
"""by logsumexp"""


def log_softmax(logits, dim):
    return logits - torch.logsumexp(logits, dim=dim, keepdim=True)


# %% right="log_softmax"
"""own with detach"""


def log_softmax(logits, dim):
    z = logits - logits.detach().amax(dim, keepdim=True)
    return z - torch.exp(z).sum(dim=dim, keepdim=True).log()


# %% right="nll_loss"
"""one hot"""


def nll_loss(logps, labels):
    hot = F.one_hot(labels, logps.shape[1]).to(logps.dtype)
    return -torch.where(hot.bool(), logps, 0.0).sum() / labels.numel()


# %% right="nll_loss"
"""diagonal"""


def nll_loss(logps, labels):
    return -logps[:, labels].diagonal().mean()


# %% right="nll_loss"
"""take_along_dim"""


def nll_loss(logps, labels):
    return torch.take_along_dim(logps, labels[:, None], 1).neg().mean()


# %% right="build_classifier"
"""own module class"""


def build_classifier(n_in, hidden, n_out):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            sizes = (n_in,) + tuple(hidden)
            self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
            self.last = nn.Linear(sizes[-1], n_out)

        def forward(self, x):
            for layer in self.layers:
                x = torch.relu(layer(x))
            return self.last(x)

    return Net(), nn.CrossEntropyLoss()


# %% right="build_classifier"
"""logsoftmax, NLL"""


def build_classifier(n_in, hidden, n_out):
    parts = []
    for h in hidden:
        parts += [nn.Linear(n_in, h), nn.ReLU(inplace=True)]
        n_in = h
    return nn.Sequential(*parts, nn.Linear(n_in, n_out), nn.LogSoftmax(dim=-1)), nn.NLLLoss()


# %% right="diagnose_loss"
"""nearest theory"""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    c, n = math.log(num_classes), math.log(batch_size)
    twice = math.log(math.e + num_classes - 1) - 1
    theory = {
        "right": (c, 0.0),
        "softmax twice": (c, twice),
        "wrong axis": (n, None),
        "no logarithm": (-1 / num_classes, -1),
        "no softmax": (0, -10),
    }

    def distance(name):
        a, b = theory[name]
        if name == "no softmax":
            return abs(first_loss) + (0 if floor < -5 else 100)
        return abs(first_loss - a) + (abs(floor - b) if b is not None else 0)

    return min(theory, key=distance)


# %% mistake="softmax"
"""Follows the formula without subtracting the maximum: overflows."""


def softmax(logits, dim):
    e = torch.exp(logits)
    return e / e.sum(dim, keepdim=True)


# %% right="softmax"
"""exp of x minus logsumexp"""


def softmax(logits, dim):
    return (logits - logits.logsumexp(dim, keepdim=True)).exp()


# %% right="softmax"
"""moves the axis to the end and works on rows"""


def softmax(logits, dim):
    moved = logits.transpose(dim, -1)
    top, _ = moved.max(-1)
    powers = (moved - top[..., None]).exp()
    return (powers / powers.sum(-1)[..., None]).transpose(dim, -1)


# %% mistake="logsumexp"
"""Forgot to add the maximum back."""


def logsumexp(x, dim):
    m = x.amax(dim, keepdim=True)
    m = torch.where(m.isinf(), 0.0, m)
    return torch.log(torch.exp(x - m).sum(dim))


# %% right="logsumexp"
"""logaddexp over slices"""


def logsumexp(x, dim):
    total = torch.full_like(x.select(dim, 0), -math.inf)
    for part in x.unbind(dim):
        total = torch.logaddexp(total, part)
    return total


# %% right="logsumexp"
"""clamps the maximum to a finite number"""


def logsumexp(x, dim):
    m = x.max(dim, keepdim=True).values.clamp(min=-1e30)
    return ((x - m).exp().sum(dim, keepdim=True).log() + m).squeeze(dim)


# %% mistake="log_softmax"
"""Takes the logarithm of the probabilities: -inf for a gap of 200."""


def log_softmax(logits, dim):
    e = (logits - logits.amax(dim, keepdim=True)).exp()
    return (e / e.sum(dim, keepdim=True)).log()


# %% right="log_softmax"
"""shifted, then log of the sum"""


def log_softmax(logits, dim):
    shifted = logits - logits.max(dim, keepdim=True).values.detach()
    return shifted - torch.log(torch.exp(shifted).sum(dim, keepdim=True))


# %% right="log_softmax"
"""minus the log of the sum of exp of differences, all pairs"""


def log_softmax(logits, dim):
    x = logits.movedim(dim, -1)
    pairs = x[..., None, :] - x[..., :, None]
    return -pairs.logsumexp(-1).movedim(-1, dim)


# %% mistake="nll_loss"
"""logps[:, labels] takes every label's column in every row."""


def nll_loss(logps, labels):
    return -logps[:, labels].mean()


# %% right="nll_loss"
"""loop over rows, stacked"""


def nll_loss(logps, labels):
    losses = []
    for row, label in zip(logps, labels):
        losses.append(-row[label])
    return torch.stack(losses).mean()


# %% right="nll_loss"
"""trace of the selected square"""


def nll_loss(logps, labels):
    return -torch.diagonal(logps[:, labels]).sum() / labels.numel()


# %% mistake="build_classifier"
"""Softmax at the end together with CrossEntropyLoss: softmax twice."""


def build_classifier(n_in, hidden, n_out):
    layers = []
    size = n_in
    for h in hidden:
        layers += [nn.Linear(size, h), nn.ReLU()]
        size = h
    layers += [nn.Linear(size, n_out), nn.Softmax(dim=1)]
    return nn.Sequential(*layers), nn.CrossEntropyLoss()


# %% right="build_classifier"
"""own Module with ModuleList, logits"""


class Classifier(nn.Module):
    def __init__(self, n_in, hidden, n_out):
        super().__init__()
        sizes = [n_in, *hidden]
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.out = nn.Linear(sizes[-1], n_out)

    def forward(self, x):
        for layer in self.hidden:
            x = layer(x).relu()
        return self.out(x)


def build_classifier(n_in, hidden, n_out):
    return Classifier(n_in, hidden, n_out), nn.CrossEntropyLoss()


# %% right="build_classifier"
"""add_module, log-softmax with dim=-1, criterion nll"""


def build_classifier(n_in, hidden, n_out):
    model = nn.Sequential()
    dims = (n_in,) + tuple(hidden) + (n_out,)
    for i in range(1, len(dims)):
        model.add_module(f"fc{i}", nn.Linear(dims[i - 1], dims[i]))
        if i < len(dims) - 1:
            model.add_module(f"relu{i}", nn.ReLU(inplace=True))
    model.add_module("out", nn.LogSoftmax(-1))
    return model, nn.NLLLoss(reduction="mean")


# %% mistake="diagnose_loss"
"""Hard-codes ten classes: 2.3 and 1.46."""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if abs(first_loss - 2.3) < 0.2:
        if abs(floor - 1.46) < 0.2:
            return "softmax twice"
        return "right"
    if abs(first_loss - math.log(batch_size)) < 0.2:
        return "wrong axis"
    if floor < -1.2:
        return "no softmax"
    return "no logarithm"


# %% right="diagnose_loss"
"""nearest of the theoretical pairs"""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if first_loss > 0.5:
        start = min((num_classes, batch_size), key=lambda n: abs(math.log(n) - first_loss))
        if start == batch_size:
            return "wrong axis"
        twice = math.log(math.e + num_classes - 1) - 1
        return "right" if abs(floor) < abs(floor - twice) else "softmax twice"
    return "no softmax" if floor < -1.5 else "no logarithm"


# %% right="diagnose_loss"
"""early returns with isclose"""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    def close(a, b):
        return math.isclose(a, b, abs_tol=0.15)

    if close(first_loss, math.log(batch_size)):
        return "wrong axis"
    if close(first_loss, math.log(num_classes)):
        if close(floor, 0):
            return "right"
        return "softmax twice"
    if floor < -5:
        return "no softmax"
    return "no logarithm"


# %% mistake="softmax"
"""Subtracts the minimum instead of the maximum."""


def softmax(logits, dim):
    e = (logits - logits.amin(dim, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)


# %% mistake="logsumexp"
"""Subtracts the maximum at the end instead of adding it."""


def logsumexp(x, dim):
    m = x.amax(dim, keepdim=True)
    m = torch.where(m.isinf(), 0.0, m)
    return (x - m).exp().sum(dim).log() - m.squeeze(dim)


# %% mistake="log_softmax"
"""Returns softmax (forgot the log)."""


def log_softmax(logits, dim):
    return (logits - logits.logsumexp(dim, keepdim=True)).exp()


# %% mistake="nll_loss"
"""Sum instead of mean."""


def nll_loss(logps, labels):
    return -sum(logps[i, labels[i]] for i in range(len(labels)))


# %% mistake="build_classifier"
"""Forgot the ReLUs."""


def build_classifier(n_in, hidden, n_out):
    sizes = [n_in, *hidden, n_out]
    return nn.Sequential(*[nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]), nn.CrossEntropyLoss()


# %% mistake="diagnose_loss"
"""Tolerance too large (1.0): log of the batch and of the classes are mixed up."""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if abs(first_loss - math.log(num_classes)) < 1:
        return "right" if abs(floor) < 0.2 else "softmax twice"
    if abs(first_loss - math.log(batch_size)) < 1:
        return "wrong axis"
    return "no logarithm" if floor > -1.5 else "no softmax"


# %% mistake="softmax"
"""exp of the scores minus the log of the sum of the scores' exponentials, but not exponentiated at the end (log-softmax) then abs."""


def softmax(logits, dim):
    return (logits - logits.logsumexp(dim, keepdim=True)).abs()


# %% mistake="logsumexp"
"""log1p instead of log."""


def logsumexp(x, dim):
    m = x.amax(dim, keepdim=True)
    m = torch.where(m.isinf(), 0.0, m)
    return torch.log1p((x - m).exp().sum(dim)) + m.squeeze(dim)


# %% mistake="log_softmax"
"""Changes logits in place: -=."""


def log_softmax(logits, dim):
    logits -= logits.logsumexp(dim, keepdim=True)
    return logits


# %% mistake="nll_loss"
"""Takes the first len(labels) columns: logps[labels, torch.arange] with swapped indices."""


def nll_loss(logps, labels):
    return -logps.T[torch.arange(len(labels)) % logps.shape[1], labels % len(logps)].mean()


# %% mistake="build_classifier"
"""Appends ReLU objects without brackets: nn.ReLU."""


def build_classifier(n_in, hidden, n_out):
    sizes = [n_in, *hidden]
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [nn.Linear(a, b), nn.ReLU]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], n_out)), nn.CrossEntropyLoss()


# %% mistake="diagnose_loss"
"""Swaps right and softmax twice."""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if abs(first_loss - math.log(batch_size)) < 0.2:
        return "wrong axis"
    if abs(first_loss - math.log(num_classes)) < 0.2:
        return "softmax twice" if abs(floor) < 0.2 else "right"
    return "no logarithm" if floor > -1.5 else "no softmax"
