# %% [markdown]
# Answers to lesson 4: right ones, written in other ways, and mistakes with their advice.

# %% right="linear_backward"
"""einsum, index by index"""
def linear_backward(grad_out, x, weight):
    return (
        torch.einsum("nk,kd->nd", grad_out, weight),
        torch.einsum("nk,nd->kd", grad_out, x),
        torch.einsum("nk->k", grad_out),
    )

# %% right="linear_backward"
"""a loop over the batch that adds up, as a list"""
def linear_backward(grad_out, x, weight):
    n, k = grad_out.shape
    grad_x = torch.zeros(x.shape)
    grad_weight = torch.zeros(weight.shape)
    grad_bias = torch.zeros(k)
    for row in range(n):
        for out in range(k):
            grad_x[row] += grad_out[row, out] * weight[out]
            grad_weight[out] += grad_out[row, out] * x[row]
            grad_bias[out] += grad_out[row, out]
    return [grad_x, grad_weight, grad_bias]

# %% right="linear_backward"
"""matmul with transposes, and the other way round"""
def linear_backward(grad_out, x, weight):
    grad_x = torch.matmul(weight.t(), grad_out.t()).t()
    grad_weight = torch.matmul(x.transpose(0, 1), grad_out).transpose(0, 1)
    return grad_x, grad_weight, torch.ones(len(x)) @ grad_out

# %% right="linear_backward"
"""broadcasting and sums"""
def linear_backward(grad_out, x, weight):
    grad_x = (grad_out[:, :, None] * weight[None]).sum(1)
    grad_weight = (grad_out[:, :, None] * x[:, None, :]).sum(0)
    grad_bias = torch.sum(grad_out, 0)
    return grad_x, grad_weight, grad_bias

# %% mistake="linear_backward"
"""The weight is transposed on the way to the gradient for the input. On the way back the sum runs over the
outputs; which index of `weight` counts those?"""
def linear_backward(grad_out, x, weight):
    return grad_out @ weight.T, grad_out.T @ x, grad_out.sum(0)

# %% mistake="linear_backward"
"""In the gradient for the weight a transpose is missing. The sum must run over the batch, so the batch axes
have to meet in the middle of the product."""
def linear_backward(grad_out, x, weight):
    return grad_out @ weight, grad_out @ x, grad_out.sum(0)

# %% mistake="linear_backward"
"""In the gradient for the weight the wrong factor is transposed: the product then sums over something else
than the batch."""
def linear_backward(grad_out, x, weight):
    return grad_out @ weight, grad_out @ x.T, grad_out.sum(0)

# %% mistake="linear_backward"
"""The gradient for the weight comes out transposed. A gradient has the shape of the thing it belongs to, here
(outputs, inputs)."""
def linear_backward(grad_out, x, weight):
    return grad_out @ weight, x.T @ grad_out, grad_out.sum(0)

# %% mistake="linear_backward"
"""The gradient for the bias still has a row per example. The bias was broadcast to all rows, so the gradients
of all rows add up in it."""
def linear_backward(grad_out, x, weight):
    return grad_out @ weight, grad_out.T @ x, grad_out

# %% mistake="linear_backward"
"""You took a mean over the batch for the bias. If the loss is a mean, its 1/n is already inside `grad_out`;
here the paths only add."""
def linear_backward(grad_out, x, weight):
    return grad_out @ weight, grad_out.T @ x, grad_out.mean(0)

# %% mistake="linear_backward"
"""The gradient for the bias is summed along the wrong axis: one number per output must remain, not one per
example."""
def linear_backward(grad_out, x, weight):
    return grad_out @ weight, grad_out.T @ x, grad_out.sum(1)

# %% mistake="linear_backward"
"""The gradient for the bias has an axis too many. The bias has shape (k,), so its gradient has it too."""
def linear_backward(grad_out, x, weight):
    return grad_out @ weight, grad_out.T @ x, grad_out.sum(0, keepdim=True)

# %% mistake="linear_backward"
"""You summed the whole of `grad_out` for the bias. Each output has a bias of its own: add over the batch
only."""
def linear_backward(grad_out, x, weight):
    return grad_out @ weight, grad_out.T @ x, grad_out.sum()

# %% mistake="linear_backward"
"""You divided the gradients for weight and bias by the batch size. The 1/n of a mean loss is already inside
`grad_out`."""
def linear_backward(grad_out, x, weight):
    n = len(x)
    return grad_out @ weight, grad_out.T @ x / n, grad_out.sum(0) / n

# %% mistake="linear_backward"
"""In your loop each example overwrites the gradient for the weight that the one before has left. The weight
is used in every row: the paths add."""
def linear_backward(grad_out, x, weight):
    for row in range(len(x)):
        grad_weight = torch.outer(grad_out[row], x[row])
    return grad_out @ weight, grad_weight, grad_out.sum(0)

# %% mistake="linear_backward"
"""You multiplied element by element. That is right only where output i depends on input i alone; in a linear
layer every output depends on every input, so sums over paths are needed."""
def linear_backward(grad_out, x, weight):
    return grad_out * weight, grad_out * x, grad_out.sum(0)

# %% mistake="linear_backward"
"""The gradients come in another order than the docstring says: input, weight, bias."""
def linear_backward(grad_out, x, weight):
    return grad_out.T @ x, grad_out.sum(0), grad_out @ weight

# %% mistake="linear_backward"
"""What comes back is `None`. A function hands its answer to the caller with `return`, on every path; printing shows it and no more."""
def linear_backward(grad_out, x, weight):
    grad_x, grad_weight, grad_bias = grad_out @ weight, grad_out.T @ x, grad_out.sum(0)

# %% mistake="linear_backward"
"""This uses a library routine that differentiates; here you write the derivative."""
def linear_backward(grad_out, x, weight):
    def forward(x, weight, bias):
        return x @ weight.T + bias
    return torch.func.vjp(forward, x, weight, torch.zeros(len(weight)))[1](grad_out)

# %% mistake="linear_backward"
"""In the gradient for the input you transposed what arrives. Its rows are the examples, and so are the rows of
the gradient for the input: what has to disappear is the axis of the outputs."""
def linear_backward(grad_out, x, weight):
    return grad_out.T @ weight, grad_out.T @ x, grad_out.sum(0)

# %% mistake="linear_backward"
"""You returned a dictionary. The docstring asks for three tensors in a row: for the input, the weight, the bias."""
def linear_backward(grad_out, x, weight):
    return {"x": grad_out @ weight, "weight": grad_out.T @ x, "bias": grad_out.sum(0)}

# %% mistake="linear_backward"
"""The third gradient is missing: the bias wants one, too."""
def linear_backward(grad_out, x, weight):
    return grad_out @ weight, grad_out.T @ x

# %% right="relu_backward"
"""where"""
def relu_backward(grad_out, z):
    return torch.where(z > 0, grad_out, torch.zeros_like(grad_out))

# %% right="relu_backward"
"""a copy with zeros written where the gate was shut"""
def relu_backward(grad_out, z):
    grad = grad_out.clone()
    grad[z <= 0] = 0
    return grad

# %% right="relu_backward"
"""the mask from the output of ReLU, as floats"""
def relu_backward(grad_out, z):
    mask = (torch.relu(z) > 0).to(grad_out.dtype)
    return torch.mul(mask, grad_out)

# %% right="relu_backward"
"""masked_fill, with the gate open at exactly 0"""
def relu_backward(grad_out, z):
    return grad_out.masked_fill(z < 0, 0.0)

# %% right="relu_backward"
"""the step function"""
def relu_backward(grad_out, z):
    return grad_out * torch.heaviside(z, torch.tensor(0.0))

# %% mistake="relu_backward"
"""You multiplied by `relu(z)` itself. The slope of ReLU is 1 where z is positive, however large z is there."""
def relu_backward(grad_out, z):
    return grad_out * torch.relu(z)

# %% mistake="relu_backward"
"""Your mask looks at the sign of the gradient that arrives. The gate was set on the forward pass, by what
went in: `z`."""
def relu_backward(grad_out, z):
    return grad_out * (grad_out > 0)

# %% mistake="relu_backward"
"""You applied ReLU to the arriving gradient and then the gate. Only the gate belongs there: negative
gradients pass too where z is positive."""
def relu_backward(grad_out, z):
    return torch.relu(grad_out) * (z > 0)

# %% mistake="relu_backward"
"""You returned the local slope only. It still has to be multiplied by the gradient that arrives."""
def relu_backward(grad_out, z):
    return (z > 0).float()

# %% mistake="relu_backward"
"""Your gate is open where it should be shut: ReLU lets positive numbers through and blocks negative ones."""
def relu_backward(grad_out, z):
    return grad_out * (z < 0)

# %% mistake="relu_backward"
"""This is what ReLU itself does on the forward pass, with `z`. The way back is a multiplication of `grad_out`
by a slope."""
def relu_backward(grad_out, z):
    return torch.relu(z)

# %% mistake="relu_backward"
"""The slope is 1 where z is above zero. Your gate opens only above one."""
def relu_backward(grad_out, z):
    return grad_out * (z > 1)

# %% mistake="relu_backward"
"""You multiplied by the sign of z, which is -1 on the left. ReLU is flat there: its slope is 0."""
def relu_backward(grad_out, z):
    return grad_out * torch.sign(z)

