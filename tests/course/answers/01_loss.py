# Answers to 01_loss from elsewhere, which were once decided or advised wrongly, in the form of an answers bank.
# right: must pass. mistake: must fail, and its advice must be true of it (the text says what was done).

# %% mistake="accuracy"
"""torch.equal / all: whole batch right or not | ADVICE: fraction, not all-or-nothing"""


def accuracy(logits, labels):
    return float(torch.equal(logits.argmax(1), labels))

# %% mistake="accuracy"
"""classes counted from 1 | ADVICE: classes start at 0"""


def accuracy(logits, labels):
    return (logits.argmax(1) + 1 == labels).float().mean().item()

# %% mistake="baseline_accuracy"
"""thinks the baseline is class 0 | ADVICE: commonest, not 0"""


def baseline_accuracy(labels):
    return (labels == 0).float().mean().item()

# %% mistake="baseline_accuracy"
"""takes the first of the counts | ADVICE: largest count"""


def baseline_accuracy(labels):
    _, counts = labels.unique(return_counts=True)
    return counts[0].item() / len(labels)

# %% mistake="baseline_accuracy"
"""largest label, not largest count | ADVICE: count"""


def baseline_accuracy(labels):
    return (labels == labels.max()).float().mean().item()

# %% mistake="baseline_accuracy"
"""mean of counts over n | ADVICE: largest not mean"""


def baseline_accuracy(labels):
    counts = labels.bincount().float()
    return (counts.mean() / len(labels)).item()

# %% mistake="baseline_accuracy"
"""range(max) leaves out the largest class | ADVICE: + 1"""


def baseline_accuracy(labels):
    return max([(labels == c).float().mean().item() for c in range(labels.max())])

# %% mistake="baseline_accuracy"
"""assumes classes are 0..number of unique | ADVICE: not every class needs to occur"""


def baseline_accuracy(labels):
    k = len(labels.unique())
    return max((labels == c).float().mean().item() for c in range(k))

# %% mistake="bce_from_logits"
"""nan_to_num on the naive formula | ADVICE: hides, number wrong"""


def bce_from_logits(logits, targets):
    p = logits.sigmoid()
    per = -(targets * p.log() + (1 - targets) * (1 - p).log())
    return per.nan_to_num(0.0, posinf=100.0).mean()

# %% mistake="bce_from_logits"
"""Python's max on a tensor | ADVICE: ambiguous truth value: use clamp / torch.maximum"""


def bce_from_logits(logits, targets):
    return (max(logits, 0) + torch.log1p(torch.exp(-abs(logits))) - targets * logits).mean()

# %% mistake="expected_initial_loss"
"""int() | ADVICE: float"""


def expected_initial_loss(num_classes):
    return int(math.log(num_classes))

# %% mistake="mse_loss"
"""compares only the number of axes | ADVICE: compare shapes"""


def mse_loss(pred, target):
    if pred.dim() != target.dim():
        raise ValueError("shapes differ")
    return ((pred - target) ** 2).mean()

# %% mistake="mse_loss"
"""refuses only column against row | ADVICE: any shapes that differ"""


def mse_loss(pred, target):
    if pred.ndim == 2 and target.ndim == 1:
        raise ValueError("squeeze pred first")
    return ((pred - target) ** 2).mean()

# %% right="accuracy"
"""a helper whose name the check uses too (few)"""


def few(row):
    return int(row.argmax())


def accuracy(logits, labels):
    return sum(few(row) == int(label) for row, label in zip(logits, labels)) / len(labels)

# %% mistake="accuracy"
"""rounds to four digits | ADVICE: do not round"""


def accuracy(logits, labels):
    return round((logits.argmax(1) == labels).float().mean().item(), 4)

# %% mistake="accuracy"
"""compares only the first image | ADVICE: all"""


def accuracy(logits, labels):
    return float(logits[0].argmax() == labels[0])

