"""What ran: ways around a name that is off limits, and honest answers in which only the word stands."""

import functools
import operator
import os
import subprocess
import sys
import threading

import pytest
import torch
import torch.autograd.forward_ad as forward_ad
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.functional import log_softmax as imported
from torch.optim.sgd import sgd as functional_sgd

from helper import fixtures, graphs
from helper.checking.watch import Watch

X, Y = torch.tensor([[0.3, -1.0, 0.7], [2.0, 0.1, 0.2]]), torch.tensor([0, 2])
P, T = torch.tensor([0.2, 0.9, 0.4]), torch.tensor([0.0, 1.0, 1.0])

SOFTMAX = ("softmax", "Softmax", "log_softmax", "LogSoftmax", "softmin", "Softmin")
LOG_SOFTMAX = ("log_softmax", "LogSoftmax", "cross_entropy", "CrossEntropyLoss")
LOGSUMEXP = ("logsumexp", "logcumsumexp", "log_softmax", "LogSoftmax")
NLL = ("nll_loss", "NLLLoss", "cross_entropy", "CrossEntropyLoss")
MSE, MAE = ("mse_loss", "MSELoss"), ("l1_loss", "L1Loss")
BCE = (
    "binary_cross_entropy_with_logits",
    "BCEWithLogitsLoss",
    "binary_cross_entropy",
    "BCELoss",
)
AUTOGRAD = ("autograd", "backward", "requires_grad", "requires_grad_", "torch.func", "aten", "fixtures")
VJP = ("vjp", "jacobian", "jacrev", "jacfwd")


def ran(without, answer):
    watch = Watch(without)
    watch.wrapped(answer)()
    return watch


def scripted(source, name):
    """Compile a function with TorchScript, which runs below all of Python."""
    return torch.jit.CompilationUnit(source).__getattr__(name)


SCRIPT = "def f(x: Tensor) -> Tensor:\n    return torch.softmax(x, 1)\n"


def square(t):
    return (t**2).sum()


def by_backward():
    w = P.clone().requires_grad_()
    square(w).backward()
    return w.grad


def by_grad():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    return torch.autograd.grad(square(w), w)


def by_variable():
    w = torch.autograd.Variable(P, requires_grad=True)
    return torch.autograd.grad(square(w), w)


def by_attribute():
    w = P.clone()
    setattr(w, "requires" + "_grad", True)
    getattr(square(w), "back" + "ward")()


def by_module():
    layer = nn.Linear(3, 2)
    layer(X).sum().backward()


def by_dual_numbers():
    with forward_ad.dual_level():
        return forward_ad.unpack_dual(square(forward_ad.make_dual(P, T))).tangent


def by_optimizer(kind):
    w = nn.Parameter(P.clone())
    w.grad = T.clone()
    return lambda: kind([w], lr=0.1).step()


