# Right answers and mistakes for lesson 01. The first string of a cell is the title of a right answer or the advice of
# a mistake.

# %% right="mse_loss"
"""a loop over all elements"""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    total = 0.0
    for a, b in zip(pred.flatten(), target.flatten()):
        total = total + (a - b) ** 2
    return total / pred.numel()

# %% right="mse_loss"
"""sum over a product, divided by the number of elements"""
def mse_loss(pred: Tensor, target: Tensor) -> Tensor:
    if list(pred.size()) != list(target.size()):
        raise ValueError(f"got {pred.size()} and {target.size()}")
    error = (target - pred).reshape(-1)
    return error @ error / error.numel()

# %% right="mse_loss"
"""torch.mean of torch.pow, with a guard of its own"""
def same_shape(a, b):
    if a.dim() != b.dim() or any(m != n for m, n in zip(a.shape, b.shape)):
        raise ValueError("Compare like with like.")

def mse_loss(pred, target):
    same_shape(pred, target)
    return torch.mean(torch.pow(torch.sub(pred, target), 2))

# %% right="mse_loss"
"""mean over the examples of the mean over each example"""
def mse_loss(pred, target):
    if not pred.shape == target.shape:
        raise ValueError
    squares = (pred - target) * (pred - target)
    while squares.dim() > 0:
        squares = squares.mean(dim=-1)
    return squares

# %% right="mse_loss"
"""in place, on a copy"""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    errors = pred.clone()
    errors -= target
    errors **= 2
    return errors.mean()

# %% right="mse_loss"
"""the spread of the errors and the square of their mean, in float64"""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    errors = pred.double() - target.double()
    return errors.var(unbiased=False) + errors.mean() ** 2

# %% mistake="mse_loss"
"""Shapes `(n, 1)` and `(n,)` were broadcast: every prediction met every target. Compare the two shapes first and `raise` a `ValueError` if they differ: printing one stops nothing."""
def mse_loss(pred, target):
    return ((pred - target) ** 2).mean()

# %% mistake="mse_loss"
"""You compared the lengths only: `(n, 1)` and `(n,)` have the same length and still broadcast. Compare the whole shapes."""
def mse_loss(pred, target):
    if len(pred) != len(target):
        raise ValueError("lengths differ")
    return ((pred - target) ** 2).mean()

# %% mistake="mse_loss"
"""You compared how many elements there are: `(n, 1)` and `(n,)` have equally many and still broadcast. Compare the whole shapes."""
def mse_loss(pred, target):
    if pred.numel() != target.numel():
        raise ValueError("numbers of elements differ")
    return (pred - target).pow(2).mean()

# %% mistake="mse_loss"
"""You made the shapes fit instead of refusing them. A wrong shape is a sign of a bug elsewhere, and whoever made it should hear of it: raise a `ValueError`."""
def mse_loss(pred, target):
    return ((pred.flatten() - target.flatten()) ** 2).mean()

# %% mistake="mse_loss"
"""You refused with `assert`. Python leaves out assertions when it is started with -O, so they are no protection; raise a `ValueError`."""
def mse_loss(pred, target):
    assert pred.shape == target.shape
    return ((pred - target) ** 2).mean()

# %% mistake="mse_loss"
"""You added the squares; the loss is their mean. Otherwise it grows with every example you add."""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    return ((pred - target) ** 2).sum()

# %% mistake="mse_loss"
"""This is the form with one half. It is smallest in the same place, but here the loss is the plain mean, as in PyTorch."""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    return ((pred - target) ** 2).mean() / 2

# %% mistake="mse_loss"
"""You added up the squares within each example and divided by the number of examples. Here the mean goes over all elements."""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    return ((pred - target) ** 2).sum() / len(pred)

# %% mistake="mse_loss"
"""You took the root at the end. That is another measure, the root mean squared error; the MSE stays squared."""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    return ((pred - target) ** 2).mean().sqrt()

# %% mistake="mse_loss"
"""You squared the mean of the errors, in which positive and negative errors cancel. Square each error first."""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    return (pred - target).mean() ** 2

# %% mistake="mse_loss"
"""You dropped the signs but did not square. That is the mean absolute error of the next section."""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    return (pred - target).abs().mean()

# %% mistake="mse_loss"
"""Your loss is a plain number, so it cannot say how it changes when a prediction does. Leave it a tensor: no `.item()`."""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    return ((pred - target) ** 2).mean().item()

# %% mistake="mse_loss"
"""You averaged over the first axis only, so one number per column comes back. One loss is needed for all elements."""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    return ((pred - target) ** 2).mean(dim=0)

# %% mistake="mse_loss"
"""What comes back is `None`. A function hands its answer to the caller with `return`, on every path; printing shows it and no more."""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    print(((pred - target) ** 2).mean())

# %% mistake="mse_loss"
"""You raised another kind of error. A value that does not fit is a `ValueError`, and that is what the caller expects here."""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise TypeError("shapes differ")
    return ((pred - target) ** 2).mean()

# %% mistake="mse_loss"
"""You gave the error back with `return`. Then the caller carries on with it as if it were a loss; `raise` it."""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        return ValueError("shapes differ")
    return ((pred - target) ** 2).mean()

# %% mistake="mse_loss"
"""The result knows nothing of `pred`: it was detached, or made anew from plain numbers, and no gradient can get back. Return the tensor you computed, with all its history."""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    return torch.tensor(((pred - target) ** 2).mean().item())

# %% mistake="mse_loss"
"""You left out the mean: one square per element comes back instead of one loss."""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    return (pred - target) ** 2

# %% mistake="mse_loss"
"""Only the target is squared: `**` binds more tightly than the minus. The difference needs brackets."""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    return (pred - target**2).mean()

# %% mistake="mse_loss"
"""In Python `^` is not a power: it compares bits. Powers are written with `**`."""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    return ((pred - target) ^ 2).mean()