# %% mistake="relu_backward"
"""The numbers are right, but they were written into `grad_out`, which belongs to the caller and may be needed
again: another path may use the same gradient. Make a new tensor."""
def relu_backward(grad_out, z):
    grad_out[z <= 0] = 0
    return grad_out

# %% mistake="relu_backward"
"""You kept only the numbers whose gate is open, and with them the shape is gone. A gradient has the shape of
the thing it belongs to: the others are 0, not absent."""
def relu_backward(grad_out, z):
    return grad_out[z > 0]

# %% mistake="relu_backward"
"""What comes back is `None`. A function hands its answer to the caller with `return`, on every path; printing shows it and no more."""
def relu_backward(grad_out, z):
    grad = grad_out * (z > 0)

# %% mistake="relu_backward"
"""`if z > 0` asks one question about a whole tensor. Each number has a gate of its own: compare all at once, and
multiply by the outcome."""
def relu_backward(grad_out, z):
    return grad_out if z > 0 else torch.zeros_like(grad_out)

# %% mistake="relu_backward"
"""This works for a matrix only. `z` may have any number of axes: operations on whole tensors do not care."""
def relu_backward(grad_out, z):
    grad = torch.zeros_like(z)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            grad[i, j] = grad_out[i, j] if z[i, j] > 0 else 0
    return grad

# %% mistake="relu_backward"
"""The numbers are right, but `z` was overwritten by the mask. It belongs to the caller, who may need it again.
Make a new tensor."""
def relu_backward(grad_out, z):
    z[z <= 0] = 0
    z[z > 0] = 1
    return grad_out * z

# %% mistake="relu_backward"
"""You let a hundredth of the gradient through where the gate is shut. That is another function, leaky ReLU; the
slope of ReLU is exactly 0 there."""
def relu_backward(grad_out, z):
    return torch.where(z > 0, grad_out, 0.01 * grad_out)

# %% right="sigmoid_backward"
"""multiplied out"""
def sigmoid_backward(grad_out, s):
    return grad_out * (s - s**2)

# %% right="sigmoid_backward"
"""step by step, by name"""
def sigmoid_backward(grad_out, s):
    slope = torch.mul(s, torch.ones_like(s).sub(s))
    grad = slope.mul(grad_out)
    return grad

# %% right="sigmoid_backward"
"""completing the square"""
def sigmoid_backward(grad_out, s):
    return (0.25 - (s - 0.5).pow(2)) * grad_out

# %% mistake="sigmoid_backward"
"""You applied the sigmoid once more. The argument `s` is already the sigmoid's output; its slope needs no
further sigmoid."""
def sigmoid_backward(grad_out, s):
    return grad_out * torch.sigmoid(s) * (1 - torch.sigmoid(s))

# %% mistake="sigmoid_backward"
"""You returned the local slope only. It still has to be multiplied by the gradient that arrives."""
def sigmoid_backward(grad_out, s):
    return s * (1 - s)

# %% mistake="sigmoid_backward"
"""The sign is wrong: the sigmoid rises everywhere, so its slope is never negative. Which way round is the
difference?"""
def sigmoid_backward(grad_out, s):
    return grad_out * s * (s - 1)

# %% mistake="sigmoid_backward"
"""Multiplication comes before subtraction: without parentheses, `1 - s` falls apart."""
def sigmoid_backward(grad_out, s):
    return grad_out * s * 1 - s

# %% mistake="sigmoid_backward"
"""1 - s² is the slope of tanh. For the sigmoid it is s (1 - s)."""
def sigmoid_backward(grad_out, s):
    return grad_out * (1 - s**2)

# %% mistake="sigmoid_backward"
"""You left out the factor s: only 1 - s is there."""
def sigmoid_backward(grad_out, s):
    return grad_out * (1 - s)

# %% mistake="sigmoid_backward"
"""You left out the factor 1 - s: only s is there."""
def sigmoid_backward(grad_out, s):
    return grad_out * s

# %% mistake="sigmoid_backward"
"""You squared 1 - s where s times 1 - s belongs."""
def sigmoid_backward(grad_out, s):
    return grad_out * (1 - s) ** 2

# %% mistake="sigmoid_backward"
"""You went back to z by a logarithm, which divides by zero where s is exactly 0 or 1, and floats reach 1. The
slope can be had from s directly."""
def sigmoid_backward(grad_out, s):
    z = torch.log(s / (1 - s))
    return grad_out * torch.exp(-z) / (1 + torch.exp(-z)) ** 2

# %% mistake="sigmoid_backward"
"""You multiplied matrices. The sigmoid acts on each number alone, so its slope is multiplied element by
element."""
def sigmoid_backward(grad_out, s):
    return grad_out @ (s * (1 - s)).T

# %% mistake="sigmoid_backward"
"""The numbers are right, but they were written into `grad_out`, which belongs to the caller and may be needed
again. Make a new tensor."""
def sigmoid_backward(grad_out, s):
    grad_out *= s * (1 - s)
    return grad_out

# %% mistake="sigmoid_backward"
"""The numbers are right, but `s` was changed on the way. It belongs to the caller, who may need it for other
gradients. Make a new tensor."""
def sigmoid_backward(grad_out, s):
    before = s.clone()
    return s.neg_().add_(1).mul_(before).mul_(grad_out)

# %% mistake="sigmoid_backward"
"""What comes back is `None`. A function hands its answer to the caller with `return`, on every path; printing shows it and no more."""
def sigmoid_backward(grad_out, s):
    grad = grad_out * s * (1 - s)

# %% mistake="sigmoid_backward"
"""You added slope and arriving gradient. Along a path one multiplies; adding is for where paths meet."""
def sigmoid_backward(grad_out, s):
    return grad_out + s * (1 - s)

# %% mistake="sigmoid_backward"
"""You summed everything up to one number. Each z has a slope of its own: the gradient has the shape of z."""
def sigmoid_backward(grad_out, s):
    return (grad_out * s * (1 - s)).sum()

# %% mistake="relu_backward"
"""You multiplied matrices. The gates act on each number alone, so multiply element by element."""
def relu_backward(grad_out, z):
    return grad_out @ (z > 0).float().T

# %% mistake="sigmoid_backward"
"""`@` multiplies matrices, and these two do not even fit. The sigmoid acts on each number alone: multiply element by
element."""
def sigmoid_backward(grad_out, s):
    return grad_out @ (s * (1 - s))

# %% mistake="relu_backward"
"""`@` multiplies matrices, and these two do not even fit. ReLU acts on each number alone: multiply element by
element."""
def relu_backward(grad_out, z):
    return grad_out @ (z > 0).float()

# %% right="relu_backward"
"""numbers one by one, out of a list"""
def relu_backward(grad_out, z):
    passed = [g if value > 0 else 0.0 for g, value in zip(grad_out.flatten().tolist(), z.flatten().tolist())]
    return torch.tensor(passed).reshape(z.shape)

# %% mistake="relu_backward"
"""You applied ReLU to the product of gradient and `z`. A gate asks for the sign of `z` alone and lets the gradient through as it is."""
def relu_backward(grad_out, z):
    return torch.relu(grad_out * z)

# %% mistake="relu_backward"
"""Where the gate is shut you handed on `z`. Nothing comes through there: 0."""
def relu_backward(grad_out, z):
    return torch.where(z > 0, grad_out, z)

# %% mistake="relu_backward"
"""Between 0 and 1 you multiplied by z itself. The slope of ReLU is 1 at every positive z, the small ones as well."""
def relu_backward(grad_out, z):
    return grad_out * z.clamp(0, 1)

# %% right="sigmoid_backward"
"""in float64, through the diagonal Jacobian"""
def sigmoid_backward(grad_out, s):
    row = s.double().flatten()
    return (grad_out.double().flatten() @ torch.diag(row * (1 - row))).reshape(s.shape)

# %% mistake="sigmoid_backward"
"""You wrote 1 + s where 1 - s belongs. The sigmoid is flat where s is near 1: its slope must be near 0 there."""
def sigmoid_backward(grad_out, s):
    return grad_out * s * (1 + s)

# %% mistake="sigmoid_backward"
"""You moved `s` away from its ends first. There the slope *is* 0, and nothing divides by it: no protection is needed."""
def sigmoid_backward(grad_out, s):
    s = s.clamp(0.01, 0.99)
    return grad_out * s * (1 - s)

# %% mistake="sigmoid_backward"
"""You divided by the slope. A gradient is *multiplied* by the local derivative on its way back."""
def sigmoid_backward(grad_out, s):
    return grad_out / (s * (1 - s))

# %% mistake="sigmoid_backward"
"""`s * 1 - s` is 0: multiplication comes before subtraction. Put `1 - s` in brackets."""
def sigmoid_backward(grad_out, s):
    return grad_out * (s * 1 - s)

# %% right="linear_backward"
"""in float64, through NumPy"""
def linear_backward(grad_out, x, weight):
    g, x, weight = (part.double().numpy() for part in (grad_out, x, weight))
    return tuple(torch.from_numpy(part) for part in (g @ weight, g.T @ x, g.sum(axis=0)))

# %% mistake="cross_entropy_backward"
"""You took 1 away at the class with the largest probability. That is what the network guesses; what is true stands
in `labels`."""
def cross_entropy_backward(logits, labels):
    p = torch.softmax(logits, dim=1)
    p[torch.arange(len(labels)), logits.argmax(dim=1)] -= 1
    return p / len(labels)