# %% mistake="accuracy"
"""logits > 0 as in yes/no | ADVICE: largest, not positive"""


def accuracy(logits, labels):
    hit = logits[torch.arange(len(labels)), labels] > 0
    return hit.float().mean().item()

# %% right="baseline_accuracy"
"""sorts, searches borders; helper called classes"""


def classes(y):
    return sorted(set(y.tolist()))


def baseline_accuracy(labels):
    return max((labels == c).sum().item() for c in classes(labels)) / len(labels)

# %% mistake="baseline_accuracy"
"""at most 100 classes | ADVICE: labels can be larger"""


def baseline_accuracy(labels):
    counts = torch.zeros(100)
    for label in labels:
        counts[label] += 1
    return (counts.max() / len(labels)).item()

# %% mistake="baseline_accuracy"
"""rounds the mean label | ADVICE: classes are names"""


def baseline_accuracy(labels):
    return (labels == labels.float().mean().round()).float().mean().item()

# %% mistake="baseline_accuracy"
"""takes the first output of unique (values) for counts | ADVICE: counts"""


def baseline_accuracy(labels):
    counts, _ = labels.unique(return_counts=True)
    return counts.max().item() / len(labels)

# %% right="bce_from_logits"
"""helper called sign, a name that the check cell uses for itself"""


def sign(y):
    return 1 - 2 * y


def bce_from_logits(logits, targets):
    return F.softplus(sign(targets) * logits).mean()

# %% right="bce_from_logits"
"""helper called size"""


def size(t):
    return t.numel()


def bce_from_logits(logits, targets):
    return (F.softplus(logits) - targets * logits).sum() / size(logits)

# %% mistake="bce_from_logits"
"""if on the whole tensor | ADVICE: element by element: where/clamp"""


def bce_from_logits(logits, targets):
    if logits > 0:
        loss = logits + torch.log1p(torch.exp(-logits)) - targets * logits
    else:
        loss = torch.log1p(torch.exp(logits)) - targets * logits
    return loss.mean()

# %% mistake="bce_from_logits"
"""clamp_ in place changes the logits before they are used | ADVICE: in place"""


def bce_from_logits(logits, targets):
    positive = logits.clamp_(min=0)
    return (positive + torch.log1p(torch.exp(-logits.abs())) - targets * logits).mean()

# %% mistake="expected_initial_loss"
"""refuses one class, though "at least 1" | ADVICE: one class: loss 0"""


def expected_initial_loss(num_classes):
    if num_classes < 2:
        raise ValueError("at least two classes")
    return math.log(num_classes)

# %% mistake="expected_initial_loss"
"""rounds to 4 digits | ADVICE: do not round"""


def expected_initial_loss(num_classes):
    return round(math.log(num_classes), 4)

# %% mistake="expected_initial_loss"
"""dictionary of a few sizes | ADVICE: any number"""


def expected_initial_loss(num_classes):
    return {2: 0.6931472, 3: 1.0986123, 10: 2.3025851}[num_classes]

# %% mistake="expected_initial_loss"
"""cross-entropy with target 1: fails for one class | ADVICE: one class has label 0"""


def expected_initial_loss(num_classes):
    return F.cross_entropy(torch.zeros(1, num_classes), torch.tensor([1])).item()

# %% mistake="mae_loss"
"""works in place on pred | ADVICE: input changes"""


def mae_loss(pred, target):
    return pred.sub_(target).abs_().mean()

# %% mistake="mae_loss"
"""double loop, works for tables only ("any shape") | ADVICE: any shape"""


def mae_loss(pred, target):
    n, m = pred.shape
    total = 0
    for i in range(n):
        for j in range(m):
            total = total + abs(pred[i, j] - target[i, j])
    return total / (n * m)

# %% right="mse_loss"
"""%%time above the answer"""


%%time
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    return torch.mean((pred - target) ** 2)

# %% right="mse_loss"
"""a student's own cell has a variable named gradient"""