# %% mistake="mse_loss"
"""The exercise is what happens inside `F.mse_loss`."""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    return F.mse_loss(pred, target)

# %% mistake="mse_loss"
"""You gave back the name of the error as a text. Then the caller carries on with it as if it were a loss; `raise` the error."""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        return "ValueError"
    return ((pred - target) ** 2).mean()

# %% right="mae_loss"
"""a loop with Python's abs"""
def mae_loss(pred, target):
    errors = [abs(a - b) for a, b in zip(pred.flatten(), target.flatten())]
    return sum(errors) / len(errors)

# %% right="mae_loss"
"""the larger minus the smaller"""
def mae_loss(pred, target):
    return torch.mean(torch.maximum(pred, target) - torch.minimum(pred, target))

# %% right="mae_loss"
"""the root of each square"""
def mae_loss(pred: Tensor, target: Tensor) -> Tensor:
    return ((pred - target) ** 2).sqrt().sum() / target.numel()

# %% right="mae_loss"
"""the length of the error in the 1-norm"""
def mae_loss(pred, target):
    return torch.linalg.vector_norm(target - pred, ord=1) / pred.numel()

# %% right="mae_loss"
"""each error times its sign"""
def mae_loss(pred, target):
    errors = pred - target
    return (errors * errors.sign()).mean()

# %% right="mae_loss"
"""what is too much and what is too little, in float64"""
def mae_loss(pred, target):
    return (F.relu(pred - target) + F.relu(target - pred)).double().mean()

# %% mistake="mae_loss"
"""You kept the signs, so errors in both directions cancel, and a bad model can have the loss 0. Drop each sign first."""
def mae_loss(pred, target):
    return (pred - target).mean()

# %% mistake="mae_loss"
"""You took the mean first and dropped the sign afterwards. By then, errors in both directions had cancelled. Which comes first?"""
def mae_loss(pred, target):
    return (pred - target).mean().abs()

# %% mistake="mae_loss"
"""You squared the errors. That is the MSE; an absolute error only loses its sign."""
def mae_loss(pred, target):
    return ((pred - target) ** 2).mean()

# %% mistake="mae_loss"
"""You added the errors; the loss is their mean."""
def mae_loss(pred, target):
    return (pred - target).abs().sum()

# %% mistake="mae_loss"
"""You added up the errors within each example and divided by the number of examples. Here the mean goes over all elements."""
def mae_loss(pred, target):
    return (pred - target).abs().sum() / len(pred)

# %% mistake="mae_loss"
"""A root of the mean of squares is not the mean of absolute values: squaring has already let the large errors win."""
def mae_loss(pred, target):
    return ((pred - target) ** 2).mean().sqrt()

# %% mistake="mae_loss"
"""You took the median of the errors. It ignores large errors altogether; the MAE is a mean."""
def mae_loss(pred, target):
    return (pred - target).abs().median()

# %% mistake="mae_loss"
"""You compared absolute values: 3 and -3 would count as equal. Subtract first, then drop the sign."""
def mae_loss(pred, target):
    return (pred.abs() - target.abs()).abs().mean()

# %% mistake="mae_loss"
"""Your loss is a plain number, so it cannot say how it changes when a prediction does. Leave it a tensor: no `.item()`."""
def mae_loss(pred, target):
    return (pred - target).abs().mean().item()

# %% mistake="mae_loss"
"""You took the largest error. It tells about the worst element only; the loss is the mean over all."""
def mae_loss(pred, target):
    return (pred - target).abs().max()

# %% mistake="mae_loss"
"""You averaged over one axis only, so several numbers come back. One loss is needed for all elements."""
def mae_loss(pred, target):
    return (pred - target).abs().mean(dim=1)

# %% mistake="mae_loss"
"""The exercise is what happens inside `F.l1_loss`."""
def mae_loss(pred, target):
    return F.l1_loss(pred, target)

# %% mistake="mae_loss"
"""One number per column comes back. The mean goes over all elements."""
def mae_loss(pred, target):
    total = 0
    for p, t in zip(pred, target):
        total = total + (p - t).abs()
    return total / len(pred)

# %% mistake="mae_loss"
"""The result knows nothing of `pred`: it was detached, or made anew from plain numbers, and no gradient can get back. Return the tensor you computed, with all its history."""
def mae_loss(pred, target):
    return torch.tensor((pred - target).abs().mean().item())

# %% right="accuracy"
"""a loop that counts"""
def accuracy(logits, labels):
    right = 0
    for row, label in zip(logits, labels):
        if row.argmax() == label:
            right += 1
    return right / len(labels)

# %% right="accuracy"
"""max's indices, and sum over size"""
def accuracy(logits: Tensor, labels: Tensor) -> float:
    _, predicted = torch.max(logits, 1)
    return (predicted == labels).sum().item() / labels.size(0)

# %% right="accuracy"
"""topk, with the labels as a column, through softmax"""
def accuracy(logits, labels):
    ps = torch.softmax(logits, dim=1)
    top_p, top_class = ps.topk(1, dim=1)
    equals = top_class == labels.view(*top_class.shape)
    return float(torch.mean(equals.type(torch.FloatTensor)))

# %% right="accuracy"
"""lists and Python's own max"""
def accuracy(logits, labels):
    answers = [row.index(max(row)) for row in logits.tolist()]
    return sum(a == b for a, b in zip(answers, labels.tolist())) / len(answers)

# %% right="accuracy"
"""NumPy"""
def accuracy(logits, labels):
    import numpy as np

    return float(np.mean(logits.numpy().argmax(axis=-1) == labels.numpy()))

# %% right="accuracy"
"""whether the true class has the largest logit"""
def accuracy(logits, labels):
    true = logits.gather(1, labels[:, None]).squeeze(1)
    return (true == logits.amax(1)).float().mean().item()