# %% right="cross_entropy_backward"
"""a loop over all scores, in float64, with logsumexp"""
def cross_entropy_backward(logits, labels):
    n, classes = logits.shape
    scores = logits.double()
    grad = torch.zeros_like(scores)
    for i in range(n):
        for k in range(classes):
            p = torch.exp(scores[i, k] - torch.logsumexp(scores[i], dim=0))
            grad[i, k] = (p - int(k == labels[i])) / n
    return grad

# %% right="cross_entropy_backward"
"""a loop over the examples"""
def cross_entropy_backward(logits, labels):
    rows = []
    for z, t in zip(logits, labels):
        p = torch.softmax(z, 0)
        p[t] = p[t] - 1
        rows.append(p / logits.size(0))
    return torch.stack(rows)

# %% right="cross_entropy_backward"
"""softmax by hand, one-hot by comparison"""
def cross_entropy_backward(logits, labels):
    e = torch.exp(logits - logits.max(dim=1, keepdim=True).values)
    p = e / e.sum(dim=1, keepdim=True)
    truth = (labels[:, None] == torch.arange(logits.shape[1])).float()
    return (p - truth) / logits.shape[0]

# %% right="cross_entropy_backward"
"""from log-probabilities, with scatter"""
def cross_entropy_backward(logits, labels):
    n = labels.numel()
    grad = F.log_softmax(logits, dim=-1).exp()
    grad = grad.scatter_add(1, labels.unsqueeze(1), -torch.ones(n, 1))
    return grad.div(n)

# %% right="cross_entropy_backward"
"""rows of the identity"""
def cross_entropy_backward(logits, labels):
    return (logits.softmax(1) - torch.eye(logits.shape[1])[labels]).mul(1 / len(logits))

# %% mistake="cross_entropy_backward"
"""The sign is wrong: you have truth minus probability. Going along minus that gradient makes the true class
less likely."""
def cross_entropy_backward(logits, labels):
    return (F.one_hot(labels, logits.shape[1]) - torch.softmax(logits, dim=1)) / len(labels)

# %% mistake="cross_entropy_backward"
"""The loss is the mean over the batch, so each example has only 1/n of the say. Your gradient is that of the
sum."""
def cross_entropy_backward(logits, labels):
    return torch.softmax(logits, dim=1) - F.one_hot(labels, logits.shape[1])

# %% mistake="cross_entropy_backward"
"""Only the true class gets a gradient: you kept the diagonal of softmax's Jacobian. Raising one score lowers
the probabilities of all others, so every score matters."""
def cross_entropy_backward(logits, labels):
    p = torch.softmax(logits, dim=1)
    truth = F.one_hot(labels, logits.shape[1])
    return -truth * (1 - p) / len(labels)

# %% mistake="cross_entropy_backward"
"""You multiplied the gradient for p by p (1 - p), the diagonal of softmax's Jacobian, and dividing by a
probability that is 0 gives NaN as well. Raising one score lowers all other probabilities: the off-diagonal
entries count, too."""
def cross_entropy_backward(logits, labels):
    p = torch.softmax(logits, dim=1)
    truth = F.one_hot(labels, logits.shape[1])
    return (-truth / p) * p * (1 - p) / len(labels)

# %% mistake="cross_entropy_backward"
"""You returned the probabilities, over n. What is true has still to be taken away."""
def cross_entropy_backward(logits, labels):
    return torch.softmax(logits, dim=1) / len(labels)

# %% mistake="cross_entropy_backward"
"""You forgot softmax: the raw scores are not probabilities."""
def cross_entropy_backward(logits, labels):
    return (logits - F.one_hot(labels, logits.shape[1])) / len(labels)

# %% mistake="cross_entropy_backward"
"""You normalised over the batch (dim=0). The probabilities of one example, a row, sum to one."""
def cross_entropy_backward(logits, labels):
    return (torch.softmax(logits, dim=0) - F.one_hot(labels, logits.shape[1])) / len(labels)

# %% mistake="cross_entropy_backward"
"""You divided by the number of all scores. The loss is a mean over examples, not over classes."""
def cross_entropy_backward(logits, labels):
    return (torch.softmax(logits, dim=1) - F.one_hot(labels, logits.shape[1])) / logits.numel()

# %% mistake="cross_entropy_backward"
"""You divided by the number of classes. The loss is a mean over the examples of the batch."""
def cross_entropy_backward(logits, labels):
    return (torch.softmax(logits, dim=1) - F.one_hot(labels, logits.shape[1])) / logits.shape[1]

# %% mistake="cross_entropy_backward"
"""`p[:, labels]` picks whole columns: you took 1 away in every row, for every label of the batch. Each row
has one true class of its own."""
def cross_entropy_backward(logits, labels):
    p = torch.softmax(logits, dim=1)
    p[:, labels] -= 1
    return p / len(labels)

# %% mistake="cross_entropy_backward"
"""`exp` of a large score is infinite, and infinity divided by infinity is NaN. Lesson 2 has the cure:
subtract each row's maximum first, or let the library's softmax do it."""
def cross_entropy_backward(logits, labels):
    p = logits.exp() / logits.exp().sum(dim=1, keepdim=True)
    return (p - F.one_hot(labels, logits.shape[1])) / len(labels)

# %% mistake="cross_entropy_backward"
"""This is the loss itself. Asked for is its gradient: one number per score."""
def cross_entropy_backward(logits, labels):
    return F.cross_entropy(logits, labels)

# %% mistake="cross_entropy_backward"
"""The numbers are right, but `logits` was overwritten on the way. It belongs to the caller. Make a new
tensor."""
def cross_entropy_backward(logits, labels):
    result = (torch.softmax(logits, dim=1) - F.one_hot(labels, logits.shape[1])) / len(labels)
    logits.copy_(result)
    return logits

# %% mistake="cross_entropy_backward"
"""This rounds the gradient down to whole numbers: a table of integers holds what should be floats."""
def cross_entropy_backward(logits, labels):
    truth = F.one_hot(labels, logits.shape[1])
    truth[:] = (torch.softmax(logits, dim=1) - truth) / len(labels)
    return truth

# %% mistake="cross_entropy_backward"
"""What comes back is `None`. A function hands its answer to the caller with `return`, on every path; printing shows it and no more."""
def cross_entropy_backward(logits, labels):
    grad = (torch.softmax(logits, dim=1) - F.one_hot(labels, logits.shape[1])) / len(labels)

# %% mistake="cross_entropy_backward"
"""The way through the Jacobian is right, but it divides by the probability of the true class, and with large
scores that underflows to 0. Probability minus truth needs no division."""
def cross_entropy_backward(logits, labels):
    rows = []
    for z, t in zip(logits, labels):
        p = torch.softmax(z, 0)
        jacobian = torch.diag(p) - torch.outer(p, p)
        g = torch.zeros_like(p)
        g[t] = -1 / p[t]
        rows.append(g @ jacobian / len(labels))
    return torch.stack(rows)

# %% mistake="cross_entropy_backward"
"""`p[labels]` picks whole rows, as if a label were the number of an example. Pick one entry per row: its place is
(row, label)."""
def cross_entropy_backward(logits, labels):
    p = torch.softmax(logits, dim=1)
    p[labels] -= 1
    return p / len(labels)

# %% mistake="cross_entropy_backward"
"""You subtracted the label itself, as if class 2 were twice as much as class 1. A label is a place: take 1 away
there and nothing elsewhere."""
def cross_entropy_backward(logits, labels):
    return (torch.softmax(logits, dim=1) - labels[:, None]) / len(labels)

# %% mistake="cross_entropy_backward"
"""You took log-probabilities where probabilities belong: the logarithm was used up when the loss was
differentiated."""
def cross_entropy_backward(logits, labels):
    return (torch.log_softmax(logits, dim=1) - F.one_hot(labels, logits.shape[1])) / len(labels)

# %% mistake="cross_entropy_backward"
"""`one_hot` guesses the number of classes from the largest label it sees. A batch need not contain the last class:
say how many there are."""
def cross_entropy_backward(logits, labels):
    return (torch.softmax(logits, dim=1) - F.one_hot(labels)) / len(labels)

# %% mistake="cross_entropy_backward"
"""You took the mean of the rows. The loss is a mean, but its gradient still has a row for each example: 1/n of that
example's own."""
def cross_entropy_backward(logits, labels):
    return (torch.softmax(logits, dim=1) - F.one_hot(labels, logits.shape[1])).mean(dim=0)

# %% mistake="cross_entropy_backward"
"""This is the gradient with respect to the *probabilities*: -1/p at the true class. The way back leads on
through softmax, and ends at p minus truth."""


def cross_entropy_backward(logits, labels):
    p = torch.softmax(logits, 1)
    g = torch.zeros_like(p)
    i = torch.arange(len(labels))
    g[i, labels] = -1 / p[i, labels]
    return g / len(labels)

# %% mistake="cross_entropy_backward"
"""You kept the true class's entry only. Raising any score changes all probabilities: each score has a slope, so the whole table comes back."""
def cross_entropy_backward(logits, labels):
    p = torch.softmax(logits, 1)
    return (p[torch.arange(len(labels)), labels] - 1) / len(labels)

# %% mistake="cross_entropy_backward"
"""You took 1 away from the scores, before softmax, and in the caller's tensor. It must be taken away from the *probabilities*, in a tensor of your own."""
def cross_entropy_backward(logits, labels):
    logits[torch.arange(len(labels)), labels] -= 1
    return torch.softmax(logits, 1) / len(labels)

