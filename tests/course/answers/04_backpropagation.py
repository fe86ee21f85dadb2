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
    return dict(L1=L1, S=S, L2=L2, loss=loss, dL2=dL2, dW2=second.dW, db2=second.db, dS=dS, dL1=dL1, dW1=first.dW, db1=first.db)

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
    return torch.einsum("nk,kd->nd", grad_out, weight), torch.einsum("nk,nd->kd", grad_out, x), torch.einsum("nk->k", grad_out)

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
    L1 = torch.addmm(b1, x, W1.t()); S = 1 / (1 + torch.exp(-L1)); L2 = torch.addmm(b2, S, W2.t())
    logp = torch.log_softmax(L2, 1)
    dL2 = logp.exp(); dL2[range(n), labels] -= 1; dL2 /= n
    dS = dL2.mm(W2); dL1 = dS * S * (1 - S)
    return dict(L1=L1, S=S, L2=L2, loss=float(-logp[range(n), labels].sum() / n), dL2=dL2, dW2=dL2.t().mm(S), db2=dL2.sum(0), dS=dS, dL1=dL1, dW1=dL1.t().mm(x), db1=dL1.sum(0))

# %% right="gradient_check"
"""basis vectors on flat"""
def gradient_check(f, params, grads, eps=1e-5):
    result = {}
    for name, value in params.items():
        flat = value.reshape(-1)
        m = []
        for i in range(flat.numel()):
            step = torch.zeros_like(flat); step[i] = eps
            up = f({**params, name: (flat + step).reshape(value.shape)})
            down = f({**params, name: (flat - step).reshape(value.shape)})
            m.append((float(up) - float(down)) / (2 * eps))
        m = torch.tensor(m, dtype=torch.float64).reshape(value.shape)
        g = grads[name]
        result[name] = (torch.linalg.vector_norm(g - m) / (torch.linalg.vector_norm(g) + torch.linalg.vector_norm(m))).item()
    return result