# %% right="accuracy"
"""one minus the fraction of wrong answers, by sorting"""
def accuracy(logits, labels):
    answers = logits.argsort(dim=-1, descending=True)[:, 0]
    return 1 - torch.count_nonzero(answers - labels).item() / len(labels)

# %% mistake="accuracy"
"""Your answers have shape `(n, 1)`, the labels `(n,)`: every answer was compared with every label. Without `keepdim`, the answers are `(n,)`, too."""
def accuracy(logits, labels):
    return (logits.argmax(dim=1, keepdim=True) == labels).float().mean().item()

# %% mistake="accuracy"
"""An accuracy above 1 betrays it: answers of shape `(n, 1)` met labels of shape `(n,)`, so n times n comparisons were counted. Print both shapes."""
def accuracy(logits, labels):
    top_p, top_class = logits.topk(1, dim=1)
    return (top_class == labels).sum().item() / len(labels)

# %% mistake="accuracy"
"""You looked for the largest logit in each column, over the batch. Each row is one image: along which axis do its classes lie?"""
def accuracy(logits, labels):
    return (logits.argmax(dim=0) == labels).float().mean().item()

# %% mistake="accuracy"
"""Without an axis, `argmax` gives one place in the whole batch. Each row needs its own."""
def accuracy(logits, labels):
    return (logits.argmax() == labels).float().mean().item()

# %% mistake="accuracy"
"""This is a percentage. The accuracy asked for is a fraction from 0 to 1."""
def accuracy(logits, labels):
    return 100 * (logits.argmax(dim=1) == labels).float().mean().item()

# %% mistake="accuracy"
"""You counted the right answers. Divide by how many there are, or batches of different sizes cannot be compared."""
def accuracy(logits, labels):
    return (logits.argmax(dim=1) == labels).sum().item()

# %% mistake="accuracy"
"""You divided by the number of logits. Each image has one answer, however many classes there are."""
def accuracy(logits, labels):
    return (logits.argmax(dim=1) == labels).sum().item() / logits.numel()

# %% mistake="accuracy"
"""You divided by the number of classes. Divide by the number of images."""
def accuracy(logits, labels):
    return (logits.argmax(dim=1) == labels).sum().item() / logits.shape[1]

# %% mistake="accuracy"
"""You counted the wrong answers. That fraction is the error rate; the accuracy counts the right ones."""
def accuracy(logits, labels):
    return (logits.argmax(dim=1) != labels).float().mean().item()

# %% mistake="accuracy"
"""You took the smallest logit. The answer of a network is the class with the largest."""
def accuracy(logits, labels):
    return (logits.argmin(dim=1) == labels).float().mean().item()

# %% mistake="accuracy"
"""You compared the largest logit itself with the label. The label is a place: where does the largest logit stand?"""
def accuracy(logits, labels):
    return (logits.amax(dim=1) == labels).float().mean().item()

# %% mistake="accuracy"
"""A tensor comes back. A report wants a plain number: `.item()` takes it out."""
def accuracy(logits, labels):
    return (logits.argmax(dim=1) == labels).float().mean()

# %% mistake="accuracy"
"""You rounded the result. Rounding belongs where a number is shown; here small differences must survive."""
def accuracy(logits, labels):
    return round((logits.argmax(dim=1) == labels).float().mean().item(), 2)

# %% mistake="accuracy"
"""`mean` of True and False is not defined: turn the comparison into floats first."""
def accuracy(logits, labels):
    return (logits.argmax(dim=1) == labels).mean().item()

# %% mistake="accuracy"
"""Only the first image of the batch decided. Does a `return` stand inside the loop?"""
def accuracy(logits, labels):
    right = 0
    for row, label in zip(logits, labels):
        right += int(row.argmax() == label)
        return right / len(labels)

# %% mistake="accuracy"
"""You averaged the probability of the true class. Accuracy looks only at whether the largest logit is in the right place."""
def accuracy(logits, labels):
    return logits.softmax(dim=1)[torch.arange(len(labels)), labels].mean().item()

# %% mistake="accuracy"
"""Along an axis, `max` gives a pair: the largest values and their places. You need the places only, as `argmax` gives them."""
def accuracy(logits, labels):
    return (logits.max(1) == labels).float().mean().item()

# %% mistake="accuracy"
"""You applied softmax over the batch, which changes the order within each row. Accuracy needs no softmax at all."""
def accuracy(logits, labels):
    return (logits.softmax(0).argmax(1) == labels).float().mean().item()

# %% mistake="accuracy"
"""Your answer is 1 if all images are right and 0 otherwise. Whole-number division `//` does that, and so does asking whether all are equal; what is asked is a fraction."""
def accuracy(logits, labels):
    return (logits.argmax(1) == labels).sum().item() // len(labels)

# %% mistake="accuracy"
"""You measured how far answer and label lie apart. Classes are names, not amounts: an answer is right or wrong."""
def accuracy(logits, labels):
    return 1 - (logits.argmax(1) - labels).abs().float().mean().item()

# %% mistake="accuracy"
"""You counted an image as right if its class is one of the two largest. The answer is the single class with the largest logit."""
def accuracy(logits, labels):
    return (logits.topk(2, dim=1).indices == labels[:, None]).any(dim=1).float().mean().item()

# %% right="baseline_accuracy"
"""Python's Counter"""
def baseline_accuracy(labels):
    from collections import Counter

    (_, count), = Counter(labels.tolist()).most_common(1)
    return count / len(labels)

# %% right="baseline_accuracy"
"""unique with counts"""
def baseline_accuracy(labels: Tensor) -> float:
    values, counts = torch.unique(labels, return_counts=True)
    return (counts.max() / counts.sum()).item()

# %% right="baseline_accuracy"
"""the mode, compared with all labels"""
def baseline_accuracy(labels):
    return (labels == labels.mode().values).float().mean().item()