# %% mistake="cross_entropy_backward"
"""You divided only the probabilities by n. The mean takes 1/n of the whole difference: of the truth as well."""
def cross_entropy_backward(logits, labels):
    p = logits.softmax(1)
    return p / len(labels) - F.one_hot(labels, logits.shape[1])

# %% mistake="cross_entropy_backward"
"""You added 1 at the true class. Probability *minus* truth: take it away."""
def cross_entropy_backward(logits, labels):
    p = logits.softmax(1)
    p[torch.arange(len(labels)), labels] += 1
    return p / len(labels)

# %% right="two_layer_gradients"
"""with the functions of the exercises above"""
def two_layer_gradients(params, x, labels):
    out = {}
    out["L1"] = F.linear(x, params["W1"], params["b1"])
    out["S"] = out["L1"].sigmoid()
    out["L2"] = F.linear(out["S"], params["W2"], params["b2"])
    out["loss"] = F.cross_entropy(out["L2"], labels)
    out["dL2"] = cross_entropy_backward(out["L2"], labels)
    out["dS"], out["dW2"], out["db2"] = linear_backward(out["dL2"], out["S"], params["W2"])
    out["dL1"] = sigmoid_backward(out["dS"], out["S"])
    _, out["dW1"], out["db1"] = linear_backward(out["dL1"], x, params["W1"])
    return out

# %% right="two_layer_gradients"
"""example by example, adding up over the batch"""
def two_layer_gradients(params, x, labels):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    n = len(x)
    rows = {name: [] for name in ("L1", "S", "L2", "dL2", "dS", "dL1")}
    sums = {"dW1": torch.zeros_like(W1), "db1": torch.zeros_like(b1)}
    sums |= {"dW2": torch.zeros_like(W2), "db2": torch.zeros_like(b2)}
    loss = 0.0
    for i in range(n):
        L1 = W1 @ x[i] + b1
        S = 1 / (1 + torch.exp(-L1))
        L2 = W2 @ S + b2
        p = torch.exp(L2) / torch.exp(L2).sum()
        loss += -torch.log(p[labels[i]]).item() / n
        dL2 = p.clone()
        dL2[labels[i]] -= 1
        dL2 = dL2 / n
        dS = W2.T @ dL2
        dL1 = dS * S * (1 - S)
        sums["dW2"] += torch.outer(dL2, S)
        sums["db2"] += dL2
        sums["dW1"] += torch.outer(dL1, x[i])
        sums["db1"] += dL1
        for name, value in zip(rows, (L1, S, L2, dL2, dS, dL1)):
            rows[name].append(value)
    return {name: torch.stack(values) for name, values in rows.items()} | sums | {"loss": loss}

# %% right="two_layer_gradients"
"""einsum, the loss as a plain number, more in the dictionary than asked for"""
def two_layer_gradients(params, x, labels):
    L1 = torch.einsum("nd,hd->nh", x, params["W1"]) + params["b1"]
    S = torch.sigmoid(L1)
    L2 = torch.einsum("nh,ch->nc", S, params["W2"]) + params["b2"]
    p = torch.softmax(L2, -1)
    loss = F.nll_loss(torch.log(p), labels).item()
    dL2 = (p - F.one_hot(labels, p.shape[1])) / p.shape[0]
    dS = torch.einsum("nc,ch->nh", dL2, params["W2"])
    dL1 = torch.exp(-L1) / (1 + torch.exp(-L1)) ** 2 * dS
    return dict(
        L1=L1, S=S, L2=L2, p=p, loss=loss, dL2=dL2, dS=dS, dL1=dL1,
        dW2=torch.einsum("nc,nh->ch", dL2, S), db2=torch.einsum("nc->c", dL2),
        dW1=torch.einsum("nh,nd->hd", dL1, x), db1=torch.einsum("nh->h", dL1),
    )

# %% mistake="two_layer_gradients"
"""`dL2` is n times too large: the loss is a mean, so each example's gradient enters with 1/n. All gradients
after it inherit the factor."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    dL2 = torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])
    dS = dL2 @ params["W2"]
    dL1 = dS * S * (1 - S)
    return {
        "L1": L1, "S": S, "L2": L2, "loss": F.cross_entropy(L2, labels), "dL2": dL2, "dW2": dL2.T @ S,
        "db2": dL2.sum(0), "dS": dS, "dL1": dL1, "dW1": dL1.T @ x, "db1": dL1.sum(0),
    }

# %% mistake="two_layer_gradients"
"""`dL2` has the wrong sign: it is probability minus truth. With truth minus probability the network
unlearns."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    dL2 = (F.one_hot(labels, L2.shape[1]) - torch.softmax(L2, 1)) / len(x)
    dS = dL2 @ params["W2"]
    dL1 = dS * S * (1 - S)
    return {
        "L1": L1, "S": S, "L2": L2, "loss": F.cross_entropy(L2, labels), "dL2": dL2, "dW2": dL2.T @ S,
        "db2": dL2.sum(0), "dS": dS, "dL1": dL1, "dW1": dL1.T @ x, "db1": dL1.sum(0),
    }

# %% mistake="two_layer_gradients"
"""Your gradients for weights and biases come from the last example alone: in the loop each example overwrites
what the one before has left. The weights are used once per example, and the paths add."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    dL2 = (torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / len(x)
    dS = dL2 @ params["W2"]
    dL1 = dS * S * (1 - S)
    for i in range(len(x)):
        dW2, db2 = torch.outer(dL2[i], S[i]), dL2[i]
        dW1, db1 = torch.outer(dL1[i], x[i]), dL1[i]
    return {
        "L1": L1, "S": S, "L2": L2, "loss": F.cross_entropy(L2, labels), "dL2": dL2, "dW2": dW2,
        "db2": db2, "dS": dS, "dL1": dL1, "dW1": dW1, "db1": db1,
    }

# %% mistake="two_layer_gradients"
"""In `dS` only the path through the last class is left: the others were overwritten. Each hidden value is
used by every class, and the paths add."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    dL2 = (torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / len(x)
    for k in range(L2.shape[1]):
        dS = dL2[:, k : k + 1] * params["W2"][k]
    dL1 = dS * S * (1 - S)
    return {
        "L1": L1, "S": S, "L2": L2, "loss": F.cross_entropy(L2, labels), "dL2": dL2, "dW2": dL2.T @ S,
        "db2": dL2.sum(0), "dS": dS, "dL1": dL1, "dW1": dL1.T @ x, "db1": dL1.sum(0),
    }