def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    return torch.mean((pred - target) ** 2)


p, t = torch.tensor([1.0, 2.0]), torch.tensor([0.0, 0.0])
gradient = 2 * (p - t) / 2
print(gradient)

# %% mistake="mse_loss"
"""compares first and last axis only; (6,) against (6,6) is broadcast | ADVICE: compare whole shapes"""


def mse_loss(pred, target):
    if pred.shape[0] != target.shape[0] or pred.shape[-1] != target.shape[-1]:
        raise ValueError("shapes differ")
    return ((pred - target) ** 2).mean()

# %% mistake="mse_loss"
"""works in place on pred | ADVICE: don't change the input"""


def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    pred -= target
    return (pred * pred).mean()

# %% mistake="mse_loss"
"""ndim, else lets PyTorch complain and translates; (5,3) against (1,3) is broadcast | ADVICE: compare shapes"""


def mse_loss(pred, target):
    if pred.ndim != target.ndim:
        raise ValueError("number of axes differs")
    try:
        return ((pred - target) ** 2).mean()
    except RuntimeError as error:
        raise ValueError("shapes differ") from error

# %% mistake="mse_loss"
"""compares number of axes and batch size only; (5,3) against (5,1) is broadcast | ADVICE: compare whole shapes"""


def mse_loss(pred, target):
    if pred.ndim != target.ndim or len(pred) != len(target):
        raise ValueError("shapes differ")
    return ((pred - target) ** 2).mean()

# %% right="mae_loss"
"""F.smooth_l1_loss with beta=0 is the MAE (off limits are F.l1_loss and nn.L1Loss only)"""


def mae_loss(pred, target):
    return F.smooth_l1_loss(pred, target, beta=0.0)

# %% right="mse_loss"
"""error text in a dictionary whose key is the word mse_loss"""


MESSAGES = {"mse_loss": "pred and target must have the same shape"}


def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError(MESSAGES["mse_loss"])
    return (pred - target).square().mean()

# %% right="mse_loss"
"""sum over numel with explicit loop over flattened values"""
def mse_loss(pred, target):
    if list(pred.size()) != list(target.size()):
        raise ValueError("shapes")
    total = pred.new_zeros(())
    for a, b in zip(pred.reshape(-1), target.reshape(-1)):
        total = total + (a - b) * (a - b)
    return total / pred.numel()

# %% right="mse_loss"
"""norm squared over count"""
def mse_loss(pred, target):
    if not pred.shape == target.shape:
        raise ValueError(f"{pred.shape} and {target.shape}")
    d = (pred - target).flatten()
    return torch.dot(d, d) / d.shape[0]

# %% right="mae_loss"
"""where"""
def mae_loss(pred, target):
    d = pred - target
    return torch.where(d < 0, -d, d).sum() / d.numel()

# %% right="mae_loss"
"""square root of square"""
def mae_loss(pred, target):
    return torch.maximum(pred - target, target - pred).mean()

# %% right="accuracy"
"""topk and python counting"""
def accuracy(logits, labels):
    best = logits.topk(1, dim=-1).indices.squeeze(-1)
    return int((best == labels).sum()) / labels.shape[0]

# %% right="accuracy"
"""sort and list comparison"""
def accuracy(logits, labels):
    hits = [1.0 if row.index(max(row)) == label else 0.0 for row, label in zip(logits.tolist(), labels.tolist())]
    return float(torch.tensor(hits, dtype=torch.float64).mean())

# %% right="baseline_accuracy"
"""Counter"""
def baseline_accuracy(labels):
    from collections import Counter
    (_, n), = Counter(labels.tolist()).most_common(1)
    return n / len(labels)

# %% right="baseline_accuracy"
"""mode"""
def baseline_accuracy(labels):
    common = labels.mode().values
    return labels.eq(common).double().mean().item()

