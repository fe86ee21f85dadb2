# %% [markdown]
# The answers bank of lesson 02: right answers, each written another way, and mistakes, each with its advice.

# %% right="softmax"
"""the maximum through max, and division"""


def softmax(logits, dim):
    shifted = logits - torch.max(logits, dim=dim, keepdim=True).values
    powers = torch.exp(shifted)
    return powers / torch.sum(powers, dim=dim, keepdim=True)


# %% right="softmax"
"""through log-sum-exp"""


def softmax(logits, dim):
    return torch.exp(logits - torch.logsumexp(logits, dim).unsqueeze(dim))


# %% right="softmax"
"""slice by slice, in a loop"""


def softmax(logits, dim):
    rows = []
    for row in logits.movedim(dim, -1).reshape(-1, logits.shape[dim]):
        powers = (row - row.max()).exp()
        rows.append(powers / powers.sum())
    moved = logits.movedim(dim, -1).shape
    return torch.stack(rows).reshape(moved).movedim(-1, dim)


# %% right="softmax"
"""in float64, the maximum detached"""


def softmax(logits, dim):
    x = logits.to(torch.float64)
    x = x - x.detach().amax(dim=dim, keepdim=True)
    return (x.exp() / x.exp().sum(dim=dim, keepdim=True)).to(logits.dtype)


# %% right="softmax"
"""one divided by the sum of exponentials of all differences"""


def softmax(logits, dim):
    x = logits.movedim(dim, -1)
    differences = x[..., None, :] - x[..., :, None]
    return (1 / differences.exp().sum(-1)).movedim(-1, dim)


# %% right="softmax"
"""in place, on a copy"""


def softmax(logits, dim):
    powers = logits.clone()
    powers -= powers.max(dim, keepdim=True)[0]
    powers.exp_()
    powers /= powers.sum(dim).unsqueeze(dim)
    return powers


# %% mistake="softmax"
"""You followed the formula as it stands. In float32 `exp(89)` is already infinity, and infinity divided by
infinity is `nan`. What may you subtract from all scores of a row without changing the result?"""


def softmax(logits, dim):
    return logits.exp() / logits.exp().sum(dim, keepdim=True)


# %% mistake="softmax"
"""You subtracted the largest score of the whole tensor. A row that lies far below it turns into 0 divided by 0.
Each row has a largest score of its own; `keepdim=True` lets it line up with its row."""


def softmax(logits, dim):
    powers = (logits - logits.max()).exp()
    return powers / powers.sum(dim, keepdim=True)


# %% mistake="softmax"
"""You divided by the sum over the whole tensor, so all entries together add up to 1. Which axis holds the classes?
Sum along that one only."""


def softmax(logits, dim):
    powers = (logits - logits.amax(dim, keepdim=True)).exp()
    return powers / powers.sum()


# %% mistake="softmax"
"""Your answer always works along axis 1, whatever `dim` says. Only the caller knows which axis holds the classes:
the axis is an argument, not a habit."""


def softmax(logits, dim):
    powers = (logits - logits.amax(1, keepdim=True)).exp()
    return powers / powers.sum(1, keepdim=True)


# %% mistake="softmax"
"""Your answer always works along the last axis, whatever `dim` says. Only the caller knows which axis holds the
classes: the axis is an argument, not a habit."""


def softmax(logits, dim):
    powers = (logits - logits.amax(-1, keepdim=True)).exp()
    return powers / powers.sum(-1, keepdim=True)


# %% mistake="softmax"
"""The probabilities are right, but the caller's scores have changed: `-=` and functions that end in `_` write into
the tensor they are given. Make a new tensor."""


def softmax(logits, dim):
    logits -= logits.amax(dim, keepdim=True)
    powers = logits.exp()
    return powers / powers.sum(dim, keepdim=True)


# %% mistake="softmax"
"""The probabilities are right, but `exp_` replaced the caller's scores by their exponentials. The same function
without the underscore makes a new tensor."""


def softmax(logits, dim):
    logits -= logits.amax(dim, keepdim=True)
    powers = logits.exp_()
    return powers / powers.sum(dim, keepdim=True)


# %% mistake="softmax"
"""You divided the scores by their sum. Scores may be negative, and then so are your "probabilities". Which function
makes every number positive and keeps the order?"""


def softmax(logits, dim):
    return logits / logits.sum(dim, keepdim=True)


# %% mistake="softmax"
"""You divided by the largest exponential, so the winner of each row gets 1 and the rest is on top of it. What must
a row add up to?"""


def softmax(logits, dim):
    powers = (logits - logits.amax(dim, keepdim=True)).exp()
    return powers / powers.amax(dim, keepdim=True)


# %% mistake="softmax"
"""You cut large scores off to keep the exponential finite. That changes the answer: two scores above the limit become
equal. Subtracting one number from the whole row keeps their difference."""


def softmax(logits, dim):
    powers = logits.clamp(-80, 80).exp()
    return powers / powers.sum(dim, keepdim=True)


# %% mistake="softmax"
"""`logits.max(dim)` returns two things, the largest values and their places. You need the values only: `amax`
returns just them."""


def softmax(logits, dim):
    powers = (logits - logits.max(dim, keepdim=True)).exp()
    return powers / powers.sum(dim, keepdim=True)


# %% mistake="softmax"
"""A maximum or a sum per row has lost an axis, so its numbers do not line up with the rows they belong to.
`keepdim=True` keeps that axis with length 1."""


def softmax(logits, dim):
    powers = (logits - logits.amax(dim, keepdim=True)).exp()
    return powers / powers.sum(dim)


# %% mistake="softmax"
"""These are the logarithms of the probabilities. Softmax returns the probabilities themselves."""


def softmax(logits, dim):
    return logits - torch.logsumexp(logits, dim, keepdim=True)


# %% mistake="softmax"
"""Your function calculates something and then returns `None`. What should its last line hand back?"""


def softmax(logits, dim):
    powers = (logits - logits.amax(dim, keepdim=True)).exp()
    powers / powers.sum(dim, keepdim=True)


# %% mistake="softmax"
"""The library's softmax is what you are building."""


def softmax(logits, dim):
    return F.softmax(logits, dim)


# %% mistake="softmax"
"""You subtracted the mean of each row. Nothing is wrong with that on paper, but a score far above the mean still
overflows. Which number leaves no exponent above 0?"""


def softmax(logits, dim):
    powers = (logits - logits.mean(dim, keepdim=True)).exp()
    return powers / powers.sum(dim, keepdim=True)


# %% right="logsumexp"
"""clamping the maximum to finite numbers"""


def logsumexp(x, dim):
    m = x.max(dim=dim, keepdim=True).values.clamp(min=torch.finfo(x.dtype).min)
    return (m + torch.log(torch.exp(x - m).sum(dim=dim, keepdim=True))).squeeze(dim)


# %% right="logsumexp"
"""adding up pair by pair"""


def logsumexp(x, dim):
    parts = list(torch.unbind(x, dim))
    total = parts[0]
    for part in parts[1:]:
        total = torch.logaddexp(total, part)
    return total


# %% right="logsumexp"
"""mending the empty rows afterwards"""


def logsumexp(x, dim):
    m = torch.amax(x, dim, keepdim=True)
    result = m.squeeze(dim) + (x - m).exp().sum(dim).log()
    return torch.where(m.squeeze(dim) == -math.inf, m.squeeze(dim), result)