# %% right="baseline_accuracy"
"""a loop over the classes"""
def baseline_accuracy(labels):
    best = 0
    for cls in set(labels.tolist()):
        best = max(best, int((labels == cls).sum()))
    return best / labels.shape[0]

# %% right="baseline_accuracy"
"""the mean of one-hot rows"""
def baseline_accuracy(labels):
    return F.one_hot(labels).double().mean(dim=0).max().item()

# %% right="baseline_accuracy"
"""every label compared with every other"""
def baseline_accuracy(labels):
    return (labels[:, None] == labels).float().mean(dim=0).max().item()

# %% mistake="baseline_accuracy"
"""You answered at random among the classes that occur. Always answering with the *commonest* class does better when classes differ in size."""
def baseline_accuracy(labels):
    return 1 / len(labels.unique())

# %% mistake="baseline_accuracy"
"""Your answer is one divided by the number of classes from 0 to the largest: a mean over all counts. What is asked is the largest count."""
def baseline_accuracy(labels):
    return 1 / (labels.max().item() + 1)

# %% mistake="baseline_accuracy"
"""This is the commonest class itself. The question is how often its answer would be right."""
def baseline_accuracy(labels):
    return float(labels.bincount().argmax().item())

# %% mistake="baseline_accuracy"
"""You counted how often the commonest class occurs; divide by the number of labels."""
def baseline_accuracy(labels):
    return float(labels.bincount().max().item())

# %% mistake="baseline_accuracy"
"""This is a percentage. The accuracy asked for is a fraction from 0 to 1."""
def baseline_accuracy(labels):
    return 100 * labels.bincount().max().item() / len(labels)

# %% mistake="baseline_accuracy"
"""You took the rarest class. Which constant answer is right most often?"""
def baseline_accuracy(labels):
    return labels.unique(return_counts=True)[1].min().item() / len(labels)

# %% mistake="baseline_accuracy"
"""You divided by the number of different classes. The accuracy is a fraction of all labels."""
def baseline_accuracy(labels):
    return labels.bincount().max().item() / len(labels.unique())

# %% mistake="baseline_accuracy"
"""You always answered with the first label. Nothing says that it is the commonest: count."""
def baseline_accuracy(labels):
    return (labels == labels[0]).float().mean().item()

# %% mistake="baseline_accuracy"
"""A tensor comes back. A report wants a plain number: `.item()` takes it out."""
def baseline_accuracy(labels):
    return labels.bincount().max() / len(labels)

# %% mistake="baseline_accuracy"
"""Your answer is 1 if all labels are equal and 0 otherwise. Does a whole-number division `//` drop what comes after the point? What is asked is a fraction."""
def baseline_accuracy(labels):
    return labels.bincount().max().item() // len(labels)

# %% mistake="baseline_accuracy"
"""You gave each label a chance equal to how common it is. That is right less often than always giving the commonest answer."""
def baseline_accuracy(labels):
    return ((labels.bincount() / len(labels)) ** 2).sum().item()

# %% mistake="baseline_accuracy"
"""You divided the commonest class itself by the number of labels. What is asked is how often it occurs."""
def baseline_accuracy(labels):
    return labels.mode().values.item() / len(labels)

# %% mistake="baseline_accuracy"
"""Ten classes are counted and no more. Here labels can be larger: how many places are needed, or which container grows by itself?"""
def baseline_accuracy(labels):
    counts = [0] * 10
    for label in labels.tolist():
        counts[label] += 1
    return max(counts) / len(labels)

# %% mistake="baseline_accuracy"
"""You counted elements of a tensor: each is a tensor of its own, and none counts as the same as another. Count plain numbers, from `.tolist()`."""
def baseline_accuracy(labels):
    counts = {}
    for label in labels:
        counts[label] = counts.get(label, 0) + 1
    return max(counts.values()) / len(labels)

# %% mistake="baseline_accuracy"
"""You always answered with the median, the label in the middle. Classes are names, not amounts: which one occurs most often?"""
def baseline_accuracy(labels):
    return (labels == labels.median()).float().mean().item()

# %% right="expected_initial_loss"
"""minus the logarithm of one probability"""
def expected_initial_loss(num_classes):
    return -math.log(1 / num_classes)

# %% right="expected_initial_loss"
"""the library's loss on equal logits"""
def expected_initial_loss(num_classes: int) -> float:
    return F.cross_entropy(torch.zeros(1, num_classes), torch.tensor([0])).item()

# %% right="expected_initial_loss"
"""a tensor's logarithm"""
def expected_initial_loss(num_classes):
    return float(torch.tensor(float(num_classes)).log())

# %% right="expected_initial_loss"
"""NumPy, as the mean over all classes"""
def expected_initial_loss(num_classes):
    import numpy as np

    p = np.full(num_classes, 1 / num_classes)
    return float(-(p * np.log(p)).sum())

# %% mistake="expected_initial_loss"
"""Your loss is negative. The logarithm of a probability is; the minus in front of it makes a loss."""
def expected_initial_loss(num_classes):
    return math.log(1 / num_classes)

# %% mistake="expected_initial_loss"
"""This is the logarithm to base 10. The loss uses the natural one, `math.log`."""
def expected_initial_loss(num_classes):
    return math.log10(num_classes)

# %% mistake="expected_initial_loss"
"""This is the logarithm to base 2, which counts bits. The loss uses the natural one, `math.log`."""
def expected_initial_loss(num_classes):
    return math.log2(num_classes)

# %% mistake="expected_initial_loss"
"""This is the probability of each class. The loss is minus its logarithm."""
def expected_initial_loss(num_classes):
    return 1 / num_classes

# %% mistake="expected_initial_loss"
"""This is the fraction of wrong answers that guessing gives. The loss asks for the probability of the true class, and takes minus its logarithm."""
def expected_initial_loss(num_classes):
    return 1 - 1 / num_classes