# %% right="expected_initial_loss"
"""cross entropy of zeros"""
def expected_initial_loss(num_classes):
    return float(nn.CrossEntropyLoss()(torch.zeros(1, num_classes, dtype=torch.float64), torch.tensor([0])))

# %% right="expected_initial_loss"
"""numpy log of ones"""
def expected_initial_loss(num_classes):
    p = [1 / num_classes] * num_classes
    return -sum(q * math.log(q) for q in p)

# %% right="bce_from_logits"
"""softplus"""
def bce_from_logits(logits, targets):
    return (F.softplus(logits) - targets * logits).mean()

# %% right="bce_from_logits"
"""logaddexp with sign"""
def bce_from_logits(logits, targets):
    sign = 2 * targets - 1
    return torch.logaddexp(torch.zeros_like(logits), -sign * logits).sum() / logits.numel()

# %% right="mse_loss"
"""fill a tensor row by row"""
def mse_loss(pred, target):
    if tuple(pred.shape) != tuple(target.shape):
        raise ValueError("sizes")
    squares = [(p - t).pow(2) for p, t in zip(pred.unbind(0), target.unbind(0))] if pred.dim() else [(pred - target).pow(2)]
    return torch.stack(squares).mean()

# %% mistake="mse_loss"
"""raises TypeError"""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise TypeError("shape")
    return ((pred - target) ** 2).mean()

# %% mistake="mse_loss"
"""raises only where broadcasting fails"""
def mse_loss(pred, target):
    try:
        return ((pred - target) ** 2).mean()
    except RuntimeError:
        raise ValueError("shape")

# %% mistake="mse_loss"
"""absolute instead of square"""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shape")
    return (pred - target).abs().mean()

# %% mistake="mse_loss"
"""half"""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shape")
    return 0.5 * ((pred - target) ** 2).mean()

# %% mistake="mse_loss"
"""detached"""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shape")
    return torch.tensor(((pred - target) ** 2).mean().item())

# %% mistake="mae_loss"
"""squares"""
def mae_loss(pred, target):
    return ((pred - target) ** 2).mean()

# %% mistake="mae_loss"
"""root of the mse"""
def mae_loss(pred, target):
    return ((pred - target) ** 2).mean().sqrt()

# %% mistake="mae_loss"
"""clamp at zero"""
def mae_loss(pred, target):
    return (pred - target).clamp(min=0).mean()

# %% mistake="accuracy"
"""argmin"""
def accuracy(logits, labels):
    return (logits.argmin(1) == labels).float().mean().item()

# %% mistake="accuracy"
"""softmax threshold half"""
def accuracy(logits, labels):
    p = logits.softmax(1)
    return (p[torch.arange(len(labels)), labels] > 0.5).float().mean().item()

# %% mistake="accuracy"
"""rounds logits to labels"""
def accuracy(logits, labels):
    return (logits.round()[:, 0] == labels).float().mean().item()