# %% right="logsumexp"
"""1 in the place of an infinite maximum: the formula is true for every finite number"""


def logsumexp(x, dim):
    largest = x.amax(dim, keepdim=True)
    largest = torch.where(largest.isinf(), 1.0, largest)
    return largest.squeeze(dim) + (x - largest).exp().sum(dim).log()


# %% right="logsumexp"
"""row by row, an empty row on its own"""


def logsumexp(x, dim):
    moved = x.movedim(dim, -1)
    results = []
    for row in moved.reshape(-1, moved.shape[-1]):
        top = max(row.tolist())
        if top == -math.inf:
            results.append(top)
        else:
            results.append(top + math.log(sum(math.exp(number - top) for number in row.tolist())))
    return torch.tensor(results).reshape(moved.shape[:-1])


# %% mistake="logsumexp"
"""You took the maximum out of the sum and did not add it back, so the result is off by that maximum. In softmax it
cancels; here it does not."""


def logsumexp(x, dim):
    m = x.amax(dim, keepdim=True)
    m = torch.where(m.isinf(), 0.0, m)
    return (x - m).exp().sum(dim).log()


# %% mistake="logsumexp"
"""You followed the definition as it stands. With scores of 900 the exponential is infinity, with −500 it is 0, and
the logarithm cannot bring the number back."""


def logsumexp(x, dim):
    return x.exp().sum(dim).log()


# %% mistake="logsumexp"
"""Almost: a row in which everything is −∞ comes out as `nan`. Its maximum is −∞ too, and −∞ − (−∞) is not a number.
Which number could take the place of the maximum there?"""


def logsumexp(x, dim):
    m = x.amax(dim, keepdim=True)
    return m.squeeze(dim) + (x - m).exp().sum(dim).log()


# %% mistake="logsumexp"
"""You subtracted the largest number of the whole tensor. In a row that lies far below it every exponential becomes
0, and the logarithm of 0 is −∞. Each row needs its own maximum."""


def logsumexp(x, dim):
    m = x.max()
    return m + (x - m).exp().sum(dim).log()


# %% mistake="logsumexp"
"""The numbers are right, but the axis `dim` is still there with length 1. Log-sum-exp reduces it, as `sum` does."""


def logsumexp(x, dim):
    m = x.amax(dim, keepdim=True)
    m = torch.where(m.isinf(), 0.0, m)
    return m + (x - m).exp().sum(dim, keepdim=True).log()


# %% mistake="logsumexp"
"""You took the logarithm before the sum. The logarithm undoes the exponential at once, so what is left is a plain
sum of scores. Exponentials first, then the sum, then the logarithm."""


def logsumexp(x, dim):
    return x.exp().log().sum(dim)


# %% mistake="logsumexp"
"""You took the mean of the exponentials where the name says sum: the result is too small by the logarithm of how many
there are."""


def logsumexp(x, dim):
    m = x.amax(dim, keepdim=True)
    m = torch.where(m.isinf(), 0.0, m)
    return m.squeeze(dim) + (x - m).exp().mean(dim).log()


# %% mistake="logsumexp"
"""That is the maximum. It is the largest part of log-sum-exp, but the other scores add something on top of it."""


def logsumexp(x, dim):
    return x.amax(dim)


# %% mistake="logsumexp"
"""The row maxima have lost an axis, so they do not line up with the rows they belong to. `keepdim=True` keeps that
axis with length 1."""


def logsumexp(x, dim):
    m = x.amax(dim)
    return m + (x - m).exp().sum(dim).log()


# %% mistake="logsumexp"
"""The logarithm is missing: this is the sum of the exponentials, which overflows for large scores."""


def logsumexp(x, dim):
    return x.exp().sum(dim)


# %% mistake="logsumexp"
"""You work along the last axis, whatever `dim` says. The caller decides which axis is reduced."""


def logsumexp(x, dim):
    m = x.amax(-1, keepdim=True)
    m = torch.where(m.isinf(), 0.0, m)
    return m.squeeze(-1) + (x - m).exp().sum(-1).log()


# %% mistake="logsumexp"
"""You work along axis 1, whatever `dim` says. The caller decides which axis is reduced."""


def logsumexp(x, dim):
    m = x.amax(1, keepdim=True)
    m = torch.where(m.isinf(), 0.0, m)
    return m.squeeze(1) + (x - m).exp().sum(1).log()


# %% mistake="logsumexp"
"""A small number inside the logarithm avoids −∞, but it changes the result: a row that is ruled out entirely must
come out as −∞."""


def logsumexp(x, dim):
    m = x.amax(dim, keepdim=True)
    m = torch.where(m.isinf(), 0.0, m)
    return m.squeeze(dim) + ((x - m).exp().sum(dim) + 1e-8).log()


# %% mistake="logsumexp"
"""The library's log-sum-exp is what you are building."""


def logsumexp(x, dim):
    return x.logsumexp(dim)


# %% mistake="logsumexp"
"""float64 moves the cliff from 88 to 709, it does not remove it: a score of 900 still overflows. Taking the maximum out
works for scores of any size."""


def logsumexp(x, dim):
    return x.double().exp().sum(dim).log().to(x.dtype)


# %% mistake="logsumexp"
"""Where everything is −∞ you put 0. The sum of no weight at all is 0, and the logarithm of that is −∞."""


def logsumexp(x, dim):
    m = x.amax(dim, keepdim=True)
    return ((x - m).exp().sum(dim, keepdim=True).log() + m).squeeze(dim).nan_to_num(0.0)

# %% mistake="logsumexp"
"""You took the maximum out of the sum and then subtracted it once more. What is taken out must be added back."""
def logsumexp(x, dim):
    m = x.amax(dim, keepdim=True)
    m = torch.where(m.isinf(), 0.0, m)
    return (x - m).exp().sum(dim).log() - m.squeeze(dim)

# %% mistake="logsumexp"
"""You took the logarithm before the sum. The logarithm undoes the exponential at once, so what is left is a plain sum."""
def logsumexp(x, dim):
    m = x.amax(dim, keepdim=True)
    m = torch.where(m.isinf(), 0.0, m)
    return (x - m).exp().log().sum(dim) + m.squeeze(dim)

# %% mistake="logsumexp"
"""You replaced −∞ by 0 in the numbers themselves. The exponential of 0 is 1, so what was ruled out counts again; that of −∞ is 0, as it should be. Only an infinite *maximum* needs to be replaced."""
def logsumexp(x, dim):
    x = torch.where(x.isinf(), 0.0, x)
    m = x.amax(dim, keepdim=True)
    return (x - m).exp().sum(dim).log() + m.squeeze(dim)

# %% mistake="logsumexp"
"""A small number inside the logarithm avoids −∞, but it changes the result: a row that is ruled out entirely must give −∞."""
def logsumexp(x, dim):
    m = x.amax(dim, keepdim=True)
    m = torch.where(m.isinf(), 0.0, m)
    return torch.log((x - m).exp().sum(dim) + 1e-12) + m.squeeze(dim)

# %% mistake="logsumexp"
"""`log1p(t)` is ln(1 + t): a score of 0 would count that nobody gave. Here it is the logarithm of the sum alone."""
def logsumexp(x, dim):
    m = x.amax(dim, keepdim=True)
    m = torch.where(m.isinf(), 0.0, m)
    return torch.log1p((x - m).exp().sum(dim)) + m.squeeze(dim)