# %% mistake="expected_initial_loss"
"""You averaged over the classes once more. One example has one true class, so its loss is one term."""
def expected_initial_loss(num_classes):
    return math.log(num_classes) / num_classes

# %% mistake="expected_initial_loss"
"""You added the loss of every class. One example has one true class, so its loss is one term."""
def expected_initial_loss(num_classes):
    return num_classes * math.log(num_classes)

# %% mistake="expected_initial_loss"
"""This is ln 10 for any number of classes. It fits ten digits only: use `num_classes`."""
def expected_initial_loss(num_classes):
    return 2.302585

# %% mistake="expected_initial_loss"
"""A tensor comes back. Here a plain number is asked for: `math.log` gives one, `.item()` takes one out."""
def expected_initial_loss(num_classes):
    return torch.tensor(float(num_classes)).log()

# %% mistake="expected_initial_loss"
"""You rounded the result. Rounding belongs where a number is shown."""
def expected_initial_loss(num_classes):
    return round(math.log(num_classes), 2)

# %% mistake="expected_initial_loss"
"""You used the probability of all the wrong classes together. The loss looks at the true class alone."""
def expected_initial_loss(num_classes):
    return -math.log(1 - 1 / num_classes)

# %% mistake="expected_initial_loss"
"""You subtracted one class. All `num_classes` classes are equally probable, the true one among them."""
def expected_initial_loss(num_classes):
    return math.log(num_classes - 1)

# %% right="bce_from_logits"
"""softplus for both targets"""
def bce_from_logits(logits, targets):
    return (targets * F.softplus(-logits) + (1 - targets) * F.softplus(logits)).mean()

# %% right="bce_from_logits"
"""logsigmoid"""
def bce_from_logits(logits: Tensor, targets: Tensor) -> Tensor:
    yes, no = F.logsigmoid(logits), F.logsigmoid(-logits)
    return -torch.mean(targets * yes + (1.0 - targets) * no)

# %% right="bce_from_logits"
"""logaddexp of the logit and zero"""
def bce_from_logits(logits, targets):
    losses = torch.logaddexp(logits, torch.zeros_like(logits)) - targets * logits
    return losses.sum() / losses.numel()

# %% right="bce_from_logits"
"""the sign flipped where the target is no"""
def bce_from_logits(logits, targets):
    against = (1 - 2 * targets) * logits  # positive when the answer is wrong
    return (torch.relu(against) + (-against.abs()).exp().log1p()).mean()

# %% right="bce_from_logits"
"""a loop with both cases"""
def bce_from_logits(logits, targets):
    total = 0.0
    for z, y in zip(logits.flatten(), targets.flatten()):
        if z > 0:
            loss = z + torch.log1p(torch.exp(-z)) - y * z
        else:
            loss = torch.log1p(torch.exp(z)) - y * z
        total = total + loss
    return total / logits.numel()

# %% right="bce_from_logits"
"""two classes, one of them with score 0"""
def bce_from_logits(logits, targets):
    both = torch.stack([torch.zeros_like(logits), logits], dim=-1)
    logps = both - both.logsumexp(dim=-1, keepdim=True)
    return -logps.gather(-1, targets.long()[..., None]).mean()

# %% right="bce_from_logits"
"""a choice between two softplus"""
def bce_from_logits(logits, targets):
    return torch.where(targets == 1, F.softplus(-logits), F.softplus(logits)).mean()

# %% right="bce_from_logits"
"""in float64, with both exponents shifted by the larger one"""
def bce_from_logits(logits, targets):
    z = logits.double()
    top = torch.maximum(z, torch.zeros_like(z))
    return (top + torch.log(torch.exp(-top) + torch.exp(z - top)) - targets * z).mean()

# %% mistake="bce_from_logits"
"""You took the logarithm of the sigmoid. For a large logit the sigmoid is exactly 0 or 1, and the logarithm of 0 is infinite. Simplify on paper first."""
def bce_from_logits(logits, targets):
    p = torch.sigmoid(logits)
    return -(targets * torch.log(p) + (1 - targets) * torch.log(1 - p)).mean()

# %% mistake="bce_from_logits"
"""A small number inside the logarithm hides the problem: no loss gets above about 18, so the worst answers look alike. Simplify on paper instead."""
def bce_from_logits(logits, targets):
    p = torch.sigmoid(logits)
    return -(targets * torch.log(p + 1e-8) + (1 - targets) * torch.log(1 - p + 1e-8)).mean()

# %% mistake="bce_from_logits"
"""You cut the probabilities off before the logarithm. Beyond the cut the loss is flat: no gradient where the answer is most wrong."""
def bce_from_logits(logits, targets):
    p = torch.sigmoid(logits).clamp(1e-7, 1 - 1e-7)
    return -(targets * torch.log(p) + (1 - targets) * torch.log(1 - p)).mean()

# %% mistake="bce_from_logits"
"""You cut the logits off. Beyond the cut the loss is flat: no gradient where the answer is most wrong."""
def bce_from_logits(logits, targets):
    z = logits.clamp(-50, 50)
    return (F.softplus(z) - targets * z).mean()

# %% mistake="bce_from_logits"
"""The formula is right, but `exp(z)` overflows for large logits. Where must the large part be taken out before the exponential?"""
def bce_from_logits(logits, targets):
    return (torch.log1p(torch.exp(logits)) - targets * logits).mean()

# %% mistake="bce_from_logits"
"""The formula is right for large logits, but `exp(-z)` overflows for very negative ones. The exponent must not be positive in either case."""
def bce_from_logits(logits, targets):
    return (torch.log1p(torch.exp(-logits)) + (1 - targets) * logits).mean()

# %% mistake="bce_from_logits"
"""You added the losses; the loss of a batch is their mean."""
def bce_from_logits(logits, targets):
    return (F.softplus(logits) - targets * logits).sum()

