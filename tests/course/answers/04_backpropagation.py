# Answers that were decided wrongly (04_backpropagation), in the form of an answers bank.
# right: must pass. mistake: must fail, and its advice must be true of it (the text says what was done).

# %% right="linear_backward"
"""an assertion about requires_grad"""


def linear_backward(grad_out, x, weight):
    assert not x.requires_grad
    return grad_out @ weight, grad_out.T @ x, grad_out.sum(0)


# %% right="linear_backward"
"""a layer object of one's own with forward and backward methods, as in many tutorials"""


class MyLinear:
    def __init__(self, weight):
        self.weight = weight

    def forward(self, x):
        self.x = x
        return x @ self.weight.T

    def backward(self, grad_out):
        return grad_out @ self.weight, grad_out.T @ self.x, grad_out.sum(0)


def linear_backward(grad_out, x, weight):
    layer = MyLinear(weight)
    layer.forward(x)
    return layer.backward(grad_out)


# %% right="linear_backward"
"""a debugging print("backward") left in"""


def linear_backward(grad_out, x, weight):
    print("backward", grad_out.shape)
    return grad_out @ weight, grad_out.T @ x, grad_out.sum(0)


# %% right="linear_backward"
"""says requires_grad=False out of caution"""


def linear_backward(grad_out, x, weight):
    dx = torch.zeros(x.shape, requires_grad=False)
    dw = torch.zeros(weight.shape, requires_grad=False)
    db = torch.zeros(weight.shape[0], requires_grad=False)
    for i in range(len(x)):
        dx[i] = grad_out[i] @ weight
        dw += grad_out[i].unsqueeze(1) * x[i].unsqueeze(0)
        db += grad_out[i]
    return dx, dw, db


# %% mistake="linear_backward"
"""sums into the last row: db = grad_out[-1]; db += ..."""


# good advice: a view: the caller's grad_out is overwritten
def linear_backward(grad_out, x, weight):
    dx = grad_out @ weight
    dw = grad_out.T @ x
    db = grad_out[-1]
    for row in grad_out[:-1]:
        db += row
    return dx, dw, db


# %% right="two_layer_gradients"
"""classes Linear and Sigmoid with forward and backward methods, the usual from-scratch style"""


class Linear:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W.t() + self.b

    def backward(self, g):
        self.dW = g.t() @ self.x
        self.db = g.sum(0)
        return g @ self.W


class Sigmoid:
    def forward(self, z):
        self.s = 1 / (1 + (-z).exp())
        return self.s

    def backward(self, g):
        return g * self.s * (1 - self.s)