# %% mistake="logsumexp"
"""You took the logarithm to base 2. It must undo the exponential, so its base is e: `log`."""
def logsumexp(x, dim):
    m = x.amax(dim, keepdim=True)
    m = torch.where(m.isinf(), 0.0, m)
    return (x - m).exp().sum(dim).log2() + m.squeeze(dim)

# %% right="log_softmax"
"""the maximum taken out first"""


def log_softmax(logits, dim):
    shifted = logits - logits.amax(dim, keepdim=True)
    return shifted - shifted.exp().sum(dim, keepdim=True).log()


# %% right="log_softmax"
"""the method, and unsqueeze"""


def log_softmax(logits, dim):
    return logits - logits.logsumexp(dim).unsqueeze(dim)


# %% right="log_softmax"
"""one's own logsumexp, axis moved to the end and back"""


def log_softmax(logits, dim):
    x = torch.movedim(logits, dim, -1)
    return (x - logsumexp(x, -1)[..., None]).movedim(-1, dim)


# %% right="log_softmax"
"""minus the log-sum-exp of all differences"""


def log_softmax(logits, dim):
    x = logits.movedim(dim, -1)
    differences = x.unsqueeze(-2) - x.unsqueeze(-1)
    return -torch.logsumexp(differences, dim=-1).movedim(-1, dim)


# %% mistake="log_softmax"
"""You took the logarithm of a probability. At a gap of about 104 the probability is exactly 0 and its logarithm −∞,
however stable the softmax is. Take the logarithm on paper first: which exponential disappears?"""


def log_softmax(logits, dim):
    return torch.softmax(logits, dim).log()


# %% mistake="log_softmax"
"""The 1e-8 inside the logarithm avoids −∞, but a loss can then never exceed 18.4, and out there it is flat: no
gradient. A gap of 200 must cost 200."""


def log_softmax(logits, dim):
    return (torch.softmax(logits, dim) + 1e-8).log()


# %% mistake="log_softmax"
"""You cut the probability off at a smallest value before the logarithm. It avoids −∞, but below the limit the loss is
flat and its gradient 0, where it should be steepest. No probability is needed at all."""


def log_softmax(logits, dim):
    return torch.softmax(logits, dim).clamp(min=1e-12).log()


# %% mistake="log_softmax"
"""The formula is right on paper, but the exponential of a large score is infinity. The log-sum-exp in it needs the
protection you know: take the maximum out."""


def log_softmax(logits, dim):
    return logits - logits.exp().sum(dim, keepdim=True).log()


# %% mistake="log_softmax"
"""You took the maximum out of the sum but compare with the scores as they were, so each row is off by its maximum.
Shift both or none."""


def log_softmax(logits, dim):
    m = logits.amax(dim, keepdim=True)
    return logits - (logits - m).exp().sum(dim, keepdim=True).log()


# %% mistake="log_softmax"
"""Log-sum-exp has dropped the axis `dim`, so its numbers do not line up with the rows they belong to. Keep the axis
with `keepdim=True`."""


def log_softmax(logits, dim):
    return logits - torch.logsumexp(logits, dim)


# %% mistake="log_softmax"
"""These are the probabilities. What is asked for is their logarithm, without passing through them."""


def log_softmax(logits, dim):
    return torch.softmax(logits, dim)


# %% mistake="log_softmax"
"""The signs are the wrong way round: a probability is at most 1, so its logarithm is at most 0."""


def log_softmax(logits, dim):
    return torch.logsumexp(logits, dim, keepdim=True) - logits


# %% mistake="log_softmax"
"""You work along the last axis, whatever `dim` says. The caller decides which axis holds the classes."""


def log_softmax(logits, dim):
    return logits - torch.logsumexp(logits, -1, keepdim=True)


# %% mistake="log_softmax"
"""You work along axis 1, whatever `dim` says. The caller decides which axis holds the classes."""


def log_softmax(logits, dim):
    return logits - torch.logsumexp(logits, 1, keepdim=True)


# %% mistake="log_softmax"
"""One log-sum-exp over the whole tensor: then all entries together share a probability of 1. Each row needs its
own."""


def log_softmax(logits, dim):
    return logits - logits.flatten().logsumexp(0)


# %% mistake="log_softmax"
"""You divided by the log-sum-exp. The logarithm of a quotient is a difference."""


def log_softmax(logits, dim):
    return logits / torch.logsumexp(logits, dim, keepdim=True)


# %% mistake="log_softmax"
"""The library's log-softmax is what you are building."""


def log_softmax(logits, dim):
    return F.log_softmax(logits, dim=dim)


# %% mistake="log_softmax"
"""float64 moves the cliff, it does not remove it: at a gap of about 745 the probability is 0 again. Without a
probability there is no cliff."""


def log_softmax(logits, dim):
    return torch.softmax(logits.double(), dim).log().to(logits.dtype)


# %% mistake="log_softmax"
"""This is the formula of softmax with a logarithm around it. It overflows for large scores and loses small probabilities
at 0. Take the logarithm on paper first: what is the logarithm of a quotient?"""


def log_softmax(logits, dim):
    powers = logits.exp()
    return (powers / powers.sum(dim, keepdim=True)).log()


# %% mistake="log_softmax"
"""You subtracted the maximum and stopped there. Log-sum-exp is the maximum and a little more: the logarithm of the
shifted sum is missing."""


def log_softmax(logits, dim):
    return logits - logits.amax(dim, keepdim=True)


# %% mistake="log_softmax"
"""The numbers are right, but they were computed under `no_grad`, or detached: no gradient reaches the logits,
and nothing could be trained with it."""


def log_softmax(logits, dim):
    with torch.no_grad():
        return logits - torch.logsumexp(logits, dim, keepdim=True)

# %% mistake="log_softmax"
"""You subtracted the sum of the exponentials. Its *logarithm* belongs there."""
def log_softmax(logits, dim):
    z = logits - logits.amax(dim, keepdim=True)
    return z - z.exp().sum(dim, keepdim=True)

# %% mistake="log_softmax"
"""You took the logarithm of the scores themselves. They can be negative, and then they have none. The logarithm of e^x is x: the first term is the score as it is."""
def log_softmax(logits, dim):
    return logits.log() - logits.logsumexp(dim, keepdim=True)

# %% mistake="log_softmax"
"""The numbers are right, but the log-sum-exp was detached. It depends on the scores as well: without its gradient nothing pushes the other classes down."""
def log_softmax(logits, dim):
    return logits - logits.logsumexp(dim, keepdim=True).detach()

# %% mistake="log_softmax"
"""You added the log-sum-exp. The logarithm of a quotient is a difference."""
def log_softmax(logits, dim):
    return logits + logits.logsumexp(dim, keepdim=True)

# %% right="nll_loss"
"""gather"""


def nll_loss(logps, labels):
    return -torch.mean(logps.gather(1, labels.unsqueeze(1)).squeeze(1))


# %% right="nll_loss"
"""a one-hot mask"""


def nll_loss(logps, labels):
    mask = F.one_hot(labels, num_classes=logps.shape[1])
    return -(mask * logps).sum(dim=1).mean()


# %% right="nll_loss"
"""a loop over the batch"""


def nll_loss(logps, labels):
    total = 0.0
    for row, label in zip(logps, labels):
        total = total - row[label]
    return total / len(labels)


# %% right="nll_loss"
"""the diagonal of all picks"""


def nll_loss(logps, labels):
    return logps[:, labels].diagonal().neg().mean()


# %% right="nll_loss"
"""einsum with one-hot rows"""