# %% mistake="bce_from_logits"
"""The sign is wrong: this loss is negative and falls as the answers get worse. A logarithm of a probability needs a minus."""
def bce_from_logits(logits, targets):
    return (targets * F.logsigmoid(logits) + (1 - targets) * F.logsigmoid(-logits)).mean()

# %% mistake="bce_from_logits"
"""You applied the sigmoid twice: the formula from logits contains it already. Even a perfect answer costs 0.31 then."""
def bce_from_logits(logits, targets):
    p = torch.sigmoid(logits)
    return (F.softplus(p) - targets * p).mean()

# %% mistake="bce_from_logits"
"""You took the logarithm of the logits themselves. They are scores and can be negative; probabilities come only after a sigmoid."""
def bce_from_logits(logits, targets):
    return -(targets * torch.log(logits) + (1 - targets) * torch.log(1 - logits)).mean()

# %% mistake="bce_from_logits"
"""This is the squared error of the probabilities. Where the answer is sure and wrong it is flat, and at most 1. The loss asked for is minus a logarithm."""
def bce_from_logits(logits, targets):
    return ((torch.sigmoid(logits) - targets) ** 2).mean()

# %% mistake="bce_from_logits"
"""Only the targets that are 1 cost anything here: always saying yes would be perfect. What is the price when the target is 0?"""
def bce_from_logits(logits, targets):
    return (targets * F.softplus(-logits)).mean()

# %% mistake="bce_from_logits"
"""Yes and no are exchanged: a sure and right answer costs most. For a target of 1, which sign of the logit should be cheap?"""
def bce_from_logits(logits, targets):
    return (F.softplus(-logits) + targets * logits).mean()

# %% mistake="bce_from_logits"
"""You counted wrong answers. That is a staircase: it has no gradient, so nothing can be trained with it."""
def bce_from_logits(logits, targets):
    return ((logits > 0).float() != targets).float().mean()

# %% mistake="bce_from_logits"
"""You averaged over the first axis only, so one number per column comes back. One loss is needed for all elements."""
def bce_from_logits(logits, targets):
    return (F.softplus(logits) - targets * logits).mean(dim=0)

# %% mistake="bce_from_logits"
"""The term with the target is missing, so the loss is the same whatever the truth is."""
def bce_from_logits(logits, targets):
    return F.softplus(logits).mean()

# %% mistake="bce_from_logits"
"""Your loss is a plain number, so it cannot say how it changes when a logit does. Leave it a tensor: no `.item()`."""
def bce_from_logits(logits, targets):
    return (F.softplus(logits) - targets * logits).mean().item()

# %% mistake="bce_from_logits"
"""You replaced infinite losses by a huge number. That hides the overflow, and the numbers are still wrong. Simplify on paper first."""
def bce_from_logits(logits, targets):
    p = torch.sigmoid(logits)
    return torch.nan_to_num(-(targets * torch.log(p) + (1 - targets) * torch.log(1 - p))).mean()

# %% mistake="bce_from_logits"
"""You cut the probabilities off before the logarithm. The worst answers then look alike, and beyond the cut there is no gradient. Simplify on paper first."""
def bce_from_logits(logits, targets):
    p = torch.sigmoid(logits)
    return -(targets * torch.log(p.clamp(min=1e-10)) + (1 - targets) * torch.log((1 - p).clamp(min=1e-10))).mean()

# %% mistake="bce_from_logits"
"""Almost: for a negative logit, the exponent in your logarithm is positive. It must be minus the *absolute* logit."""
def bce_from_logits(logits, targets):
    return (logits.clamp(min=0) + torch.log1p(torch.exp(-logits)) - targets * logits).mean()

# %% mistake="bce_from_logits"
"""Almost: you took out the absolute logit for both signs. For a negative logit there is nothing to take out."""
def bce_from_logits(logits, targets):
    return (logits.abs() + torch.log1p(torch.exp(-logits.abs())) - targets * logits).mean()

# %% mistake="bce_from_logits"
"""The mean covers only one of the two terms, so a whole table comes back. Put both terms inside it."""
def bce_from_logits(logits, targets):
    return (logits.clamp(min=0) + torch.log1p(torch.exp(-logits.abs()))).mean() - targets * logits

# %% mistake="bce_from_logits"
"""The exercise is what happens inside this function of PyTorch."""
def bce_from_logits(logits, targets):
    return F.binary_cross_entropy_with_logits(logits, targets)

# %% mistake="bce_from_logits"
"""This function of PyTorch wants probabilities and got logits. The exercise does without it anyway."""
def bce_from_logits(logits, targets):
    return F.binary_cross_entropy(logits, targets)

# %% mistake="bce_from_logits"
"""`torch.where` computes both branches. Where the one not chosen is infinite, its gradient is 0 times infinity, and that is NaN. Make every exponent harmless, not only the chosen one."""
def bce_from_logits(logits, targets):
    positive = logits + torch.log1p(torch.exp(-logits))
    negative = torch.log1p(torch.exp(logits))
    return (torch.where(logits > 0, positive, negative) - targets * logits).mean()

# %% mistake="bce_from_logits"
"""The half for yes is safe, the half for no still takes the logarithm of a difference that can be 0. What is the probability of no, as a sigmoid?"""
def bce_from_logits(logits, targets):
    return -(targets * F.logsigmoid(logits) + (1 - targets) * torch.log(1 - torch.sigmoid(logits))).mean()

# %% mistake="bce_from_logits"
"""The result knows nothing of the logits: they were detached, or it was made anew from plain numbers, and no gradient can get back. Compute with the tensors themselves."""
def bce_from_logits(logits, targets):
    losses = []
    for z, y in zip(logits.flatten().tolist(), targets.flatten().tolist()):
        losses.append(max(z, 0) + math.log1p(math.exp(-abs(z))) - y * z)
    return torch.tensor(sum(losses) / len(losses))

# %% right="exit_theorem"
"""a capital letter"""
exit_theorem = "B"