# %% mistake="accuracy"
"""integer division"""
def accuracy(logits, labels):
    return float((logits.argmax(1) == labels).sum().item() // len(labels))

# %% mistake="baseline_accuracy"
"""min count"""
def baseline_accuracy(labels):
    return labels.bincount().min().item() / len(labels)

# %% mistake="baseline_accuracy"
"""number of classes over n"""
def baseline_accuracy(labels):
    return len(set(labels.tolist())) / len(labels)

# %% mistake="baseline_accuracy"
"""compares with mode index"""
def baseline_accuracy(labels):
    return (labels == labels.mode().indices).float().mean().item()

# %% mistake="baseline_accuracy"
"""last label"""
def baseline_accuracy(labels):
    return (labels == labels[-1]).float().mean().item()

# %% mistake="expected_initial_loss"
"""exp"""
def expected_initial_loss(num_classes):
    return math.exp(-num_classes)

# %% mistake="expected_initial_loss"
"""log1p"""
def expected_initial_loss(num_classes):
    return math.log1p(num_classes)

# %% mistake="expected_initial_loss"
"""probability of the others"""
def expected_initial_loss(num_classes):
    return -math.log(1 - 1 / num_classes) if num_classes > 1 else 0.0

# %% mistake="bce_from_logits"
"""abs instead of max"""
def bce_from_logits(logits, targets):
    return (logits.abs() - logits * targets + torch.log1p(torch.exp(-logits.abs()))).mean()

# %% mistake="bce_from_logits"
"""forgets log1p part"""
def bce_from_logits(logits, targets):
    return (logits.clamp(min=0) - logits * targets).mean()

# %% mistake="bce_from_logits"
"""natural form overflow"""
def bce_from_logits(logits, targets):
    return (torch.log(1 + torch.exp(logits)) - targets * logits).mean()

# %% mistake="bce_from_logits"
"""targets as minus one and one"""
def bce_from_logits(logits, targets):
    return F.softplus(-targets * logits).mean()

# %% mistake="mse_loss"
"""Compares only len() of the two, so (6, 1) against (6,) is let through and broadcasts."""


def mse_loss(pred, target):
    if len(pred) != len(target):
        raise ValueError("pred and target must have the same length")
    return torch.mean((pred - target) ** 2)

# %% right="mse_loss"
"""dot product of the flattened errors"""


def mse_loss(pred, target):
    if tuple(pred.size()) != tuple(target.size()):
        raise ValueError(f"prediction is {tuple(pred.size())}, target is {tuple(target.size())}")
    e = (pred - target).reshape(-1)
    return e.dot(e) / e.numel()

# %% right="mse_loss"
"""binomial formula, a product of the tensor with itself, own helper"""


def same_shape(a, b):
    return a.dim() == b.dim() and all(m == n for m, n in zip(a.shape, b.shape))


def mse_loss(pred, target):
    if not same_shape(pred, target):
        raise ValueError("Give me two tensors of one shape, perhaps you forgot .squeeze()?")
    difference = torch.sub(pred, target)
    return torch.mean(torch.mul(difference, difference))

# %% mistake="mae_loss"
"""Absolute value of the mean: errors of different sign cancel."""


def mae_loss(pred, target):
    return abs((pred - target).mean())

# %% right="mae_loss"
"""torch.where picks the sign"""


def mae_loss(pred, target):
    e = pred - target
    return torch.where(e < 0, -e, e).mean()

# %% right="mae_loss"
"""maximum minus minimum of the two"""


def mae_loss(pred, target):
    return (torch.maximum(pred, target) - torch.minimum(pred, target)).sum() / pred.numel()

# %% mistake="accuracy"
"""argmax along axis 0: the best image of each class, not the best class of each image."""


def accuracy(logits, labels):
    guesses = logits.argmax(dim=0)
    return (guesses == labels).float().mean().item()

# %% right="accuracy"
"""by hand with lists, as in the worked example"""


def accuracy(logits, labels):
    right = 0
    for scores, label in zip(logits.tolist(), labels.tolist()):
        if scores.index(max(scores)) == label:
            right = right + 1
    return right / len(labels)

# %% right="accuracy"
"""topk and numpy"""


def accuracy(logits, labels):
    best = logits.topk(1, dim=1).indices.squeeze(1).numpy()
    return float(np_mean(best == labels.numpy()))


def np_mean(hits):
    return hits.mean()

# %% mistake="baseline_accuracy"
"""Returns how often the commonest class occurs, not divided by the number of labels."""


def baseline_accuracy(labels):
    return float(torch.bincount(labels).max())

# %% right="baseline_accuracy"
"""Counter"""


def baseline_accuracy(labels):
    from collections import Counter

    (_, n), *_ = Counter(labels.tolist()).most_common(1)
    return n / labels.numel()

# %% right="baseline_accuracy"
"""torch.mode"""


def baseline_accuracy(labels):
    commonest = torch.mode(labels).values
    return (labels == commonest).double().mean().item()

# %% mistake="expected_initial_loss"
"""Forgot the logarithm's minus: returns ln(1/C), a negative number."""


def expected_initial_loss(num_classes):
    p = 1 / num_classes
    return math.log(p)

# %% right="expected_initial_loss"
"""cross entropy of zeros"""


def expected_initial_loss(num_classes):
    return F.cross_entropy(torch.zeros(1, num_classes, dtype=torch.float64), torch.tensor([0])).item()

# %% right="expected_initial_loss"
"""log of base 2 converted"""


def expected_initial_loss(num_classes):
    return math.log2(num_classes) * math.log(2)

# %% mistake="bce_from_logits"
"""Direct formula with sigmoid and log: infinite at large logits."""


def bce_from_logits(logits, targets):
    p = torch.sigmoid(logits)
    return (-targets * torch.log(p) - (1 - targets) * torch.log(1 - p)).mean()

# %% right="bce_from_logits"
"""logsigmoid of both signs"""


def bce_from_logits(logits, targets):
    return -(targets * F.logsigmoid(logits) + (1 - targets) * F.logsigmoid(-logits)).mean()

# %% right="bce_from_logits"
"""cross entropy of two classes"""


def bce_from_logits(logits, targets):
    two = torch.stack([torch.zeros_like(logits), logits], dim=-1).reshape(-1, 2)
    return F.cross_entropy(two, targets.reshape(-1).long())

# %% mistake="mse_loss"
"""assert instead of raise ValueError: an AssertionError comes."""


def mse_loss(pred, target):
    assert pred.shape == target.shape, "shapes differ"
    return ((pred - target) ** 2).mean()

# %% mistake="mae_loss"
"""abs is not called: brackets missing."""


def mae_loss(pred, target):
    errors = (pred - target).abs
    return errors.mean()

# %% mistake="accuracy"
"""argmax without an axis: one place in the whole table."""


def accuracy(logits, labels):
    guess = logits.argmax()
    return (guess == labels).float().mean().item()

# %% mistake="baseline_accuracy"
"""Returns the count of the rarest class: min."""


def baseline_accuracy(labels):
    _, counts = labels.unique(return_counts=True)
    return counts.min().item() / len(labels)

# %% mistake="expected_initial_loss"
"""Divides twice: -ln(1/C) / C."""


def expected_initial_loss(num_classes):
    return -math.log(1 / num_classes) / num_classes

# %% mistake="bce_from_logits"
"""Targets swapped: y and 1 - y the other way round."""


def bce_from_logits(logits, targets):
    return (logits.clamp(min=0) + torch.log1p(torch.exp(-logits.abs())) - (1 - targets) * logits).mean()

# %% mistake="mse_loss"
"""Cubes instead of squares."""


def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes")
    return ((pred - target) ** 3).mean()

# %% mistake="mae_loss"
"""torch.abs of pred only: |pred| - target."""


def mae_loss(pred, target):
    return (torch.abs(pred) - target).mean()

# %% mistake="accuracy"
"""Compares softmax probabilities above 0.5 at the label: right only if the probability exceeds one half."""


def accuracy(logits, labels):
    p = logits.softmax(1)[torch.arange(len(labels)), labels]
    return (p > 0.5).float().mean().item()

# %% mistake="baseline_accuracy"
"""Divides by the largest label plus one, then multiplies... divides the max count by the sum of different labels."""


def baseline_accuracy(labels):
    counts = torch.bincount(labels)
    return (counts.max() / labels.sum()).item()

# %% mistake="expected_initial_loss"
"""Uses num_classes - 1 wrong ones: ln(C + 1)."""


def expected_initial_loss(num_classes):
    return math.log(num_classes + 1)

# %% mistake="bce_from_logits"
"""Uses targets in place of logits in the second term: y * y."""


def bce_from_logits(logits, targets):
    return (logits.clamp(min=0) + torch.log1p(torch.exp(-logits.abs())) - targets * targets).mean()