def nll_loss(logps, labels):
    one_hot = torch.eye(logps.size(1), dtype=logps.dtype)[labels]
    return torch.einsum("nc,nc->", one_hot, logps) / -logps.size(0)


# %% right="nll_loss"
"""a mask of True and False"""


def nll_loss(logps, labels):
    return -logps[torch.arange(logps.shape[1]) == labels[:, None]].mean()


# %% mistake="nll_loss"
"""The minus is missing: this number grows when the network gets better. A loss must fall."""


def nll_loss(logps, labels):
    return logps[torch.arange(len(labels)), labels].mean()


# %% mistake="nll_loss"
"""You added the losses of the batch. Take their mean: otherwise a batch twice as large looks twice as bad, and the
learning rate that suits one batch size does not suit another."""


def nll_loss(logps, labels):
    return -logps[torch.arange(len(labels)), labels].sum()


# %% mistake="nll_loss"
"""You took the mean over all entries of the table, batch times classes. Only one entry per image counts, the one of
the right class, so divide by the number of images."""


def nll_loss(logps, labels):
    return -(F.one_hot(labels, logps.shape[1]) * logps).mean()


# %% mistake="nll_loss"
"""`logps[:, labels]` picks the columns of *all* labels for *every* row, a square of numbers. Its mean looks like a
loss, but it mixes every image with every label. Pair row 0 with label 0, row 1 with label 1, and so on."""


def nll_loss(logps, labels):
    return -logps[:, labels].mean()


# %% mistake="nll_loss"
"""`logps[labels]` picks whole rows, as if labels were numbers of images. Labels number the columns."""


def nll_loss(logps, labels):
    return -logps[labels].mean()


# %% mistake="nll_loss"
"""Rows and columns are swapped: the first index counts the images of the batch, the second is the class."""


def nll_loss(logps, labels):
    return -logps[labels, torch.arange(len(labels))].mean()


# %% mistake="nll_loss"
"""You took the logarithm once more. What arrives here *are* logarithms, negative numbers, and these have no
logarithm."""


def nll_loss(logps, labels):
    return -logps[torch.arange(len(labels)), labels].log().mean()


# %% mistake="nll_loss"
"""You turned the log-probabilities back into probabilities. Then the loss lies between −1 and 0, and a negative loss
is the give-away: the logarithm is what makes a confident mistake expensive."""


def nll_loss(logps, labels):
    return -logps.exp()[torch.arange(len(labels)), labels].mean()


# %% mistake="nll_loss"
"""You took the largest log-probability of each row and never looked at the labels. The loss of a wrong answer given
with confidence would be nearly 0."""


def nll_loss(logps, labels):
    return -logps.max(dim=1).values.mean()


# %% mistake="nll_loss"
"""You return one loss per image. Training needs a single number for the batch: their mean."""


def nll_loss(logps, labels):
    return -logps[torch.arange(len(labels)), labels]


# %% mistake="nll_loss"
"""The value is right, but `.item()` turned it into a plain number, and a plain number carries no gradient. Keep it a
tensor to the end."""


def nll_loss(logps, labels):
    return -logps[torch.arange(len(labels)), labels].mean().item()


# %% mistake="nll_loss"
"""The value is right, but it has no history: it was detached, or made anew from a plain number. No gradient reaches
the model that way. Stay with tensors all the way."""


def nll_loss(logps, labels):
    total = 0.0
    for row, label in zip(logps, labels):
        total -= row[label].item()
    return torch.tensor(total / len(labels))


# %% mistake="nll_loss"
"""`one_hot` without the number of classes guesses it from the labels at hand. In this batch the last class does not
occur, so a column is missing. Say how many classes there are."""


def nll_loss(logps, labels):
    return -(F.one_hot(labels) * logps).sum(dim=1).mean()


# %% mistake="nll_loss"
"""The library's loss is what you are building."""


def nll_loss(logps, labels):
    return F.nll_loss(labels, logps)


# %% mistake="nll_loss"
"""You applied log-softmax once more. For log-probabilities it changes no value, but it is work for nothing, and the
gradient is no longer that of the formula. Take the log-probabilities as they come."""


def nll_loss(logps, labels):
    return -F.log_softmax(logps, dim=1)[torch.arange(len(labels)), labels].mean()


# %% mistake="nll_loss"
"""`gather` wants an index with as many axes as the table. The labels have one, the log-probabilities two: give the
labels a second axis of length 1."""


def nll_loss(logps, labels):
    return -logps.gather(1, labels).mean()


# %% mistake="nll_loss"
"""The number 64 is written into your function, but a batch may have any size, the last one of an epoch in particular.
Ask the labels how many they are."""


def nll_loss(logps, labels):
    return -logps[torch.arange(64), labels].mean()


# %% right="build_classifier"
"""log-softmax with NLLLoss"""


def build_classifier(n_in, hidden, n_out):
    sizes = [n_in, *hidden]
    model = nn.Sequential()
    for a, b in zip(sizes, sizes[1:]):
        model.append(nn.Linear(a, b))
        model.append(nn.ReLU())
    model.append(nn.Linear(sizes[-1], n_out))
    model.append(nn.LogSoftmax(dim=1))
    return model, nn.NLLLoss()


# %% right="build_classifier"
"""a module of one's own, the output layer first"""


class Classifier(nn.Module):
    def __init__(self, n_in, hidden, n_out):
        super().__init__()
        self.out = nn.Linear(hidden[-1], n_out)
        sizes = [n_in, *hidden]
        self.layers = nn.ModuleList(nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(hidden)))

    def forward(self, x):
        for layer in self.layers:
            x = F.relu(layer(x))
        return self.out(x)


def build_classifier(n_in, hidden, n_out):
    return Classifier(n_in, hidden, n_out), F.cross_entropy


# %% right="build_classifier"
"""with Flatten, log-softmax in forward"""