def two_layer_gradients(params, x, labels):
    first, act, second = Linear(params["W1"], params["b1"]), Sigmoid(), Linear(params["W2"], params["b2"])
    L1 = first.forward(x)
    S = act.forward(L1)
    L2 = second.forward(S)
    loss = F.cross_entropy(L2, labels)
    dL2 = (F.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / len(labels)
    dS = second.backward(dL2)
    dL1 = act.backward(dS)
    first.backward(dL1)
    return dict(
        L1=L1,
        S=S,
        L2=L2,
        loss=loss,
        dL2=dL2,
        dW2=second.dW,
        db2=second.db,
        dS=dS,
        dL1=dL1,
        dW1=first.dW,
        db1=first.db,
    )


# %% right="two_layer_gradients"
"""collects results under the words "forward" and "backward", then joins them"""


def two_layer_gradients(params, x, labels):
    out = {"forward": {}, "backward": {}}
    f, b = out["forward"], out["backward"]
    f["L1"] = x @ params["W1"].T + params["b1"]
    f["S"] = torch.sigmoid(f["L1"])
    f["L2"] = f["S"] @ params["W2"].T + params["b2"]
    f["loss"] = F.cross_entropy(f["L2"], labels)
    b["dL2"] = (F.softmax(f["L2"], 1) - F.one_hot(labels, f["L2"].shape[1])) / len(x)
    b["dW2"], b["db2"], b["dS"] = b["dL2"].T @ f["S"], b["dL2"].sum(0), b["dL2"] @ params["W2"]
    b["dL1"] = b["dS"] * f["S"] * (1 - f["S"])
    b["dW1"], b["db1"] = b["dL1"].T @ x, b["dL1"].sum(0)
    return out["forward"] | out["backward"]


# %% mistake="two_layer_gradients"
"""writes all results into the caller's params and returns that dictionary"""


# good advice: all arguments stay as they are: a new dictionary
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


# %% right="linear_backward"
"""einsum"""


def linear_backward(grad_out, x, weight):
    return (
        torch.einsum("nk,kd->nd", grad_out, weight),
        torch.einsum("nk,nd->kd", grad_out, x),
        torch.einsum("nk->k", grad_out),
    )


# %% right="linear_backward"
"""outer products summed, ones vector"""


def linear_backward(grad_out, x, weight):
    dw = sum(torch.outer(g, row) for g, row in zip(grad_out, x))
    return F.linear(grad_out, weight.T), dw, grad_out.new_ones(len(grad_out)) @ grad_out


# %% right="relu_backward"
"""masked fill"""


def relu_backward(grad_out, z):
    return grad_out.masked_fill(z <= 0, 0.0)


# %% right="relu_backward"
"""sign clamp"""


def relu_backward(grad_out, z):
    return grad_out * torch.sign(z).clamp_min(0)


# %% right="sigmoid_backward"
"""s minus square"""


def sigmoid_backward(grad_out, s):
    return torch.mul(grad_out, s - s.square())


# %% right="sigmoid_backward"
"""quarter minus"""


def sigmoid_backward(grad_out, s):
    return grad_out * (0.25 - (s - 0.5) ** 2)


# %% right="cross_entropy_backward"
"""subtract at index on clone"""


def cross_entropy_backward(logits, labels):
    g = torch.softmax(logits, dim=-1).clone()
    g[torch.arange(g.shape[0]), labels] -= 1
    return g.div(g.shape[0])


# %% right="cross_entropy_backward"
"""one hot by eye"""


def cross_entropy_backward(logits, labels):
    n, c = logits.shape
    return (logits.log_softmax(1).exp() - torch.eye(c, dtype=logits.dtype)[labels]) / n


# %% right="two_layer_gradients"
"""einsum and float loss"""


def two_layer_gradients(params, x, labels):
    W1, b1, W2, b2 = (params[k] for k in ("W1", "b1", "W2", "b2"))
    n = x.shape[0]
    L1 = torch.addmm(b1, x, W1.t())
    S = 1 / (1 + torch.exp(-L1))
    L2 = torch.addmm(b2, S, W2.t())
    logp = torch.log_softmax(L2, 1)
    dL2 = logp.exp()
    dL2[range(n), labels] -= 1
    dL2 /= n
    dS = dL2.mm(W2)
    dL1 = dS * S * (1 - S)
    return dict(
        L1=L1,
        S=S,
        L2=L2,
        loss=float(-logp[range(n), labels].sum() / n),
        dL2=dL2,
        dW2=dL2.t().mm(S),
        db2=dL2.sum(0),
        dS=dS,
        dL1=dL1,
        dW1=dL1.t().mm(x),
        db1=dL1.sum(0),
    )


# %% right="gradient_check"
"""basis vectors on flat"""


def gradient_check(f, params, grads, eps=1e-5):
    result = {}
    for name, value in params.items():
        flat = value.reshape(-1)
        m = []
        for i in range(flat.numel()):
            step = torch.zeros_like(flat)
            step[i] = eps
            up = f({**params, name: (flat + step).reshape(value.shape)})
            down = f({**params, name: (flat - step).reshape(value.shape)})
            m.append((float(up) - float(down)) / (2 * eps))
        m = torch.tensor(m, dtype=torch.float64).reshape(value.shape)
        g = grads[name]
        result[name] = (
            torch.linalg.vector_norm(g - m) / (torch.linalg.vector_norm(g) + torch.linalg.vector_norm(m))
        ).item()
    return result


# %% mistake="linear_backward"
"""Weight gradient transposed: x.T @ grad_out, (d, k) instead of (k, d)."""


def linear_backward(grad_out, x, weight):
    dx = grad_out @ weight
    dw = x.T @ grad_out
    db = grad_out.sum(0)
    return dx, dw, db


# %% right="linear_backward"
"""einsum three times"""


def linear_backward(grad_out, x, weight):
    return (
        torch.einsum("nk,kd->nd", grad_out, weight),
        torch.einsum("nk,nd->kd", grad_out, x),
        torch.einsum("nk->k", grad_out),
    )


# %% right="linear_backward"
"""loop over the examples, outer products"""


def linear_backward(grad_out, x, weight):
    dW = torch.zeros_like(weight)
    db = torch.zeros(weight.shape[0])
    rows = []
    for g, row in zip(grad_out, x):
        dW = dW + torch.outer(g, row)
        db = db + g
        rows.append(weight.T @ g)
    return torch.stack(rows), dW, db


# %% mistake="relu_backward"
"""Gate by the sign of the gradient instead of z."""


def relu_backward(grad_out, z):
    return grad_out * (grad_out > 0)


# %% right="relu_backward"
"""masked_fill"""


def relu_backward(grad_out, z):
    return grad_out.masked_fill(z <= 0, 0.0)


# %% right="relu_backward"
"""sign of relu, heaviside"""


def relu_backward(grad_out, z):
    return torch.mul(torch.heaviside(z, torch.zeros(())), grad_out)


# %% mistake="sigmoid_backward"
"""Applies the sigmoid again to s."""


def sigmoid_backward(grad_out, s):
    sig = torch.sigmoid(s)
    return grad_out * sig * (1 - sig)


# %% right="sigmoid_backward"
"""s minus its square"""


def sigmoid_backward(grad_out, s):
    return (s - s.square()) * grad_out


# %% right="sigmoid_backward"
"""a quarter minus the squared distance from one half"""


def sigmoid_backward(grad_out, s):
    return torch.addcmul(torch.zeros_like(s), grad_out, s * (1.0 - s))


# %% mistake="cross_entropy_backward"
"""Forgot to divide by the batch size."""


def cross_entropy_backward(logits, labels):
    p = torch.softmax(logits, dim=1)
    return p - F.one_hot(labels, logits.shape[1])


# %% right="cross_entropy_backward"
"""truth as a scatter, exp of log-softmax"""


def cross_entropy_backward(logits, labels):
    truth = torch.zeros_like(logits).scatter(1, labels[:, None], 1.0)
    return (F.log_softmax(logits, dim=1).exp() - truth) / logits.shape[0]


# %% right="cross_entropy_backward"
"""row by row in a list"""


def cross_entropy_backward(logits, labels):
    rows = []
    for z, t in zip(logits, labels.tolist()):
        p = (z - z.max()).exp()
        p = p / p.sum()
        rows.append(torch.cat([p[:t], p[t : t + 1] - 1, p[t + 1 :]]))
    return torch.stack(rows) / len(rows)


# %% mistake="two_layer_gradients"
"""dL1 without the derivative of the sigmoid: dL1 = dS."""


def two_layer_gradients(params, x, labels):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    L1 = x @ W1.T + b1
    S = torch.sigmoid(L1)
    L2 = S @ W2.T + b2
    loss = F.cross_entropy(L2, labels)
    n = len(x)
    dL2 = (torch.softmax(L2, 1) - F.one_hot(labels, L2.shape[1])) / n
    dW2 = dL2.T @ S
    db2 = dL2.sum(0)
    dS = dL2 @ W2
    dL1 = dS
    dW1 = dL1.T @ x
    db1 = dL1.sum(0)
    return dict(L1=L1, S=S, L2=L2, loss=loss, dL2=dL2, dW2=dW2, db2=db2, dS=dS, dL1=dL1, dW1=dW1, db1=db1)


# %% right="two_layer_gradients"
"""all by hand with a column of ones for the bias"""


def two_layer_gradients(params, x, labels):
    n = x.size(0)
    ones = torch.ones(n, 1)
    L1 = torch.cat([x, ones], 1) @ torch.cat([params["W1"], params["b1"][:, None]], 1).T
    S = L1.sigmoid()
    L2 = torch.cat([S, ones], 1) @ torch.cat([params["W2"], params["b2"][:, None]], 1).T
    logp = L2 - L2.logsumexp(1, keepdim=True)
    loss = -logp[range(n), labels].sum() / n
    dL2 = logp.exp()
    dL2[range(n), labels] -= 1
    dL2 = dL2 / n
    both = dL2.T @ torch.cat([S, ones], 1)
    dS = dL2 @ params["W2"]
    dL1 = dS * (S - S * S)
    both1 = dL1.T @ torch.cat([x, ones], 1)
    return {
        "L1": L1, "S": S, "L2": L2, "loss": loss, "dL2": dL2, "dS": dS, "dL1": dL1,
        "dW2": both[:, :-1], "db2": both[:, -1], "dW1": both1[:, :-1], "db1": both1[:, -1],
    }  # fmt: skip


# %% right="two_layer_gradients"
"""a small helper for both layers, locals()"""


def two_layer_gradients(params, x, labels):
    def back(g, inputs, weight):
        return g.T @ inputs, g.sum(0), g @ weight

    L1 = torch.addmm(params["b1"], x, params["W1"].t())
    S = torch.special.expit(L1)
    L2 = torch.addmm(params["b2"], S, params["W2"].t())
    loss = float(F.nll_loss(F.log_softmax(L2, 1), labels))
    dL2 = F.softmax(L2, 1)
    dL2 = (dL2 - torch.eye(L2.shape[1])[labels]) / x.shape[0]
    dW2, db2, dS = back(dL2, S, params["W2"])
    dL1 = dS * S * (1 - S)
    dW1, db1, _ = back(dL1, x, params["W1"])
    found = locals()
    return {name: found[name] for name in "L1 S L2 loss dL2 dW2 db2 dS dL1 dW1 db1".split()}


# %% mistake="gradient_check"
"""One-sided difference."""


def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    base = f(params)
    for name, p in params.items():
        m = torch.zeros_like(p)
        for i in range(p.numel()):
            q = p.clone()
            q.view(-1)[i] += eps
            m.view(-1)[i] = (f({**params, name: q}) - base) / eps
        g = grads[name]
        errors[name] = float((g - m).norm() / (g.norm() + m.norm()))
    return errors


# %% right="gradient_check"
"""identity rows, comprehension"""


def gradient_check(f, params, grads, eps=1e-5):
    def measured(name):
        p = params[name]
        steps = (eps * torch.eye(p.numel(), dtype=p.dtype)).reshape(p.numel(), *p.shape)
        slopes = [(f({**params, name: p + s}) - f({**params, name: p - s})) / (2 * eps) for s in steps]
        return torch.stack(slopes).reshape(p.shape)

    def error(g, m):
        return ((g - m).pow(2).sum().sqrt() / (g.pow(2).sum().sqrt() + m.pow(2).sum().sqrt())).item()

    return {name: error(grads[name], measured(name)) for name in params}


# %% right="gradient_check"
"""in place with an exact way back, math.sqrt over lists"""


def gradient_check(f, params, grads, eps=1e-5):
    errors = {}
    for name, parameter in params.items():
        numbers, claimed, measured = parameter.view(-1), grads[name].flatten().tolist(), []
        for i in range(numbers.numel()):
            kept = numbers[i].item()
            numbers[i] = kept + eps
            up = f(params).item()
            numbers[i] = kept - eps
            down = f(params).item()
            numbers[i] = kept
            measured.append((up - down) / (2 * eps))
        length = lambda values: math.sqrt(sum(v * v for v in values))  # noqa: E731
        difference = length([a - b for a, b in zip(claimed, measured)])
        errors[name] = difference / (length(claimed) + length(measured))
    return errors


# %% mistake="linear_backward"
"""Elementwise * instead of @."""


def linear_backward(grad_out, x, weight):
    return grad_out * weight, grad_out.T * x, grad_out.sum(0)


# %% mistake="relu_backward"
"""relu(grad_out): the forward function on the gradient."""


def relu_backward(grad_out, z):
    return torch.relu(grad_out)


# %% mistake="sigmoid_backward"
"""Plus instead of minus: s * (1 + s)."""


def sigmoid_backward(grad_out, s):
    return grad_out * s * (1 + s)


# %% mistake="cross_entropy_backward"
"""one-hot minus p: sign turned."""


def cross_entropy_backward(logits, labels):
    n, c = logits.shape
    return (F.one_hot(labels, c) - logits.softmax(1)) / n


# %% mistake="two_layer_gradients"
"""dS with W2.T: shapes do not fit."""


def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    loss = F.cross_entropy(L2, labels)
    dL2 = (L2.softmax(1) - F.one_hot(labels, L2.shape[1])) / len(labels)
    dW2, db2, dS = dL2.T @ S, dL2.sum(0), dL2 @ params["W2"].T
    dL1 = dS * S * (1 - S)
    dW1, db1 = dL1.T @ x, dL1.sum(0)
    names = "L1 S L2 loss dL2 dW2 db2 dS dL1 dW1 db1".split()
    return dict(zip(names, (L1, S, L2, loss, dL2, dW2, db2, dS, dL1, dW1, db1)))


# %% mistake="gradient_check"
"""Forgot the root: compares squared lengths."""


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
        out[name] = float(((g - m) ** 2).sum() / ((g**2).sum() + (m**2).sum()))
    return out


# %% mistake="linear_backward"
"""Adds the bias gradient of x: sums x over the batch instead of grad_out."""


def linear_backward(grad_out, x, weight):
    return grad_out @ weight, grad_out.T @ x, x.sum(0)


# %% mistake="relu_backward"
"""Forgets to convert and multiplies by z >= 0 with minus: grad_out - (z > 0)."""


def relu_backward(grad_out, z):
    return grad_out - (z > 0).float()


# %% mistake="sigmoid_backward"
"""s**2 * (1 - s)."""


def sigmoid_backward(grad_out, s):
    return grad_out * s**2 * (1 - s)


# %% mistake="cross_entropy_backward"
"""Divides by n before subtracting the truth: p / n - onehot."""


def cross_entropy_backward(logits, labels):
    p = logits.softmax(1)
    return p / len(labels) - F.one_hot(labels, logits.shape[1])


# %% mistake="two_layer_gradients"
"""db2 is a mean."""


def two_layer_gradients(params, x, labels):
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    loss = F.cross_entropy(L2, labels)
    dL2 = (L2.softmax(1) - F.one_hot(labels, L2.shape[1])) / len(labels)
    dW2, db2, dS = dL2.T @ S, dL2.mean(0), dL2 @ params["W2"]
    dL1 = dS * S * (1 - S)
    dW1, db1 = dL1.T @ x, dL1.mean(0)
    names = "L1 S L2 loss dL2 dW2 db2 dS dL1 dW1 db1".split()
    return dict(zip(names, (L1, S, L2, loss, dL2, dW2, db2, dS, dL1, dW1, db1)))


# %% mistake="gradient_check"
"""Norm of the difference over the norm of the sum of both norms times two (factor 2)."""


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
        out[name] = float(2 * (g - m).norm() / (g.norm() + m.norm()))
    return out