# %% mistake="two_layer_gradients"
"""You moved `W2` before you used it for `dS`. All gradients belong to the point of the forward pass: compute
all of them, and let somebody else do the step."""
def two_layer_gradients(params, x, labels):
    lr = 0.1
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    dL2 = (torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / len(x)
    dW2, db2 = dL2.T @ S, dL2.sum(0)
    params["W2"] = params["W2"] - lr * dW2
    params["b2"] = params["b2"] - lr * db2
    dS = dL2 @ params["W2"]
    dL1 = dS * S * (1 - S)
    return {
        "L1": L1, "S": S, "L2": L2, "loss": F.cross_entropy(L2, labels), "dL2": dL2, "dW2": dW2,
        "db2": db2, "dS": dS, "dL1": dL1, "dW1": dL1.T @ x, "db1": dL1.sum(0),
    }

# %% mistake="two_layer_gradients"
"""The gradients are right, but afterwards the parameters are not what they were: a step was taken inside.
This function only computes; the update is another one's work."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    dL2 = (torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / len(x)
    dS = dL2 @ params["W2"]
    dL1 = dS * S * (1 - S)
    found = {
        "L1": L1, "S": S, "L2": L2, "loss": F.cross_entropy(L2, labels), "dL2": dL2, "dW2": dL2.T @ S,
        "db2": dL2.sum(0), "dS": dS, "dL1": dL1, "dW1": dL1.T @ x, "db1": dL1.sum(0),
    }
    for name in params:
        params[name] -= 0.1 * found["d" + name]
    return found

# %% mistake="two_layer_gradients"
"""`dL1` equals `dS`: the step back through the sigmoid is missing."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    dL2 = (torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / len(x)
    dS = dL2 @ params["W2"]
    dL1 = dS
    return {
        "L1": L1, "S": S, "L2": L2, "loss": F.cross_entropy(L2, labels), "dL2": dL2, "dW2": dL2.T @ S,
        "db2": dL2.sum(0), "dS": dS, "dL1": dL1, "dW1": dL1.T @ x, "db1": dL1.sum(0),
    }

# %% mistake="two_layer_gradients"
"""In `dL1` the sigmoid's slope was taken at `S`, as if `S` were its input. `S` is its output."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    dL2 = (torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / len(x)
    dS = dL2 @ params["W2"]
    dL1 = dS * torch.sigmoid(S) * (1 - torch.sigmoid(S))
    return {
        "L1": L1, "S": S, "L2": L2, "loss": F.cross_entropy(L2, labels), "dL2": dL2, "dW2": dL2.T @ S,
        "db2": dL2.sum(0), "dS": dS, "dL1": dL1, "dW1": dL1.T @ x, "db1": dL1.sum(0),
    }

# %% mistake="two_layer_gradients"
"""In `dL1` you used s (1 - s) with `L1` in the place of s. It is the sigmoid's output that belongs there."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    dL2 = (torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / len(x)
    dS = dL2 @ params["W2"]
    dL1 = dS * L1 * (1 - L1)
    return {
        "L1": L1, "S": S, "L2": L2, "loss": F.cross_entropy(L2, labels), "dL2": dL2, "dW2": dL2.T @ S,
        "db2": dL2.sum(0), "dS": dS, "dL1": dL1, "dW1": dL1.T @ x, "db1": dL1.sum(0),
    }

# %% mistake="two_layer_gradients"
"""In `dL1` you used the slope of ReLU. The activation of this network is the sigmoid."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    dL2 = (torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / len(x)
    dS = dL2 @ params["W2"]
    dL1 = dS * (L1 > 0)
    return {
        "L1": L1, "S": S, "L2": L2, "loss": F.cross_entropy(L2, labels), "dL2": dL2, "dW2": dL2.T @ S,
        "db2": dL2.sum(0), "dS": dS, "dL1": dL1, "dW1": dL1.T @ x, "db1": dL1.sum(0),
    }

# %% mistake="two_layer_gradients"
"""The bias gradients are means over the batch. The 1/n of the mean loss is already inside `dL2`; from there
on, paths only add."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    dL2 = (torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / len(x)
    dS = dL2 @ params["W2"]
    dL1 = dS * S * (1 - S)
    return {
        "L1": L1, "S": S, "L2": L2, "loss": F.cross_entropy(L2, labels), "dL2": dL2, "dW2": dL2.T @ S,
        "db2": dL2.mean(0), "dS": dS, "dL1": dL1, "dW1": dL1.T @ x, "db1": dL1.mean(0),
    }

# %% mistake="two_layer_gradients"
"""`dW2` is built from `L1`. The second layer was fed with `S`, after the sigmoid."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    dL2 = (torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / len(x)
    dS = dL2 @ params["W2"]
    dL1 = dS * S * (1 - S)
    return {
        "L1": L1, "S": S, "L2": L2, "loss": F.cross_entropy(L2, labels), "dL2": dL2, "dW2": dL2.T @ L1,
        "db2": dL2.sum(0), "dS": dS, "dL1": dL1, "dW1": dL1.T @ x, "db1": dL1.sum(0),
    }

# %% mistake="two_layer_gradients"
"""The gradients of the weights come out transposed. Each has the shape of the weight it belongs to: `W1` is
(h, d), `W2` is (c, h)."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    dL2 = (torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / len(x)
    dS = dL2 @ params["W2"]
    dL1 = dS * S * (1 - S)
    return {
        "L1": L1, "S": S, "L2": L2, "loss": F.cross_entropy(L2, labels), "dL2": dL2, "dW2": S.T @ dL2,
        "db2": dL2.sum(0), "dS": dS, "dL1": dL1, "dW1": x.T @ dL1, "db1": dL1.sum(0),
    }

# %% mistake="two_layer_gradients"
"""`L1` was overwritten by the sigmoid, which here works in place (the underscore in `sigmoid_` says so). Keep
what the way back, or somebody else, still needs."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = L1.sigmoid_()
    L2 = S @ params["W2"].T + params["b2"]
    dL2 = (torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / len(x)
    dS = dL2 @ params["W2"]
    dL1 = dS * S * (1 - S)
    return {
        "L1": L1, "S": S, "L2": L2, "loss": F.cross_entropy(L2, labels), "dL2": dL2, "dW2": dL2.T @ S,
        "db2": dL2.sum(0), "dS": dS, "dL1": dL1, "dW1": dL1.T @ x, "db1": dL1.sum(0),
    }

# %% mistake="two_layer_gradients"
"""The loss was computed after 1 had been taken away from the probabilities in place, so it takes the
logarithm of negative numbers. Compute the loss first, or work on a copy."""
def two_layer_gradients(params, x, labels):
    rows = torch.arange(len(x))
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    p = torch.softmax(L2, 1)
    dL2 = p
    dL2[rows, labels] -= 1
    loss = -torch.log(p[rows, labels]).mean()
    dL2 = dL2 / len(x)
    dS = dL2 @ params["W2"]
    dL1 = dS * S * (1 - S)
    return {
        "L1": L1, "S": S, "L2": L2, "loss": loss, "dL2": dL2, "dW2": dL2.T @ S,
        "db2": dL2.sum(0), "dS": dS, "dL1": dL1, "dW1": dL1.T @ x, "db1": dL1.sum(0),
    }

# %% mistake="two_layer_gradients"
"""The biases are missing from the forward pass: each layer adds its own after the product."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T
    dL2 = (torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / len(x)
    dS = dL2 @ params["W2"]
    dL1 = dS * S * (1 - S)
    return {
        "L1": L1, "S": S, "L2": L2, "loss": F.cross_entropy(L2, labels), "dL2": dL2, "dW2": dL2.T @ S,
        "db2": dL2.sum(0), "dS": dS, "dL1": dL1, "dW1": dL1.T @ x, "db1": dL1.sum(0),
    }

# %% mistake="two_layer_gradients"
"""The loss is the sum over the batch; the docstring asks for the mean."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    dL2 = (torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / len(x)
    dS = dL2 @ params["W2"]
    dL1 = dS * S * (1 - S)
    return {
        "L1": L1, "S": S, "L2": L2, "loss": F.cross_entropy(L2, labels, reduction="sum"), "dL2": dL2,
        "dW2": dL2.T @ S, "db2": dL2.sum(0), "dS": dS, "dL1": dL1, "dW1": dL1.T @ x, "db1": dL1.sum(0),
    }

# %% mistake="two_layer_gradients"
"""Only gradients come back. Return every value on the way, the forward ones too, under the names of the
docstring: that is how the check names the first wrong one."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    dL2 = (torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / len(x)
    dL1 = dL2 @ params["W2"] * S * (1 - S)
    return {"dW2": dL2.T @ S, "db2": dL2.sum(0), "dW1": dL1.T @ x, "db1": dL1.sum(0)}

# %% mistake="two_layer_gradients"
"""Two matrices do not fit. As in `nn.Linear`, a weight is (outputs, inputs): on the way forward one multiplies
by its transpose, on the way back by the weight as it is."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"] + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"] + params["b2"]
    return {"L1": L1, "S": S, "L2": L2}

# %% mistake="two_layer_gradients"
"""What comes back is `None`. A function hands its answer to the caller with `return`, on every path; printing shows it and no more."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]

# %% mistake="two_layer_gradients"
"""`dL2` was made from the raw scores: softmax comes first, so that it is probability minus truth."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    dL2 = (L2 - F.one_hot(labels, L2.shape[1])) / len(x)
    dS = dL2 @ params["W2"]
    dL1 = dS * S * (1 - S)
    return {
        "L1": L1, "S": S, "L2": L2, "loss": F.cross_entropy(L2, labels), "dL2": dL2, "dW2": dL2.T @ S,
        "db2": dL2.sum(0), "dS": dS, "dL1": dL1, "dW1": dL1.T @ x, "db1": dL1.sum(0),
    }

# %% mistake="two_layer_gradients"
"""Here PyTorch differentiated for you. This once, write every step of the way back yourself."""
def two_layer_gradients(params, x, labels):
    leaves = {name: value.clone().requires_grad_() for name, value in params.items()}
    L1 = x @ leaves["W1"].T + leaves["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ leaves["W2"].T + leaves["b2"]
    for value in (L1, S, L2):
        value.retain_grad()
    loss = F.cross_entropy(L2, labels)
    loss.backward()
    values = {"L1": L1, "S": S, "L2": L2}
    return values | {"loss": loss} | {"d" + name: value.grad for name, value in (values | leaves).items()}

# %% mistake="two_layer_gradients"
"""Here a helper of the course differentiated for you. This once, write every step of the way back yourself."""
def two_layer_gradients(params, x, labels):
    def loss(values):
        S = torch.sigmoid(x @ values["W1"].T + values["b1"] + values["L1"]) + values["S"]
        return F.cross_entropy(S @ values["W2"].T + values["b2"] + values["L2"], labels)

    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    forward = {"L1": L1, "S": S, "L2": S @ params["W2"].T + params["b2"]}
    # Nothing added to a value on the way has the same gradient as that value.
    values = params | {name: torch.zeros_like(value) for name, value in forward.items()}
    slopes = {"d" + name: slope for name, slope in exact_gradients(loss, values).items()}
    return forward | slopes | {"loss": loss(values)}

# %% mistake="two_layer_gradients"
"""The way forward is there, the way back is not: the dictionary ends with the loss. Start at `dL2` and go back, one
line of the docstring's list after the other."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    return {"L1": L1, "S": S, "L2": L2, "loss": F.cross_entropy(L2, labels)}

# %% mistake="two_layer_gradients"
"""The values come in a row, without names. Return a dictionary with the names of the docstring: the check looks each
value up by its name."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    dL2 = (torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / len(x)
    dS = dL2 @ params["W2"]
    dL1 = dS * S * (1 - S)
    return L1, S, L2, F.cross_entropy(L2, labels), dL2, dL2.T @ S, dL2.sum(0), dS, dL1, dL1.T @ x, dL1.sum(0)

# %% mistake="two_layer_gradients"
"""`loss` has one number per example. The loss of a batch is one number, the mean of these."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    loss = -torch.log_softmax(L2, 1)[torch.arange(len(x)), labels]
    dL2 = (torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / len(x)
    dS = dL2 @ params["W2"]
    dL1 = dS * S * (1 - S)
    return {
        "L1": L1, "S": S, "L2": L2, "loss": loss, "dL2": dL2, "dW2": dL2.T @ S,
        "db2": dL2.sum(0), "dS": dS, "dL1": dL1, "dW1": dL1.T @ x, "db1": dL1.sum(0),
    }

# %% mistake="two_layer_gradients"
"""`loss` squashes twice: `F.cross_entropy` wants the logits and takes their softmax itself, and it was given
probabilities."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    p = torch.softmax(L2, 1)
    dL2 = (p - F.one_hot(labels, L2.shape[1])) / len(x)
    dS = dL2 @ params["W2"]
    dL1 = dS * S * (1 - S)
    return {
        "L1": L1, "S": S, "L2": L2, "loss": F.cross_entropy(p, labels), "dL2": dL2, "dW2": dL2.T @ S,
        "db2": dL2.sum(0), "dS": dS, "dL1": dL1, "dW1": dL1.T @ x, "db1": dL1.sum(0),
    }

# %% mistake="two_layer_gradients"
"""`dW1` is built from `S`, which leaves the first layer. What went into that layer is `x`."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    dL2 = (torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / len(x)
    dS = dL2 @ params["W2"]
    dL1 = dS * S * (1 - S)
    return {
        "L1": L1, "S": S, "L2": L2, "loss": F.cross_entropy(L2, labels), "dL2": dL2, "dW2": dL2.T @ S,
        "db2": dL2.sum(0), "dS": dS, "dL1": dL1, "dW1": dL1.T @ S, "db1": dL1.sum(0),
    }

# %% right="two_layer_gradients"
"""in float64, the sum of losses divided by hand"""
def two_layer_gradients(params, x, labels):
    W1, b1, W2, b2 = (params[name].double() for name in ("W1", "b1", "W2", "b2"))
    n, x = x.size(0), x.to(torch.float64)
    L1 = torch.addmm(b1, x, W1.t())
    S = 1 / (1 + torch.exp(-L1))
    L2 = torch.addmm(b2, S, W2.t())
    loss = F.cross_entropy(L2, labels, reduction="sum") / n
    dL2 = L2.softmax(dim=-1)
    dL2[range(n), labels] -= 1
    dL2 = dL2 / n
    dW2, db2, dS = dL2.t().mm(S), dL2.sum(0), dL2.mm(W2)
    dL1 = dS * (S - S.square())
    dW1, db1 = dL1.t().mm(x), dL1.sum(0)
    return {
        "L1": L1, "S": S, "L2": L2, "loss": loss,
        "dL2": dL2, "dW2": dW2, "db2": db2, "dS": dS, "dL1": dL1, "dW1": dW1, "db1": db1,
    }

# %% right="gradient_check"
"""in place, and back again"""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name in params:
        p = params[name]
        flat = p.view(-1)
        m = torch.zeros(p.numel(), dtype=p.dtype)
        for i in range(len(flat)):
            old = flat[i].item()
            flat[i] = old + eps
            up = f(params).item()
            flat[i] = old - eps
            down = f(params).item()
            flat[i] = old
            m[i] = (up - down) / (2 * eps)
        m = m.reshape(p.shape)
        g = grads[name]
        errors[name] = (torch.norm(g - m) / (torch.norm(g) + torch.norm(m))).item()
    return errors

# %% right="gradient_check"
"""with one-hot directions, errors left as tensors"""
def gradient_check(f, params, grads, eps=1e-5):
    def measured(name):
        p = params[name]
        directions = torch.eye(p.numel(), dtype=p.dtype).reshape(-1, *p.shape)
        slopes = [
            (f({**params, name: p + eps * d}) - f({**params, name: p - eps * d})) / (2 * eps) for d in directions
        ]
        return torch.stack(slopes).reshape(p.shape)

    def length(t):
        return (t**2).sum().sqrt()

    return {
        name: length(grads[name] - measured(name)) / (length(grads[name]) + length(measured(name)))
        for name in params
    }

# %% right="gradient_check"
"""every index by itertools, dictionary copied in full, a larger nudge"""
import itertools

def gradient_check(f, params, grads, eps=1e-4):
    result = {}
    for name, grad in grads.items():
        numeric = torch.empty_like(grad)
        for index in itertools.product(*(range(size) for size in params[name].shape)):
            up = {key: value.clone() for key, value in params.items()}
            down = {key: value.clone() for key, value in params.items()}
            up[name][index] += eps
            down[name][index] -= eps
            numeric[index] = (f(up) - f(down)) / (2 * eps)
        top = torch.linalg.vector_norm(grad - numeric)
        bottom = torch.linalg.vector_norm(grad) + torch.linalg.vector_norm(numeric)
        result[name] = float(top / bottom)
    return result

# %% mistake="gradient_check"
"""You nudged in one direction only. The error of that shrinks only as fast as the nudge itself; up and down,
over twice the distance, is far more exact."""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        m = torch.zeros_like(value)
        for i in range(value.numel()):
            nudged = value.clone()
            nudged.view(-1)[i] += eps
            m.view(-1)[i] = (f(params | {name: nudged}) - f(params)) / eps
        errors[name] = float((grads[name] - m).norm() / (grads[name].norm() + m.norm()))
    return errors

# %% mistake="gradient_check"
"""Your measured gradient is twice too large, so even right gradients get an error of one third. From one end
to the other the way is twice eps."""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        m = torch.zeros_like(value)
        for i in range(value.numel()):
            up, down = value.clone(), value.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m.view(-1)[i] = (f(params | {name: up}) - f(params | {name: down})) / eps
        errors[name] = float((grads[name] - m).norm() / (grads[name].norm() + m.norm()))
    return errors

# %% mistake="gradient_check"
"""The difference is divided by 2 and then multiplied by eps, because a parenthesis is missing: 2 * eps as a
whole belongs below the fraction bar."""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        m = torch.zeros_like(value)
        for i in range(value.numel()):
            up, down = value.clone(), value.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m.view(-1)[i] = (f(params | {name: up}) - f(params | {name: down})) / 2 * eps
        errors[name] = float((grads[name] - m).norm() / (grads[name].norm() + m.norm()))
    return errors

# %% mistake="gradient_check"
"""After each number the parameter stays nudged: it went up once and down twice, and never came back.
Everything measured after that belongs to another point, and the caller's parameters have moved."""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        m = torch.zeros_like(value)
        for i in range(value.numel()):
            value.view(-1)[i] += eps
            up = f(params)
            value.view(-1)[i] -= 2 * eps
            m.view(-1)[i] = (up - f(params)) / (2 * eps)
        errors[name] = float((grads[name] - m).norm() / (grads[name].norm() + m.norm()))
    return errors

# %% mistake="gradient_check"
"""You nudged all numbers of a parameter at once, which measures the sum of its slopes. Each number has a
slope of its own."""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        m = (f(params | {name: value + eps}) - f(params | {name: value - eps})) / (2 * eps)
        m = m * torch.ones_like(value)
        errors[name] = float((grads[name] - m).norm() / (grads[name].norm() + m.norm()))
    return errors

# %% mistake="gradient_check"
"""This is the absolute difference. Divide by the lengths of both gradients, so that the number means the same
for large and for small ones."""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        m = torch.zeros_like(value)
        for i in range(value.numel()):
            up, down = value.clone(), value.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m.view(-1)[i] = (f(params | {name: up}) - f(params | {name: down})) / (2 * eps)
        errors[name] = float((grads[name] - m).norm())
    return errors

# %% mistake="gradient_check"
"""You compared sums, in which errors of opposite sign cancel: right numbers in the wrong places go unnoticed.
Compare number by number, then take the length of the difference."""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        m = torch.zeros_like(value)
        for i in range(value.numel()):
            up, down = value.clone(), value.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m.view(-1)[i] = (f(params | {name: up}) - f(params | {name: down})) / (2 * eps)
        errors[name] = float((grads[name].sum() - m.sum()).abs() / (grads[name].sum().abs() + m.sum().abs()))
    return errors

# %% mistake="gradient_check"
"""You compared the lengths of the two gradients, not the gradients: a wrong sign leaves the length as it is.
Subtract first, then take the length."""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        m = torch.zeros_like(value)
        for i in range(value.numel()):
            up, down = value.clone(), value.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m.view(-1)[i] = (f(params | {name: up}) - f(params | {name: down})) / (2 * eps)
        errors[name] = float(abs(grads[name].norm() - m.norm()) / (grads[name].norm() + m.norm()))
    return errors

# %% mistake="gradient_check"
"""The difference is divided by the length of the claimed gradient alone. Both lengths belong below the
fraction bar, so that the error stays between 0 and 1."""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        m = torch.zeros_like(value)
        for i in range(value.numel()):
            up, down = value.clone(), value.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m.view(-1)[i] = (f(params | {name: up}) - f(params | {name: down})) / (2 * eps)
        errors[name] = float((grads[name] - m).norm() / grads[name].norm())
    return errors

# %% mistake="gradient_check"
"""Only the first parameter was looked at. Does the `return` stand inside the loop?"""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        m = torch.zeros_like(value)
        for i in range(value.numel()):
            up, down = value.clone(), value.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m.view(-1)[i] = (f(params | {name: up}) - f(params | {name: down})) / (2 * eps)
        errors[name] = float((grads[name] - m).norm() / (grads[name].norm() + m.norm()))
        return errors

# %% mistake="gradient_check"
"""You checked the first number of each parameter only. Many bugs spare it: check all."""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        up, down = value.clone(), value.clone()
        up.view(-1)[0] += eps
        down.view(-1)[0] -= eps
        m = float(f(params | {name: up}) - f(params | {name: down})) / (2 * eps)
        g = float(grads[name].view(-1)[0])
        errors[name] = abs(g - m) / (abs(g) + abs(m))
    return errors

# %% mistake="gradient_check"
"""You measured in float32. There the difference of two nearly equal losses is mostly rounding error: stay in
float64, the dtype of the parameters."""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        m = torch.zeros_like(value)
        for i in range(value.numel()):
            up, down = value.clone(), value.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m.view(-1)[i] = (f(params | {name: up}).float() - f(params | {name: down}).float()) / (2 * eps)
        errors[name] = float((grads[name] - m).norm() / (grads[name].norm() + m.norm()))
    return errors

# %% mistake="gradient_check"
"""Your loops take every parameter for a matrix or a vector. A parameter may have any number of axes: go
through its numbers in a row."""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        m = torch.zeros_like(value)
        places = [(i,) for i in range(len(value))]
        if value.dim() == 2:
            places = [(i, j) for i in range(value.shape[0]) for j in range(value.shape[1])]
        for place in places:
            up, down = value.clone(), value.clone()
            up[place] += eps
            down[place] -= eps
            m[place] = (f(params | {name: up}) - f(params | {name: down})) / (2 * eps)
        errors[name] = float((grads[name] - m).norm() / (grads[name].norm() + m.norm()))
    return errors

# %% mistake="gradient_check"
"""You returned one verdict for everything. Return the error of each parameter by name: then one can see
*where* the bug sits, and how bad it is."""
def gradient_check(f, params, grads, eps=1e-5):
    for name, value in params.items():
        for i in range(value.numel()):
            up, down = value.clone(), value.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m = float(f(params | {name: up}) - f(params | {name: down})) / (2 * eps)
            if abs(m - float(grads[name].reshape(-1)[i])) > 1e-6:
                return False
    return True

# %% mistake="gradient_check"
"""What comes back is `None`. A function hands its answer to the caller with `return`, on every path; printing shows it and no more."""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}

# %% mistake="gradient_check"
"""You returned one number for all parameters. Return the error of each by name: then one can see where the bug sits."""
def gradient_check(f, params, grads, eps=1e-5):
    worst = 0.0
    for name, value in params.items():
        m = torch.zeros_like(value)
        for i in range(value.numel()):
            up, down = value.clone(), value.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m.view(-1)[i] = (f(params | {name: up}) - f(params | {name: down})) / (2 * eps)
        worst = max(worst, float((grads[name] - m).norm() / (grads[name].norm() + m.norm())))
    return worst

# %% mistake="gradient_check"
"""You compared number by number and kept the worst. A slope that is nearly 0 then dominates everything; the
docstring asks for the lengths of the whole tensors."""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        m = torch.zeros_like(value)
        for i in range(value.numel()):
            up, down = value.clone(), value.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m.view(-1)[i] = (f(params | {name: up}) - f(params | {name: down})) / (2 * eps)
        errors[name] = float(((grads[name] - m).abs() / (grads[name].abs() + m.abs())).max())
    return errors

# %% mistake="gradient_check"
"""The squares are summed, but the roots are missing: a length is the root of the sum of squares."""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        m = torch.zeros_like(value)
        for i in range(value.numel()):
            up, down = value.clone(), value.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m.view(-1)[i] = (f(params | {name: up}) - f(params | {name: down})) / (2 * eps)
        g = grads[name]
        errors[name] = float(((g - m) ** 2).sum() / ((g**2).sum() + (m**2).sum()))
    return errors

# %% mistake="gradient_check"
"""Your function says 0 for everything, so it trusts every gradient. Measure, then compare."""
def gradient_check(f, params, grads, eps=1e-5):
    return {name: 0.0 for name in params}

# %% mistake="gradient_check"
"""Every slope you measured is 0, so every error is 1. Do both calls of `f` get the nudged numbers, or the same
parameters twice?"""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        m = torch.zeros_like(value)
        for i in range(value.numel()):
            up, down = value.clone(), value.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m.view(-1)[i] = (f(params) - f(params)) / (2 * eps)
        errors[name] = float((grads[name] - m).norm() / (grads[name].norm() + m.norm()))
    return errors

# %% mistake="gradient_check"
"""You gave `f` a single tensor. It takes a dictionary with all parameters, in which only one is nudged."""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        m = torch.zeros_like(value)
        for i in range(value.numel()):
            up, down = value.clone(), value.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m.view(-1)[i] = (f(up) - f(down)) / (2 * eps)
        errors[name] = float((grads[name] - m).norm() / (grads[name].norm() + m.norm()))
    return errors

# %% mistake="gradient_check"
"""`len` counts the rows of a matrix, so you nudged whole rows at once. Each number has a slope of its own."""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        m = torch.zeros_like(value)
        for i in range(len(value)):
            up, down = value.clone(), value.clone()
            up[i] += eps
            down[i] -= eps
            m[i] = (f(params | {name: up}) - f(params | {name: down})) / (2 * eps)
        errors[name] = float((grads[name] - m).norm() / (grads[name].norm() + m.norm()))
    return errors

# %% mistake="gradient_check"
"""The nudge is fixed inside your function. How far to nudge is the caller's choice: use the argument `eps`."""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        m = torch.zeros_like(value)
        for i in range(value.numel()):
            up, down = value.clone(), value.clone()
            up.view(-1)[i] += 1e-5
            down.view(-1)[i] -= 1e-5
            m.view(-1)[i] = (f(params | {name: up}) - f(params | {name: down})) / 2e-5
        errors[name] = float((grads[name] - m).norm() / (grads[name].norm() + m.norm()))
    return errors

# %% mistake="gradient_check"
"""Below the fraction bar you added the gradients and then took the length. With a wrong sign the sum is nearly 0:
take both lengths first, then add."""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        m = torch.zeros_like(value)
        for i in range(value.numel()):
            up, down = value.clone(), value.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m.view(-1)[i] = (f(params | {name: up}) - f(params | {name: down})) / (2 * eps)
        errors[name] = float((grads[name] - m).norm() / (grads[name] + m).norm())
    return errors

# %% mistake="gradient_check"
"""Your lengths are the largest number of each tensor. The docstring's length is another one: the root of the sum of
all squares."""
def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        m = torch.zeros_like(value)
        for i in range(value.numel()):
            up, down = value.clone(), value.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m.view(-1)[i] = (f(params | {name: up}) - f(params | {name: down})) / (2 * eps)
        g = grads[name]
        errors[name] = float((g - m).abs().max() / (g.abs().max() + m.abs().max()))
    return errors

# %% right="gradient_check"
"""NumPy for the lengths and the indices, errors as NumPy numbers"""
import numpy as np

def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, value in params.items():
        measured = np.zeros(tuple(value.shape))
        for place in np.ndindex(*value.shape):
            up = {key: tensor.clone() for key, tensor in params.items()}
            down = {key: tensor.clone() for key, tensor in params.items()}
            up[name][place] += eps
            down[name][place] -= eps
            measured[place] = (f(up).item() - f(down).item()) / (2 * eps)
        claimed = grads[name].numpy()
        both = np.linalg.norm(claimed.ravel()) + np.linalg.norm(measured.ravel())
        errors[name] = np.linalg.norm((claimed - measured).ravel()) / both
    return errors

# %% mistake="gradient_check"
"""You returned a verdict, True or False, for each parameter. Return the error itself: how small is small enough is the reader's decision."""
def gradient_check(f, params, grads, eps=1e-5):
    result = {}
    for name, p in params.items():
        m = torch.zeros_like(p)
        for i in range(p.numel()):
            up, down = p.clone(), p.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m.view(-1)[i] = (f(params | {name: up}) - f(params | {name: down})) / (2 * eps)
        g = grads[name]
        result[name] = bool((g - m).norm() / (g.norm() + m.norm()) < 1e-6)
    return result

# %% mistake="gradient_check"
"""The difference is divided by the length of the measured gradient alone. Both lengths belong below the fraction bar."""
def gradient_check(f, params, grads, eps=1e-5):
    out = {}
    for name, p in params.items():
        m = torch.zeros_like(p)
        for i in range(p.numel()):
            up, down = p.clone(), p.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m.view(-1)[i] = (f(params | {name: up}) - f(params | {name: down})) / (2 * eps)
        g = grads[name]
        out[name] = ((g - m).norm() / m.norm()).item()
    return out

# %% mistake="gradient_check"
"""All parameters were thrown into one error. Each has an error of its own, so that one can see where the bug sits."""
def gradient_check(f, params, grads, eps=1e-5):
    num = den1 = den2 = 0.0
    for name, p in params.items():
        m = torch.zeros_like(p)
        for i in range(p.numel()):
            up, down = p.clone(), p.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m.view(-1)[i] = (f(params | {name: up}) - f(params | {name: down})) / (2 * eps)
        g = grads[name]
        num += ((g - m) ** 2).sum()
        den1 += (g**2).sum()
        den2 += (m**2).sum()
    error = float(num**0.5 / (den1**0.5 + den2**0.5))
    return {name: error for name in params}

# %% mistake="gradient_check"
"""You nudged all numbers of a parameter at once, which measures the sum of its slopes. Each number has a slope of its own."""
def gradient_check(f, params, grads, eps=1e-5):
    out = {}
    for name, p in params.items():
        m = (f(params | {name: p + eps}) - f(params | {name: p - eps})) / (2 * eps)
        g = grads[name]
        out[name] = float((g - m).norm() / (g.norm() + m.norm()))
    return out

# %% mistake="gradient_check"
"""Your lengths are means of absolute values. The docstring's length is the root of the sum of squares."""
def gradient_check(f, params, grads, eps=1e-5):
    out = {}
    for name, p in params.items():
        m = torch.zeros_like(p)
        for i in range(p.numel()):
            up, down = p.clone(), p.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m.view(-1)[i] = (f(params | {name: up}) - f(params | {name: down})) / (2 * eps)
        g = grads[name]
        out[name] = float((g - m).abs().mean() / (g.abs().mean() + m.abs().mean()))
    return out

# %% mistake="gradient_check"
"""You gave `f` a dictionary with the nudged parameter alone. It needs all of them: the others as they are."""
def gradient_check(f, params, grads, eps=1e-5):
    out = {}
    for name, p in params.items():
        m = torch.zeros_like(p)
        for i in range(p.numel()):
            up, down = p.clone(), p.clone()
            up.view(-1)[i] += eps
            down.view(-1)[i] -= eps
            m.view(-1)[i] = (f({name: up}) - f({name: down})) / (2 * eps)
        g = grads[name]
        out[name] = float((g - m).norm() / (g.norm() + m.norm()))
    return out

# %% right="exit_shared_value"
"""in capitals"""
exit_shared_value = "C"

# %% right="exit_shared_value"
"""with parentheses"""
exit_shared_value = "(c)"

# %% mistake="exit_shared_value"
"""You multiplied the two. Multiplying is for the derivatives *along* one path; here two paths meet, and each
contributes its own change of the loss."""
exit_shared_value = "a"

# %% mistake="exit_shared_value"
"""You kept the gradient that came last and let it overwrite the other. When h changes, both places change at
once."""
exit_shared_value = "b"

# %% mistake="exit_shared_value"
"""That is the mean. Two uses of h do not each count half: move h by a tiny bit, and both changes of the loss
happen in full."""
exit_shared_value = "d"

# %% right="exit_cost"
"""in capitals"""
exit_cost = "B"

# %% right="exit_cost"
"""with a full stop"""
exit_cost = "b."

# %% mistake="exit_cost"
"""Both passes grow with the number of weights, and they grow alike: a linear layer takes one product on the
way forward and two on the way back, whatever its size."""
exit_cost = "a"

# %% mistake="exit_cost"
"""The values of the forward pass are there, but they have still to be multiplied by the gradients that come
back: a linear layer needs two matrix products for that. The cell in section 11 counts them."""
exit_cost = "c"

# %% mistake="exit_cost"
"""That is the price of nudging, which asks about one weight at a time. Going backwards shares the work of all
of them."""
exit_cost = "d"

# %% right="exit_what_it_computes"
"""in capitals"""
exit_what_it_computes = "D"

# %% right="exit_what_it_computes"
"""with a parenthesis"""
exit_what_it_computes = "d)"

# %% mistake="exit_what_it_computes"
"""That is the optimiser's work: gradient descent takes the gradient and moves the parameters. Backpropagation
only computes the gradient."""
exit_what_it_computes = "a"

# %% mistake="exit_what_it_computes"
"""It is the other way round. We ask how the *loss* changes when a parameter is moved, so the derivative is of
the loss, with respect to the parameter."""
exit_what_it_computes = "b"

# %% mistake="exit_what_it_computes"
"""A gradient is no share of blame: it says how fast the loss would change if the parameter moved a little.
The numbers add up to nothing in particular."""
exit_what_it_computes = "c"


# %% mistake="linear_backward"
"""You added rows into a row of `grad_out` itself: a slice is a view, so the caller's tensor is overwritten. Begin with zeros, or with a clone."""
def linear_backward(grad_out, x, weight):
    dx = grad_out @ weight
    dw = grad_out.T @ x
    db = grad_out[-1]
    for row in grad_out[:-1]:
        db += row
    return dx, dw, db

# %% mistake="linear_backward"
"""The gradient that arrives plays no part: you took it for ones. Multiply along the path."""


def linear_backward(grad_out, x, weight):
    return (
        torch.ones_like(grad_out) @ weight,
        torch.ones_like(grad_out).T @ x,
        torch.ones_like(grad_out).sum(0),
    )

# %% mistake="linear_backward"
"""The gradient for the weight was built from the weight. A weight is multiplied by its input, so its slope is the *input*, `x`."""
def linear_backward(grad_out, x, weight):
    return grad_out @ weight, grad_out.T @ weight, grad_out.sum(0)

# %% mistake="linear_backward"
"""The gradient for the bias is 1 everywhere: that is the local derivative. It must still be multiplied by the gradient that arrives, and added up over the batch."""
def linear_backward(grad_out, x, weight):
    return grad_out @ weight, grad_out.T @ x, torch.ones(weight.shape[0])

# %% mistake="linear_backward"
"""You returned the local derivatives. Nothing of the gradient that arrives, `grad_out`, is in them: multiply along the path."""
def linear_backward(grad_out, x, weight):
    return weight, x, torch.ones(len(weight))

# %% mistake="linear_backward"
"""For the input you repeated the forward pass. The way back starts from `grad_out` and does not need the input here."""
def linear_backward(grad_out, x, weight):
    return x @ weight.T, grad_out.T @ x, grad_out.sum(0)

# %% mistake="linear_backward"
"""For the bias you added up `x`. A bias is added to every row and multiplied by nothing: what adds up is the gradient that arrives."""
def linear_backward(grad_out, x, weight):
    return grad_out @ weight, grad_out.T @ x, x.sum(0)

# %% mistake="two_layer_gradients"
"""You wrote the results into `params`, which belongs to the caller and has only weights and biases in it. Return a dictionary of your own."""
def two_layer_gradients(params, x, labels):
    n = len(x)
    params["L1"] = x @ params["W1"].T + params["b1"]
    params["S"] = torch.sigmoid(params["L1"])
    params["L2"] = params["S"] @ params["W2"].T + params["b2"]
    params["loss"] = F.cross_entropy(params["L2"], labels)
    params["dL2"] = (torch.softmax(params["L2"], 1) - F.one_hot(labels, params["L2"].shape[1])) / n
    params["dW2"], params["db2"] = params["dL2"].T @ params["S"], params["dL2"].sum(0)
    params["dS"] = params["dL2"] @ params["W2"]
    params["dL1"] = params["dS"] * params["S"] * (1 - params["S"])
    params["dW1"], params["db1"] = params["dL1"].T @ x, params["dL1"].sum(0)
    return params

# %% mistake="two_layer_gradients"
"""Between the layers stands a ReLU. This network has a sigmoid there."""


def two_layer_gradients(params, x, labels):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    L1 = x @ W1.T + b1
    S = torch.relu(L1)
    L2 = S @ W2.T + b2
    loss = F.cross_entropy(L2, labels)
    dL2 = (torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / len(x)
    dS = dL2 @ W2
    dL1 = dS * (L1 > 0)
    return {
        "L1": L1,
        "S": S,
        "L2": L2,
        "loss": loss,
        "dL2": dL2,
        "dW2": dL2.T @ S,
        "db2": dL2.sum(0),
        "dS": dS,
        "dL1": dL1,
        "dW1": dL1.T @ x,
        "db1": dL1.sum(0),
    }

# %% mistake="two_layer_gradients"
"""`L2` holds probabilities. Asked for are the logits, before softmax; `cross_entropy` turns them into
probabilities itself."""


def two_layer_gradients(params, x, labels):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    L1 = x @ W1.T + b1
    S = torch.sigmoid(L1)
    L2 = torch.softmax(S @ W2.T + b2, 1)
    loss = -L2[range(len(x)), labels].log().mean()
    dL2 = (L2 - F.one_hot(labels, L2.shape[1])) / len(x)
    dS = dL2 @ W2
    dL1 = dS * S * (1 - S)
    return {
        "L1": L1,
        "S": S,
        "L2": L2,
        "loss": loss,
        "dL2": dL2,
        "dW2": dL2.T @ S,
        "db2": dL2.sum(0),
        "dS": dS,
        "dL1": dL1,
        "dW1": dL1.T @ x,
        "db1": dL1.sum(0),
    }

# %% mistake="two_layer_gradients"
"""`dS` is still `dL2`: the step back through the second linear layer is missing. On the way back `W2` turns (n, c) into (n, h)."""
def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    loss = F.cross_entropy(L2, labels)
    dL2 = (L2.softmax(1) - F.one_hot(labels, L2.shape[1])) / len(labels)
    dW2, db2, dS = dL2.T @ S, dL2.sum(0), dL2
    dL1 = dS * S * (1 - S)
    dW1, db1 = dL1.T @ x, dL1.sum(0)
    names = "L1 S L2 loss dL2 dW2 db2 dS dL1 dW1 db1".split()
    return dict(zip(names, (L1, S, L2, loss, dL2, dW2, db2, dS, dL1, dW1, db1)))