class Digits(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.flatten = nn.Flatten()
        self.stack = nn.Sequential()
        for number, (a, b) in enumerate(zip(sizes[:-1], sizes[1:])):
            self.stack.add_module(f"linear{number}", nn.Linear(a, b))
            if number < len(sizes) - 2:
                self.stack.add_module(f"relu{number}", nn.ReLU(inplace=True))

    def forward(self, images):
        return F.log_softmax(self.stack(self.flatten(images)), dim=-1)


def build_classifier(n_in, hidden, n_out):
    return Digits([n_in] + list(hidden) + [n_out]), nn.NLLLoss()


# %% right="build_classifier"
"""weights of one's own, kept transposed"""


class ByHand(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.weights = nn.ParameterList(torch.randn(a, b) / a**0.5 for a, b in zip(sizes, sizes[1:]))
        self.biases = nn.ParameterList(torch.zeros(b) for b in sizes[1:])

    def forward(self, x):
        for weight, bias in zip(self.weights[:-1], self.biases[:-1]):
            x = torch.relu(x @ weight + bias)
        return x @ self.weights[-1] + self.biases[-1]


def build_classifier(n_in, hidden, n_out):
    return ByHand((n_in, *hidden, n_out)), nn.CrossEntropyLoss(reduction="mean")


# %% right="build_classifier"
"""log-softmax and cross-entropy: needless, but the logarithm of a softmax of log-probabilities changes nothing"""


def build_classifier(n_in, hidden, n_out):
    layers = []
    for size in hidden:
        layers.extend((nn.Linear(n_in, size), nn.ReLU()))
        n_in = size
    return nn.Sequential(*layers, nn.Linear(n_in, n_out), nn.LogSoftmax(-1)), nn.CrossEntropyLoss()


# %% mistake="build_classifier"
"""Your model ends in softmax, and `CrossEntropyLoss` applies log-softmax itself. Squashed twice, even a perfect answer
has a price: 1.46 for ten classes. The first loss looks fine, so only the floor gives it away. Which of the two does
not belong?"""


def build_classifier(n_in, hidden, n_out):
    layers = []
    for size in hidden:
        layers += [nn.Linear(n_in, size), nn.ReLU()]
        n_in = size
    return nn.Sequential(*layers, nn.Linear(n_in, n_out), nn.Softmax(dim=1)), nn.CrossEntropyLoss()


# %% mistake="build_classifier"
"""Your model returns probabilities, and `NLLLoss` wants *log*-probabilities. The loss lies between −1 and 0; a negative
cross-entropy is the give-away. Where does the logarithm belong?"""


def build_classifier(n_in, hidden, n_out):
    layers = []
    for size in hidden:
        layers += [nn.Linear(n_in, size), nn.ReLU()]
        n_in = size
    return nn.Sequential(*layers, nn.Linear(n_in, n_out), nn.Softmax(dim=1)), nn.NLLLoss()


# %% mistake="build_classifier"
"""Your model returns logits, and `NLLLoss` takes them as they are. Nothing normalises, so the loss has no lower limit:
the network only needs larger scores, not better ones. Which criterion is made for logits?"""


def build_classifier(n_in, hidden, n_out):
    layers = []
    for size in hidden:
        layers += [nn.Linear(n_in, size), nn.ReLU()]
        n_in = size
    return nn.Sequential(*layers, nn.Linear(n_in, n_out)), nn.NLLLoss()


# %% mistake="build_classifier"
"""You normalised along the batch: each *column* sums to 1, so the outputs of an image depend on its neighbours, and
one image alone gets ten zeros. Which axis holds the classes?"""


def build_classifier(n_in, hidden, n_out):
    layers = []
    for size in hidden:
        layers += [nn.Linear(n_in, size), nn.ReLU()]
        n_in = size
    return nn.Sequential(*layers, nn.Linear(n_in, n_out), nn.LogSoftmax(dim=0)), nn.NLLLoss()


# %% mistake="build_classifier"
"""There is a `ReLU` after the last layer, so no score can be below 0. Logits must be free to be negative: that is how
the network rules a class out."""


def build_classifier(n_in, hidden, n_out):
    layers = []
    for size in [*hidden, n_out]:
        layers += [nn.Linear(n_in, size), nn.ReLU()]
        n_in = size
    return nn.Sequential(*layers), nn.CrossEntropyLoss()


# %% mistake="build_classifier"
"""Your model ends in a sigmoid, so every score lies between 0 and 1 and no answer can be sure: the loss keeps a floor,
as with softmax twice. Logits must be free to take any value."""


def build_classifier(n_in, hidden, n_out):
    layers = []
    for size in hidden:
        layers += [nn.Linear(n_in, size), nn.ReLU()]
        n_in = size
    return nn.Sequential(*layers, nn.Linear(n_in, n_out), nn.Sigmoid()), nn.CrossEntropyLoss()


# %% mistake="build_classifier"
"""Nothing stands between the `Linear` layers. Layers in a row without a `ReLU` between them collapse into a single
linear one, however many there are."""


def build_classifier(n_in, hidden, n_out):
    sizes = [n_in, *hidden, n_out]
    return nn.Sequential(*(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))), nn.CrossEntropyLoss()


# %% mistake="build_classifier"
"""The hidden layers are followed by a sigmoid. It would work, but the exercise asks for `ReLU`."""


def build_classifier(n_in, hidden, n_out):
    layers = []
    for size in hidden:
        layers += [nn.Linear(n_in, size), nn.Sigmoid()]
        n_in = size
    return nn.Sequential(*layers, nn.Linear(n_in, n_out)), nn.CrossEntropyLoss()


# %% mistake="build_classifier"
"""The sizes of the lesson's network are written into your function. Take them from the arguments: the next data set
does not have 784 pixels."""


def build_classifier(n_in, hidden, n_out):
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    return model, nn.CrossEntropyLoss()


# %% mistake="build_classifier"
"""Your function works for exactly two hidden layers. `hidden` may be longer or shorter: walk through it in a loop."""


def build_classifier(n_in, hidden, n_out):
    first, second = hidden
    model = nn.Sequential(
        nn.Linear(n_in, first), nn.ReLU(), nn.Linear(first, second), nn.ReLU(), nn.Linear(second, n_out)
    )
    return model, nn.CrossEntropyLoss()


# %% mistake="build_classifier"
"""Your function takes the first two entries of `hidden` and drops the rest. Walk through all of them in a loop."""


def build_classifier(n_in, hidden, n_out):
    model = nn.Sequential(
        nn.Linear(n_in, hidden[0]),
        nn.ReLU(),
        nn.Linear(hidden[0], hidden[1]),
        nn.ReLU(),
        nn.Linear(hidden[1], n_out),
    )
    return model, nn.CrossEntropyLoss()


# %% mistake="build_classifier"
"""Only the model comes back. The caller needs two things, the model and the criterion that fits it."""


def build_classifier(n_in, hidden, n_out):
    layers = []
    for size in hidden:
        layers += [nn.Linear(n_in, size), nn.ReLU()]
        n_in = size
    return nn.Sequential(*layers, nn.Linear(n_in, n_out))


# %% mistake="build_classifier"
"""Model and criterion come back in the wrong order: the model is the first."""


def build_classifier(n_in, hidden, n_out):
    layers = []
    for size in hidden:
        layers += [nn.Linear(n_in, size), nn.ReLU()]
        n_in = size
    return nn.CrossEntropyLoss(), nn.Sequential(*layers, nn.Linear(n_in, n_out))


# %% mistake="build_classifier"
"""You returned the class `nn.CrossEntropyLoss`, not a criterion built from it. First build it, with parentheses; then
the caller can call it with the outputs and the labels."""


def build_classifier(n_in, hidden, n_out):
    layers = []
    for size in hidden:
        layers += [nn.Linear(n_in, size), nn.ReLU()]
        n_in = size
    return nn.Sequential(*layers, nn.Linear(n_in, n_out)), nn.CrossEntropyLoss


# %% mistake="build_classifier"
"""Your criterion hands the labels over first. The order is prediction, then target; labels are whole numbers, and no
log-softmax exists for these."""


def build_classifier(n_in, hidden, n_out):
    layers = []
    for size in hidden:
        layers += [nn.Linear(n_in, size), nn.ReLU()]
        n_in = size
    return nn.Sequential(*layers, nn.Linear(n_in, n_out)), lambda outputs, labels: F.cross_entropy(
        labels, outputs
    )


# %% mistake="build_classifier"
"""Your criterion turns the labels into one-hot whole numbers. Cross-entropy takes the class indices as they are; a
table of the logits' shape would be read as probabilities, and these are floats."""


def build_classifier(n_in, hidden, n_out):
    layers = []
    for size in hidden:
        layers += [nn.Linear(n_in, size), nn.ReLU()]
        n_in = size
    model = nn.Sequential(*layers, nn.Linear(n_in, n_out))
    return model, lambda outputs, labels: F.cross_entropy(outputs, F.one_hot(labels, n_out))


# %% mistake="build_classifier"
"""Your criterion turns the labels into floats. A label is the number of a class, an index, and stays a whole number
(int64)."""


def build_classifier(n_in, hidden, n_out):
    layers = []
    for size in hidden:
        layers += [nn.Linear(n_in, size), nn.ReLU()]
        n_in = size
    model = nn.Sequential(*layers, nn.Linear(n_in, n_out))
    return model, lambda outputs, labels: F.cross_entropy(outputs, labels.float())


# %% mistake="build_classifier"
"""`MSELoss` compares numbers with numbers. Here the target is the name of a class, and digit 7 is not "more" than
digit 3. Which loss asks for the probability of the right class?"""


def build_classifier(n_in, hidden, n_out):
    layers = []
    for size in hidden:
        layers += [nn.Linear(n_in, size), nn.ReLU()]
        n_in = size
    return nn.Sequential(*layers, nn.Linear(n_in, n_out)), nn.MSELoss()


# %% mistake="build_classifier"
"""Your criterion adds up the losses of the batch. Asked for is their mean, which does not depend on the batch size."""


def build_classifier(n_in, hidden, n_out):
    layers = []
    for size in hidden:
        layers += [nn.Linear(n_in, size), nn.ReLU()]
        n_in = size
    return nn.Sequential(*layers, nn.Linear(n_in, n_out)), nn.CrossEntropyLoss(reduction="sum")


# %% mistake="build_classifier"
"""Your model takes the logarithm of a softmax. It is fine until the network is sure and wrong: then the probability is
0 and the loss infinite. There is a layer that does both steps at once without passing through a probability."""


class LogOfSoftmax(nn.Module):
    def __init__(self, n_in, hidden, n_out):
        super().__init__()
        sizes = [n_in, *hidden]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.out = nn.Linear(sizes[-1], n_out)

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return torch.log(torch.softmax(self.out(x), dim=1))


def build_classifier(n_in, hidden, n_out):
    return LogOfSoftmax(n_in, hidden, n_out), nn.NLLLoss()


# %% mistake="build_classifier"
"""The layers have no bias. A bias lets a unit become active at a level of its own; `Linear` has one unless told
otherwise."""


def build_classifier(n_in, hidden, n_out):
    layers = []
    for size in hidden:
        layers += [nn.Linear(n_in, size, bias=False), nn.ReLU()]
        n_in = size
    return nn.Sequential(*layers, nn.Linear(n_in, n_out, bias=False)), nn.CrossEntropyLoss()


# %% mistake="build_classifier"
"""Your module keeps its layers in a plain Python list, where PyTorch does not find their parameters: no optimiser would
ever train them. `nn.ModuleList` is the list that tells."""


class Hidden(nn.Module):
    def __init__(self, n_in, hidden, n_out):
        super().__init__()
        sizes = [n_in, *hidden]
        self.layers = [nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]
        self.out = nn.Linear(sizes[-1], n_out)

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.out(x)


def build_classifier(n_in, hidden, n_out):
    return Hidden(n_in, hidden, n_out), nn.CrossEntropyLoss()


# %% mistake="build_classifier"
"""Every hidden layer expects the size of the input images. Each layer takes what the one before it hands over: carry that
size along in the loop."""


def build_classifier(n_in, hidden, n_out):
    layers = []
    for size in hidden:
        layers += [nn.Linear(n_in, size), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(n_in, n_out)), nn.CrossEntropyLoss()


# %% mistake="build_classifier"
"""You gave the whole of `hidden` to one layer. It holds one size per hidden layer: make a layer for each."""


def build_classifier(n_in, hidden, n_out):
    return nn.Sequential(nn.Linear(n_in, hidden), nn.ReLU(), nn.Linear(hidden, n_out)), nn.CrossEntropyLoss()


# %% right="diagnose_loss"
"""everything with a tolerance"""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    def near(a, b):
        return abs(a - b) < 0.2

    if near(first_loss, math.log(batch_size)):
        return "wrong axis"
    if near(first_loss, math.log(num_classes)):
        return "right" if near(floor, 0) else "softmax twice"
    return "no logarithm" if near(floor, -1) else "no softmax"


# %% right="diagnose_loss"
"""the nearest of five theories"""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if floor <= -3:
        return "no softmax"
    e = math.e
    theories = {
        "right": (math.log(num_classes), 0.0),
        "softmax twice": (math.log(num_classes), -math.log(e / (e + num_classes - 1))),
        "no logarithm": (-1 / num_classes, -1.0),
        "wrong axis": (math.log(batch_size), floor),
    }
    return min(
        theories, key=lambda name: sum((a - b) ** 2 for a, b in zip(theories[name], (first_loss, floor)))
    )


# %% right="diagnose_loss"
"""the floor of softmax twice, calculated"""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if floor < -2:
        return "no softmax"
    if floor < -0.5:
        return "no logarithm"
    if abs(first_loss - math.log(batch_size)) < abs(first_loss - math.log(num_classes)):
        return "wrong axis"
    twice = math.log(math.e + num_classes - 1) - 1
    return "softmax twice" if abs(floor - twice) < abs(floor) else "right"


# %% right="diagnose_loss"
"""another limit: every number between -10 and -1.1 separates the two negative floors"""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if floor < -3:
        return "no softmax"
    if floor < -0.5:
        return "no logarithm"
    if abs(first_loss - math.log(batch_size)) < abs(first_loss - math.log(num_classes)):
        return "wrong axis"
    return "softmax twice" if floor > 0.3 else "right"


# %% right="diagnose_loss"
"""signs first"""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if first_loss < 0.5 * math.log(num_classes):
        return "no softmax" if floor < -1.5 else "no logarithm"
    if first_loss > (math.log(num_classes) + math.log(batch_size)) / 2:
        return "wrong axis"
    return "softmax twice" if floor > 0.3 else "right"


# %% mistake="diagnose_loss"
"""You tell them apart as if there were always ten classes. With other numbers of classes the first loss is ln C and the
floor ln(e + C − 1) − 1: calculate both from `num_classes`."""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if floor < -2:
        return "no softmax"
    if floor < -0.5:
        return "no logarithm"
    if abs(first_loss - math.log(10)) > 0.2:
        return "wrong axis"
    return "softmax twice" if abs(floor - 1.4612) < 0.2 else "right"


# %% mistake="diagnose_loss"
"""You looked at the first loss only. A model with softmax twice starts exactly where a right one starts, so the two
cannot be told apart that way. What does a perfect answer cost in each?"""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if abs(first_loss - math.log(num_classes)) < 0.2:
        return "right"
    if abs(first_loss - math.log(batch_size)) < 0.2:
        return "wrong axis"
    return "no logarithm" if floor > -2 else "no softmax"


# %% mistake="diagnose_loss"
"""You looked at the floor only. With the wrong axis the floor depends on how many images of a class share a batch, so
it can look like anything, even like softmax twice. The first loss knows: it is the logarithm of the batch size."""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if floor < -2:
        return "no softmax"
    if floor < -0.5:
        return "no logarithm"
    if floor < 0.2:
        return "right"
    twice = math.log(math.e + num_classes - 1) - 1
    return "softmax twice" if abs(floor - twice) < 0.2 else "wrong axis"


# %% mistake="diagnose_loss"
"""You call every floor near 0 right, before you look at the first loss. With the wrong axis the floor can be near 0
too, when hardly two images of a class share a batch."""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if abs(floor) < 0.2:
        return "right"
    if floor < -2:
        return "no softmax"
    if floor < 0:
        return "no logarithm"
    return "wrong axis" if abs(first_loss - math.log(batch_size)) < 0.2 else "softmax twice"


# %% mistake="diagnose_loss"
"""You took logarithms to base 10. Losses use the natural logarithm: a network that knows nothing about ten classes
starts at 2.30, not at 1. In Python it is `math.log`."""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if floor < -2:
        return "no softmax"
    if floor < -0.5:
        return "no logarithm"
    if abs(first_loss - math.log10(batch_size)) < abs(first_loss - math.log10(num_classes)):
        return "wrong axis"
    twice = math.log10(math.e + num_classes - 1) - 1
    return "softmax twice" if abs(floor - twice) < abs(floor) else "right"


# %% mistake="diagnose_loss"
"""You swapped two names. Probabilities without a logarithm can bring the loss down to −1 at best; logits without a
softmax have no lower limit at all."""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if floor < -2:
        return "no logarithm"
    if floor < -0.5:
        return "no softmax"
    if abs(first_loss - math.log(batch_size)) < abs(first_loss - math.log(num_classes)):
        return "wrong axis"
    twice = math.log(math.e + num_classes - 1) - 1
    return "softmax twice" if abs(floor - twice) < abs(floor) else "right"


# %% mistake="diagnose_loss"
"""You compare measured numbers with `==` or to many digits. A measured loss is never exactly ln C: allow a
tolerance."""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if math.isclose(floor, 0, abs_tol=0.01) and math.isclose(first_loss, math.log(num_classes), abs_tol=0.01):
        return "right"
    if math.isclose(floor, math.log(math.e + num_classes - 1) - 1, abs_tol=0.01) and math.isclose(
        first_loss, math.log(num_classes), abs_tol=0.01
    ):
        return "softmax twice"
    if math.isclose(floor, -1, abs_tol=0.01):
        return "no logarithm"
    if math.isclose(first_loss, math.log(batch_size), abs_tol=0.01):
        return "wrong axis"
    return "no softmax"


# %% mistake="diagnose_loss"
"""You expect the first loss of a wrong axis at ln 64 always. It is the logarithm of the batch size, whatever that is."""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if floor < -2:
        return "no softmax"
    if floor < -0.5:
        return "no logarithm"
    if abs(first_loss - math.log(64)) < 0.2:
        return "wrong axis"
    return "right" if abs(floor) < 0.2 else "softmax twice"


# %% mistake="diagnose_loss"
"""Your function always gives the same name. What differs between the five rows of the table?"""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    return "softmax twice"


# %% mistake="diagnose_loss"
"""What comes back is `None`. A function hands its answer to the caller with `return`, on every path; printing shows it and no more."""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if floor < -2:
        print("no softmax")
    elif floor < -0.5:
        print("no logarithm")
    elif abs(first_loss - math.log(batch_size)) < 0.2:
        print("wrong axis")
    else:
        print("right" if abs(floor) < 0.2 else "softmax twice")


# %% mistake="diagnose_loss"
"""Your tolerance is narrower than the noise: the measured numbers may lie up to 0.1 from what theory says."""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if abs(first_loss - math.log(num_classes)) < 0.01:
        return "right" if floor < 0.2 else "softmax twice"
    if abs(first_loss - math.log(batch_size)) < 0.01:
        return "wrong axis"
    return "no softmax" if floor < -5 else "no logarithm"

# %% mistake="diagnose_loss"
"""You look at the floor only. A pair that normalises along the wrong axis can have any floor: its first loss
gives it away."""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if floor < -5:
        return "no softmax"
    if floor < -0.5:
        return "no logarithm"
    if floor < 0.2:
        return "right"
    return "softmax twice"

# %% mistake="diagnose_loss"
"""You never say "wrong axis". A first loss near the logarithm of the *batch size* says that the images compete
with each other."""


def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if first_loss > 0.5:
        return "right" if floor < 0.2 else "softmax twice"
    return "no softmax" if floor < -5 else "no logarithm"

# %% mistake="diagnose_loss"
"""You tell them apart as if there were always ten classes. With other numbers of classes the first loss is ln C and the floor ln(e + C − 1) − 1: calculate both from `num_classes`."""
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

# %% mistake="diagnose_loss"
"""You took logarithms to base 10. Losses use the natural logarithm: a network that knows nothing about ten classes starts at 2.30, not at 1. In Python it is `math.log`."""
def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if abs(first_loss - math.log10(num_classes)) < 0.2:
        return "right" if abs(floor) < 0.2 else "softmax twice"
    if abs(first_loss - math.log10(batch_size)) < 0.2:
        return "wrong axis"
    return "no logarithm" if floor > -2 else "no softmax"

# %% mistake="diagnose_loss"
"""Your limit for "softmax twice" does not depend on the number of classes. With few classes that floor is lower: it is ln(e + C − 1) − 1."""
def diagnose_loss(first_loss, floor, num_classes, batch_size):
    def near(a, b):
        return abs(a - b) < 0.25

    if near(first_loss, math.log(num_classes)):
        return "softmax twice" if floor > 1 else "right"
    if near(first_loss, math.log(batch_size)):
        return "wrong axis"
    if near(floor, -1):
        return "no logarithm"
    return "no softmax"

# %% mistake="diagnose_loss"
"""You compare measured numbers with `==` or after rounding. They may lie up to 0.1 from what theory says: allow a tolerance."""
def diagnose_loss(first_loss, floor, num_classes, batch_size):
    c = num_classes
    if round(first_loss, 2) == round(math.log(c), 2):
        if round(floor, 2) == 0:
            return "right"
        return "softmax twice"
    if round(first_loss, 2) == round(math.log(batch_size), 2):
        return "wrong axis"
    if round(first_loss, 2) == round(-1 / c, 2):
        return "no logarithm"
    return "no softmax"

# %% mistake="diagnose_loss"
"""Your tolerance is so wide that ln C and the logarithm of the batch size look alike. Measured numbers lie within 0.1 of what theory says."""
def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if abs(first_loss - math.log(num_classes)) < 1:
        return "right" if abs(floor) < 0.2 else "softmax twice"
    if abs(first_loss - math.log(batch_size)) < 1:
        return "wrong axis"
    return "no logarithm" if floor > -1.5 else "no softmax"

# %% mistake="diagnose_loss"
"""You looked at the first loss only. Right and "softmax twice" start in the same place, so the two cannot be told apart that way. What does a perfect answer cost in each?"""
def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if abs(first_loss - math.log(batch_size)) < 0.2:
        return "wrong axis"
    if abs(first_loss - math.log(num_classes)) < 0.2:
        return "right"
    if first_loss < -0.05:
        return "no logarithm"
    return "no softmax"

# %% mistake="diagnose_loss"
"""You expect the first loss of a wrong axis at ln 64 always. It is the logarithm of the batch size, whatever that is."""
def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if abs(first_loss - math.log(64)) < 0.2:
        return "wrong axis"
    if abs(first_loss - math.log(num_classes)) < 0.2:
        return "right" if abs(floor) < 0.2 else "softmax twice"
    return "no logarithm" if floor > -1.5 else "no softmax"

# %% mistake="diagnose_loss"
"""You swapped two names: a floor near 0 is what the right pair reaches. Softmax twice stops above it."""
def diagnose_loss(first_loss, floor, num_classes, batch_size):
    if abs(first_loss - math.log(batch_size)) < 0.2:
        return "wrong axis"
    if abs(first_loss - math.log(num_classes)) < 0.2:
        return "softmax twice" if abs(floor) < 0.2 else "right"
    return "no logarithm" if floor > -1.5 else "no softmax"

# %% mistake="exit_plateau"
"""More steps cannot help: the loss has a floor. Probabilities lie between 0 and 1, so as logits they differ by 1 at
most, and a perfect answer still costs ln(e + 9) − 1 = 1.46. Look at the last layer, then at the criterion."""
exit_plateau = "a"

# %% mistake="exit_plateau"
"""A larger network would stop at the same place: 1.46 is what a *perfect* answer costs here. The limit sits behind the
network, in the pair of last layer and criterion."""
exit_plateau = "b"

# %% mistake="exit_plateau"
"""No loss is normal for a number of classes except the first: ln 10 = 2.30, from knowing nothing. A right pair falls
towards 0 as the answers get better. What keeps this one from it?"""
exit_plateau = "d"

# %% mistake="exit_cliff"
"""Near 0 floats are as accurate as anywhere: 1e-30 has its full seven digits. What happens to a number that lies below
the smallest positive float?"""
exit_cliff = "a"

# %% mistake="exit_cliff"
"""True, and the reason why 0.1 + 0.2 is not exactly 0.3 in Python's floats, but such errors are tiny. Here the
probability is lost as a whole."""
exit_cliff = "c"

# %% mistake="exit_cliff"
"""Overflow is the other cliff: it threatens large *positive* exponents, from 89 on. A negative exponent makes a small
number."""
exit_cliff = "d"

# %% mistake="exit_choice"
"""Logits are no probabilities, but their order is the order of the probabilities: the exponential keeps it, and so
does dividing by the same sum. Softmax first is not wrong, it is work for nothing."""
exit_choice = "a"

# %% mistake="exit_choice"
"""Comparing two floats is safe at any size. It is the exponential that overflows, and to choose the largest score you
need none."""
exit_choice = "b"

# %% mistake="exit_choice"
"""The class with the smallest loss is the one with the largest probability, so this arrives at the right class, but
by a detour. Which number do you have already, and is its order the same?"""
exit_choice = "c"


# %% mistake="softmax"
"""An axis is counted from one end only. `dim` may be negative, too: -1 is the last axis, -2 the one before it."""
def softmax(logits, dim):
    largest = logits.amax(dim, keepdim=True)
    powers = (logits - largest).exp()
    return powers / powers.sum(logits.dim() - 1 if dim < 0 else dim, keepdim=True)

# %% mistake="softmax"
"""You subtracted the *smallest* score of each row. The largest exponent is then the width of the row, and overflows where scores lie far apart. Which number makes every exponent 0 or less?"""
def softmax(logits, dim):
    e = (logits - logits.amin(dim, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)

# %% mistake="softmax"
"""Below the fraction bar you added up the scores. The sum of their *exponentials* belongs there."""
def softmax(logits, dim):
    z = logits - logits.amax(dim, keepdim=True)
    return z.exp() / z.sum(dim, keepdim=True)

# %% mistake="softmax"
"""You took the largest score along axis 0, whatever `dim` says. What you subtract must be the same for all scores that are added up together: maximum and sum go along the same axis."""
def softmax(logits, dim):
    e = (logits - logits.amax(0, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)

# %% mistake="softmax"
"""You divided the scores by their sum. Scores may be negative, and then so are your "probabilities". Which function makes every score positive?"""
def softmax(logits, dim):
    z = logits - logits.amax(dim, keepdim=True)
    return z / z.sum(dim, keepdim=True)

# %% mistake="softmax"
"""You divided by the largest score. Softmax sees differences: what changes nothing is to *subtract* the same number from all scores."""
def softmax(logits, dim):
    e = (logits / logits.amax(dim, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)

# %% mistake="softmax"
"""Maximum and sum go along different axes: the one along `dim`, the other along the last. Both belong to the slice that is normalised."""
def softmax(logits, dim):
    e = (logits - logits.amax(dim, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)

# %% mistake="nll_loss"
"""You cut log-probabilities off at -100. A network that is sure and wrong must pay for it: leave them as they are."""
def nll_loss(logps, labels):
    return -logps[torch.arange(len(labels)), labels].clamp(min=-100).mean()

# %% mistake="nll_loss"
"""You took the mean of all log-probabilities and never looked at the labels. Only the entry of the right class counts."""
def nll_loss(logps, labels):
    return -logps.mean()

# %% mistake="nll_loss"
"""You looked one column to the left of each label. Classes are counted from 0, labels too."""
def nll_loss(logps, labels):
    return -logps[torch.arange(len(labels)), labels - 1].mean()

# %% mistake="nll_loss"
"""This is half the loss. It has no square whose factor 2 would have to be cancelled: it is the plain mean."""
def nll_loss(logps, labels):
    return -0.5 * logps[torch.arange(len(labels)), labels].mean()

# %% mistake="build_classifier"
"""Your model gives logits in training and probabilities in evaluation. It must give the same kind of answer in both modes; who wants probabilities applies softmax outside."""
def build_classifier(n_in, hidden, n_out):
    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            sizes = [n_in, *hidden]
            layers = []
            for a, b in zip(sizes, sizes[1:]):
                layers += [nn.Linear(a, b), nn.ReLU()]
            self.net = nn.Sequential(*layers, nn.Linear(sizes[-1], n_out))

        def forward(self, x):
            scores = self.net(x)
            return scores if self.training else scores.softmax(1)

    return Classifier(), nn.CrossEntropyLoss()

# %% mistake="build_classifier"
"""The layers stand in a plain Python list, so the model does not know that it has parameters, and no optimiser
will find them. `nn.Sequential` and `nn.ModuleList` register them."""


def build_classifier(n_in, hidden, n_out):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            sizes = [n_in, *hidden, n_out]
            self.layers = [nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]

        def forward(self, x):
            for layer in self.layers[:-1]:
                x = torch.relu(layer(x))
            return self.layers[-1](x)

    return Net(), nn.CrossEntropyLoss()

# %% mistake="build_classifier"
"""Every hidden layer expects the size of the input images. Each layer takes what the one before it hands over: carry that size along in the loop."""
def build_classifier(n_in, hidden, n_out):
    layers = []
    for h in hidden:
        layers.append(nn.Linear(n_in, h))
        layers.append(nn.ReLU())
    layers.append(nn.Linear(hidden[-1], n_out))
    return nn.Sequential(*layers), nn.CrossEntropyLoss()

# %% mistake="build_classifier"
"""There is one hidden layer too many: the first size of `hidden` has two."""
def build_classifier(n_in, hidden, n_out):
    layers = [nn.Linear(n_in, hidden[0]), nn.ReLU()]
    for h in hidden:
        layers += [nn.Linear(layers[-2].out_features, h), nn.ReLU()]
    layers.append(nn.Linear(hidden[-1], n_out))
    return nn.Sequential(*layers), nn.CrossEntropyLoss()

# %% mistake="build_classifier"
"""The two sizes of your layers are in the wrong order: `nn.Linear` wants the number of inputs first, then that of outputs."""
def build_classifier(n_in, hidden, n_out):
    sizes = [n_in, *hidden, n_out]
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [nn.Linear(b, a), nn.ReLU()]
    return nn.Sequential(*layers[:-1]), nn.CrossEntropyLoss()