WAYS_AROUND = {
    "softmax": (SOFTMAX, lambda: torch.softmax(X, 1)),
    "softmax, a method": (SOFTMAX, lambda: X.softmax(1)),
    "softmax, functional": (SOFTMAX, lambda: F.softmax(X, 1)),
    "softmax, a layer": (SOFTMAX, lambda: nn.Softmax(1)(X)),
    "softmax, a layer for images": (SOFTMAX, lambda: nn.Softmax2d()(X[:, :, None, None])),
    "softmax, by text": (SOFTMAX, lambda: getattr(torch, "soft" + "max")(X, 1)),
    "softmax, special": (SOFTMAX, lambda: torch.special.softmax(X, 1)),
    "softmax, an operator": (SOFTMAX, lambda: torch.ops.aten._softmax(X, 1, False)),
    "softmax, C": (SOFTMAX, lambda: torch._C._nn.__dict__ and torch._softmax(X, 1, False)),
    "softmax, sparse": (SOFTMAX, lambda: torch.sparse.softmax(X.to_sparse(), 1)),
    "softmax, gumbel": (SOFTMAX, lambda: F.gumbel_softmax(X)),
    "softmax, attention": (SOFTMAX, lambda: F.scaled_dot_product_attention(X[None], X[None], X[None])),
    "softmax, a layer with attention": (SOFTMAX, lambda: nn.MultiheadAttention(3, 1)(X, X, X)),
    "softmax, a distribution": (SOFTMAX, lambda: torch.distributions.Categorical(logits=X).probs),
    "softmax, TorchScript": (SOFTMAX, lambda: scripted(SCRIPT, "f")(X)),
    "softmax, traced": (SOFTMAX, lambda: torch.jit.trace(lambda t: torch.softmax(t, 1), X)(X)),
    "softmax, map": (SOFTMAX, lambda: list(map(operator.methodcaller("softmax", 1), [X]))),
    "softmax, partial": (SOFTMAX, lambda: functools.partial(torch.softmax, dim=1)(X)),
    "softmax, vmap": (SOFTMAX, lambda: torch.func.vmap(lambda row: row.softmax(0))(X)),
    "softmax, no gradients": (SOFTMAX, torch.no_grad()(lambda: X.softmax(1))),
    "softmax, double": (SOFTMAX, lambda: X.double().softmax(1).float()),
    "softmin": (SOFTMAX, lambda: F.softmin(-X, 1)),
    "softmax, exp of log_softmax": (SOFTMAX, lambda: F.log_softmax(X, 1).exp()),
    "softmax, a generator": (SOFTMAX, lambda: [row.softmax(0) for row in X]),
    "log_softmax": (LOG_SOFTMAX, lambda: torch.log_softmax(X, 1)),
    "log_softmax, imported": (LOG_SOFTMAX, lambda: imported(X, 1)),
    "log_softmax, a layer": (LOG_SOFTMAX, lambda: nn.LogSoftmax(1)(X)),
    "log_softmax, special": (LOG_SOFTMAX, lambda: torch.special.log_softmax(X, 1)),
    "log_softmax, cross-entropy": (LOG_SOFTMAX, lambda: F.cross_entropy(X, Y, reduction="none")),
    "log_softmax, an adaptive layer": (
        LOG_SOFTMAX,
        lambda: nn.AdaptiveLogSoftmaxWithLoss(3, 4, [2]).log_prob(X),
    ),
    "logsumexp": (LOGSUMEXP, lambda: torch.logsumexp(X, 1)),
    "logsumexp, a method": (LOGSUMEXP, lambda: X.logsumexp(1)),
    "logsumexp, special": (LOGSUMEXP, lambda: torch.special.logsumexp(X, 1)),
    "logsumexp, running": (LOGSUMEXP, lambda: X.logcumsumexp(1)[:, -1]),
    "nll_loss": (NLL, lambda: F.nll_loss(X, Y)),
    "nll_loss, a layer": (NLL, lambda: nn.NLLLoss()(X, Y)),
    "nll_loss, for images": (NLL, lambda: F.nll_loss(X[:, :, None, None], Y[:, None, None])),
    "nll_loss, a layer for images": (NLL, lambda: nn.NLLLoss2d()(X[:, :, None, None], Y[:, None, None])),
    "nll_loss, C": (NLL, lambda: torch._C._nn.nll_loss_nd(X, Y)),
    "nll_loss, cross-entropy of log-probabilities": (NLL, lambda: F.cross_entropy(X.log_softmax(1), Y)),
    "mse_loss": (MSE, lambda: F.mse_loss(P, T)),
    "mse_loss, a layer": (MSE, lambda: nn.MSELoss()(P, T)),
    "mse_loss, C": (MSE, lambda: torch._C._nn.mse_loss(P, T)),
    "mse_loss, an operator": (MSE, lambda: torch.ops.aten.mse_loss(P, T)),
    "mae, l1_loss": (MAE, lambda: F.l1_loss(P, T)),
    "mae, a layer": (MAE, lambda: nn.L1Loss()(P, T)),
    "mae, C": (MAE, lambda: torch._C._nn.l1_loss(P, T).mean()),
    "mae, an operator": (MAE, lambda: torch.ops.aten.l1_loss(P, T)),
    "bce": (BCE, lambda: F.binary_cross_entropy_with_logits(P, T)),
    "bce, a layer": (BCE, lambda: nn.BCEWithLogitsLoss()(P, T)),
    "bce of probabilities": (BCE, lambda: F.binary_cross_entropy(P, T)),
    "bce of probabilities, a layer": (BCE, lambda: nn.BCELoss()(P, T)),
    "bce, soft margin": (BCE, lambda: F.soft_margin_loss(P, 2 * T - 1)),
    "autograd, backward": (AUTOGRAD, by_backward),
    "autograd, grad": (AUTOGRAD, by_grad),
    "autograd, Variable": (AUTOGRAD, by_variable),
    "autograd, by text": (AUTOGRAD, by_attribute),
    "autograd, a layer": (AUTOGRAD, by_module),
    "autograd, torch.func.grad": (AUTOGRAD, lambda: torch.func.grad(square)(P)),
    "autograd, torch.func.vjp": (AUTOGRAD, lambda: torch.func.vjp(square, P)),
    "autograd, torch.func.jvp": (AUTOGRAD, lambda: torch.func.jvp(square, (P,), (T,))),
    "autograd, jacrev": (AUTOGRAD, lambda: torch.func.jacrev(square)(P)),
    "autograd, jacfwd": (AUTOGRAD, lambda: torch.func.jacfwd(square)(P)),
    "autograd, functional": (AUTOGRAD, lambda: torch.autograd.functional.jacobian(square, P)),
    "autograd, dual numbers": (AUTOGRAD, by_dual_numbers),
    "autograd, the course's own": (AUTOGRAD, lambda: fixtures.gradient(square, P)),
    "autograd, a kernel for ReLU": (AUTOGRAD, lambda: torch.ops.aten.threshold_backward(P, T, 0)),
    "autograd, a kernel for sigmoid": (AUTOGRAD, lambda: torch.ops.aten.sigmoid_backward(P, T)),
    "vjp, torch.func": (VJP, lambda: torch.func.vjp(square, P)),
    "vjp, functional": (VJP, lambda: torch.autograd.functional.vjp(square, P)),
    "vjp, the whole Jacobian": (VJP, lambda: torch.autograd.functional.jacobian(torch.exp, P)),
    "vjp, jacrev": (VJP, lambda: torch.func.jacrev(torch.exp)(P)),
    "vjp, jacfwd": (VJP, lambda: torch.func.jacfwd(torch.exp)(P)),
    "sgd, SGD": (("SGD", "optim"), by_optimizer(torch.optim.SGD)),
    "sgd, another optimiser": (("SGD", "optim"), by_optimizer(torch.optim.Adagrad)),
    "sgd, its function": (
        ("SGD", "optim"),
        lambda: functional_sgd(
            [P.clone()],
            [T],
            [None],
            weight_decay=0,
            momentum=0,
            lr=0.1,
            dampening=0,
            nesterov=False,
            maximize=False,
        ),
    ),
    "sgd, its kernel": (
        ("optim",),
        lambda: torch._fused_sgd_(
            [P.detach().clone()],
            [T],
            [],
            weight_decay=0,
            momentum=0,
            lr=0.1,
            dampening=0,
            nesterov=False,
            maximize=False,
            is_first_step=True,
        ),
    ),
    "clipping, by what the library's own function calls": (
        ("clip_grad",),
        lambda: torch.nn.utils.clip_grad._get_total_norm([T]),
    ),
    "an order, the course's own": (
        ("visiting_order", "layered"),
        lambda: graphs.visiting_order(graphs.Node(1.0)),
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", WAYS_AROUND)
def test_a_way_around_a_name_off_limits_is_seen(way):
    without, answer = WAYS_AROUND[way]
    assert ran(without, answer).ran


class Layer:
    """A layer of a student's own, with the methods of most tutorials."""

    def forward(self, x):
        self.x = x
        return x

    def backward(self, grad):
        return grad * self.x


def careful():
    assert not P.requires_grad
    layer, zeros = Layer(), torch.zeros(3, requires_grad=False)
    layer.forward(P)
    print("backward")
    return {"backward": layer.backward(T), "softmax": zeros.detach()}


def log_softmax(x, dim):
    return x - x.exp().sum(dim, keepdim=True).log()


HONEST = {
    "words, methods and texts of one's own": (AUTOGRAD, careful),
    "vmap": (AUTOGRAD, lambda: torch.func.vmap(square)(X)),
    "no_grad": (AUTOGRAD, torch.no_grad()(lambda: square(P))),
    "inference": (AUTOGRAD, torch.inference_mode()(lambda: square(P))),
    "tensors that are tracked, under no_grad": (AUTOGRAD, torch.no_grad()(lambda: nn.Linear(3, 2)(X))),
    "einsum": (AUTOGRAD, lambda: torch.einsum("ij,kj->ik", X, X)),
    "softmax by hand": (SOFTMAX, lambda: X.exp() / X.exp().sum(1, keepdim=True)),
    "softmax by sigmoid": (SOFTMAX, lambda: 1 / (1 + (X[:, :, None] - X[:, None]).exp().sum(1) - 1)),
    "a function of one's own of that name": (LOG_SOFTMAX, lambda: log_softmax(X, 1)),
    "log-softmax by logsumexp": (LOG_SOFTMAX, lambda: X - X.logsumexp(1, keepdim=True)),
    "logsumexp by logaddexp": (LOGSUMEXP, lambda: functools.reduce(torch.logaddexp, X.unbind(1))),
    "logsumexp by softplus": (LOGSUMEXP, lambda: F.softplus(X)),
    "nll by gather": (NLL, lambda: -X.gather(1, Y[:, None]).mean()),
    "mae by smooth_l1_loss": (MAE, lambda: F.smooth_l1_loss(P, T, beta=0.0)),
    "mae by a norm": (MAE, lambda: torch.linalg.vector_norm(P - T, ord=1) / 3),
    "mse by a distance": (MSE, lambda: torch.dist(P, T) ** 2 / 3),
    "bce by softplus": (BCE, lambda: (F.softplus(P) - P * T).mean()),
    "bce by logsigmoid": (BCE, lambda: -F.logsigmoid(P).mean()),
    "vjp by grad": (VJP, by_grad),
    "an update with foreach": (("SGD", "optim"), lambda: torch._foreach_add_([P.clone()], [T], alpha=-0.1)),
}


@pytest.mark.parametrize("way", HONEST)
def test_an_honest_answer_is_not_taken_for_one(way):
    without, answer = HONEST[way]
    watch = ran(without, answer)
    assert (watch.ran, watch.flags) == (set(), set())


def test_what_an_answer_yields_late_is_watched_too():
    watch = Watch(SOFTMAX)
    rows = watch.wrapped(lambda: (row.softmax(0) for row in X))()
    assert watch.ran == set()
    assert torch.equal(next(rows), X[0].softmax(0))
    assert watch.ran == {"softmax"}


def test_what_the_check_does_itself_is_not_the_answers_doing():
    watch = Watch(SOFTMAX)
    answer = watch.wrapped(lambda: 1)
    assert answer() == 1
    torch.softmax(X, 1)
    assert watch.ran == set()


def in_a_thread():
    thread = threading.Thread(target=lambda: X.softmax(1))
    thread.start()
    thread.join()


def without_modes():
    from torch.utils._python_dispatch import _disable_current_modes

    with _disable_current_modes():
        return X.softmax(1)


def left_on():
    from torch.utils._python_dispatch import TorchDispatchMode

    TorchDispatchMode().__enter__()


def popped():
    torch._C._pop_torch_dispatch_stack(None)


def forked():
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)


def another_program():
    subprocess.run([sys.executable, "-c", ""], check=True)


HIDDEN = [in_a_thread, without_modes, left_on, popped, another_program, lambda: sys.setprofile(None)]


@pytest.mark.filterwarnings("ignore:.*fork")
@pytest.mark.parametrize("hide", [*HIDDEN, *([forked] if hasattr(os, "fork") else [])])
def test_what_may_run_unseen_is_flagged_and_nothing_is_left_behind(hide):
    watch = ran(SOFTMAX, hide)
    assert watch.flags
    assert sys.getprofile() is None
    assert torch._C._len_torch_dispatch_stack() == 0


def test_an_exception_goes_through_and_leaves_nothing_behind():
    watch = Watch(SOFTMAX)
    with pytest.raises(ZeroDivisionError):
        watch.wrapped(lambda: 1 / 0)()
    assert sys.getprofile() is None
    assert torch._C._len_torch_dispatch_stack() == 0


def test_without_a_list_nothing_is_watched():
    answer = lambda: 1  # noqa: E731
    assert Watch(()).wrapped(answer) is answer