# %% mistake="exit_theorem"
"""The theorem says that good weights exist. It says nothing about how to find them, with any amount of data or time: we computed ours from a curve that we knew."""
exit_theorem = "a"

# %% mistake="exit_theorem"
"""Between and beyond the examples, a network can do anything: remember the curve beyond x = 6. To be right on new inputs is generalisation, and the theorem does not speak of examples at all."""
exit_theorem = "c"

# %% mistake="exit_theorem"
"""The theorem is about the width of a single hidden layer. And more layers can be worse, because training has to find good weights for all of them."""
exit_theorem = "d"

# %% right="exit_loss_falls"
"""with a bracket"""
exit_loss_falls = "c)"

# %% mistake="exit_loss_falls"
"""Remember the cautious and the bold model: the lower loss had the lower accuracy. The loss looks at probabilities, the accuracy only at which score is largest, so one can move without the other."""
exit_loss_falls = "a"

# %% mistake="exit_loss_falls"
"""Learnt by heart, these images would be answered with an accuracy of 1. And numbers from the training images alone cannot tell learning by heart from understanding."""
exit_loss_falls = "b"

# %% mistake="exit_loss_falls"
"""Accuracy is a staircase. Between two of its steps, the loss shows progress that accuracy cannot see yet."""
exit_loss_falls = "d"

# %% right="exit_sure_and_wrong"
"""with brackets"""
exit_sure_and_wrong = "(d)"

# %% mistake="exit_sure_and_wrong"
"""The squared error is nearly 1 there, its largest value: it does see that the answer is wrong. What matters for training is how it changes when the logit does."""
exit_sure_and_wrong = "a"

# %% mistake="exit_sure_and_wrong"
"""It is larger, but the size of a loss says nothing about how fast training goes: add 1000 to any loss and nothing changes. What does a small turn of a knob feel?"""
exit_sure_and_wrong = "b"

# %% mistake="exit_sure_and_wrong"
"""The squared error of a sigmoid always lies between 0 and 1, so nothing overflows. Look at the printed steepness again."""
exit_sure_and_wrong = "c"


# %% mistake="mse_loss"
"""You changed `pred` in place. It belongs to the caller, and a tensor that gradients are to arrive at must not be changed: make a new one."""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    pred -= target
    return (pred * pred).mean()

# %% mistake="mse_loss"
"""You compared how many axes there are. Shapes with equally many axes can differ too, and then they are broadcast or PyTorch complains in its own words: compare the whole shapes."""
def mse_loss(pred, target):
    if pred.dim() != target.dim():
        raise ValueError("shapes differ")
    return ((pred - target) ** 2).mean()

# %% mistake="mse_loss"
"""You put the target into the shape of the prediction. Where the counts agree, wrong pairs are compared
without a word; a shape that differs is an error to raise."""


def mse_loss(pred, target):
    return (pred - target.reshape(pred.shape)).pow(2).mean()

# %% mistake="mse_loss"
"""Nothing is squared: errors in both directions cancel, and the mean can be 0 although every prediction is
wrong."""


def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shape")
    return (pred - target).mean()

# %% mistake="mse_loss"
"""`* 2` doubles each error and `** 2` squares it. Doubled errors in both directions cancel."""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    return ((pred - target) * 2).mean()

# %% mistake="mse_loss"
"""You squared prediction and target apart. 3 and -3 have equal squares and lie far apart: subtract first, then square."""
def mse_loss(pred, target):
    if pred.shape != target.shape:
        raise ValueError("shapes differ")
    return (pred**2 - target**2).mean()

# %% mistake="mae_loss"
"""You changed `pred` in place. It belongs to the caller, and a tensor that gradients are to arrive at must not be changed: make a new one."""
def mae_loss(pred, target):
    return pred.sub_(target).abs_().mean()

# %% mistake="mae_loss"
"""This works for a table only. Predictions may have any number of axes; which operations of a tensor do not ask for it?"""
def mae_loss(pred, target):
    n, m = pred.shape
    return sum((pred[i, j] - target[i, j]).abs() for i in range(n) for j in range(m)) / (n * m)

# %% right="mae_loss"
"""the smooth loss without its smooth part"""
def mae_loss(pred, target):
    return F.smooth_l1_loss(pred, target, beta=0.0)

# %% mistake="mae_loss"
"""You compared the sizes of prediction and target. 3 and -3 are equally large and far apart: subtract first,
then drop the sign."""


def mae_loss(pred, target):
    return (pred.abs() - target.abs()).mean()

# %% mistake="mae_loss"
"""Only the last row counts: `=` in a loop forgets the rows before. Add them up, or let a tensor operation take them all."""
def mae_loss(pred, target):
    for p, t in zip(pred, target):
        loss = abs(p - t).mean()
    return loss

# %% mistake="mae_loss"
"""Only the prediction lost its sign. Subtract first; then the *difference* loses its sign."""
def mae_loss(pred, target):
    return (torch.abs(pred) - target).mean()

# %% mistake="accuracy"
"""Only the first image of the batch decided. Does a `return` stand inside the loop?"""
def accuracy(logits, labels):
    return float(logits[0].argmax() == labels[0])

# %% mistake="accuracy"
"""Your classes are counted from 1. `argmax` and the labels both count from 0."""
def accuracy(logits, labels):
    return (logits.argmax(1) + 1 == labels).float().mean().item()

# %% mistake="accuracy"
"""You counted an image as right if the logit of its class is positive. That is how a single yes or no is read; of several classes the one with the largest logit is the answer, whatever its sign."""
def accuracy(logits, labels):
    return (logits[torch.arange(len(labels)), labels] > 0).float().mean().item()

# %% mistake="baseline_accuracy"
"""You always answered with class 0. Nothing says that it is the commonest: count."""
def baseline_accuracy(labels):
    return (labels == 0).float().mean().item()

# %% mistake="baseline_accuracy"
"""You always answered with the smallest label that occurs. Nothing says that it is the commonest: which count is the largest?"""
def baseline_accuracy(labels):
    _, counts = labels.unique(return_counts=True)
    return counts[0].item() / len(labels)

# %% mistake="baseline_accuracy"
"""You always answered with the largest label. Classes are names, not amounts: which one occurs most often?"""
def baseline_accuracy(labels):
    return (labels == labels.max()).float().mean().item()

# %% mistake="baseline_accuracy"
"""You left out the largest class. If a `range` counts the classes: it ends before its last number."""
def baseline_accuracy(labels):
    return max((labels == c).float().mean().item() for c in range(labels.max()))

# %% mistake="baseline_accuracy"
"""You looked only at as many classes as there are different labels, from 0 on. Not every class needs to occur: which labels are there?"""
def baseline_accuracy(labels):
    return max((labels == c).float().mean().item() for c in range(len(labels.unique())))

# %% mistake="baseline_accuracy"
"""You divided the largest count by the number of classes. How often an answer is right is a share of the
*labels*."""


def baseline_accuracy(labels):
    counts = torch.bincount(labels)
    return (counts.max() / len(counts)).item()

# %% mistake="baseline_accuracy"
"""Ten classes are counted and no more. Here labels can be larger: how many places are needed, or which container grows by itself?"""
def baseline_accuracy(labels):
    counts = [0] * 10
    for c in range(10):
        counts[c] = (labels == c).sum().item()
    return max(counts) / len(labels)

# %% mistake="baseline_accuracy"
"""This is how often the answer would be wrong: 1 minus the accuracy."""
def baseline_accuracy(labels):
    return 1 - torch.bincount(labels).max().item() / len(labels)

# %% mistake="baseline_accuracy"
"""You always answered with the last label of the list. Nothing says that it is the commonest: count."""
def baseline_accuracy(labels):
    items = labels.tolist()
    return items.count(items[-1]) / len(items)

# %% mistake="bce_from_logits"
"""You replaced the numbers that overflowed. Then a logit of 1000 and one of 10000 cost the same: find a form in which nothing overflows."""
def bce_from_logits(logits, targets):
    p = logits.sigmoid()
    per = -(targets * p.log() + (1 - targets) * (1 - p).log())
    return per.nan_to_num(0.0, posinf=100.0).mean()

# %% mistake="bce_from_logits"
"""You asked one question of the whole tensor. Some of its logits are positive and others are not: decide for each element, as `clamp` and `torch.where` do."""
def bce_from_logits(logits, targets):
    if logits > 0:
        loss = logits + torch.log1p(torch.exp(-logits)) - targets * logits
    else:
        loss = torch.log1p(torch.exp(logits)) - targets * logits
    return loss.mean()

# %% mistake="bce_from_logits"
"""You changed `logits` in place, and used them again afterwards. They belong to the caller: make a new tensor."""
def bce_from_logits(logits, targets):
    positive = logits.clamp_(min=0)
    return (positive + torch.log1p(torch.exp(-logits.abs())) - targets * logits).mean()

# %% mistake="bce_from_logits"
"""You added the losses along the last axis before you took the mean. Here the mean goes over all elements."""


def bce_from_logits(logits, targets):
    return (F.softplus(logits) - targets * logits).sum(-1).mean()

# %% mistake="bce_from_logits"
"""The exponent is the absolute logit, which is never negative and overflows. It must be *minus* the absolute logit."""
def bce_from_logits(logits, targets):
    a = logits.clamp(min=0)
    b = torch.log1p(torch.exp(logits.abs()))
    return (a + b - targets * logits).mean()

# %% mistake="bce_from_logits"
"""You kept the negative part of the logit. `max(z, 0)` is the positive part: `clamp(min=0)`."""
def bce_from_logits(logits, targets):
    return (logits.clamp(max=0) + torch.log1p(torch.exp(-logits.abs())) - targets * logits).mean()

# %% mistake="bce_from_logits"
"""The term with the target has the wrong sign. A larger logit must make a yes cheaper: the loss is ln(1 + e^z) *minus* y z."""
def bce_from_logits(logits, targets):
    return (logits.clamp(min=0) + torch.log1p(torch.exp(-logits.abs())) + targets * logits).mean()

# %% mistake="bce_from_logits"
"""The part max(z, 0) is missing: what was taken out of the logarithm must be added back."""
def bce_from_logits(logits, targets):
    return (torch.log1p(torch.exp(-logits.abs())) - targets * logits).mean()

# %% mistake="bce_from_logits"
"""`log1p(t)` is ln(1 + t) already. You added 1 once more."""
def bce_from_logits(logits, targets):
    t = torch.exp(-logits.abs())
    return (torch.relu(logits) + torch.log1p(1 + t) - targets * logits).mean()

# %% mistake="bce_from_logits"
"""The logit is missing from the second term: it is y times z, not y times y."""
def bce_from_logits(logits, targets):
    return (logits.clamp(min=0) + torch.log1p(torch.exp(-logits.abs())) - targets * targets).mean()

# %% mistake="expected_initial_loss"
"""You dropped everything after the point. A loss is seldom a whole number."""
def expected_initial_loss(num_classes):
    return int(math.log(num_classes))

# %% mistake="expected_initial_loss"
"""A network with one class is always right, and its loss is 0: `num_classes` is at least 1, not 2."""
def expected_initial_loss(num_classes):
    if num_classes < 2:
        raise ValueError("at least two classes")
    return math.log(num_classes)

# %% mistake="expected_initial_loss"
"""You rounded the result. Rounding belongs where a number is shown; here small differences must survive."""
def expected_initial_loss(num_classes):
    return round(math.log(num_classes), 4)

# %% mistake="expected_initial_loss"
"""You took the logarithm of a negative number, which does not exist. The minus stands in front of the logarithm."""
def expected_initial_loss(num_classes):
    return math.log(-1 / num_classes)
