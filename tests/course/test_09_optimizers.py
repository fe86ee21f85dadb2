"""What lesson 09 teaches by hand is what PyTorch computes: its references, step by step, beside torch.optim."""

import copy
import math
from collections.abc import Callable

import pytest
import torch
from conftest import ROOT
from torch import Tensor, nn

from helper import data
from helper.lessons.lesson import read
from helper.lessons.stage import Stage

SHAPES = ((3, 4), (5,))
RATES = [0.1] * 4 + [0.01] * 3 + [0.05] * 3  # ten steps, and two changes of the learning rate


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage(read(ROOT / "solutions", "09_optimizers"))


def beside_torch(
    step: Callable[..., None], optimizer_of: Callable[..., torch.optim.Optimizer]
) -> tuple[list[Tensor], ...]:
    """Take the ten steps twice, by hand and by PyTorch, with the same gradients."""
    generator = torch.Generator().manual_seed(9)
    ours = [torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_() for shape in SHAPES]
    theirs = [param.detach().clone().requires_grad_() for param in ours]
    optimizer = optimizer_of(theirs)
    for lr in RATES:
        grads = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in SHAPES]
        for param, grad in zip(theirs, grads, strict=True):
            param.grad = grad.clone()
        optimizer.param_groups[0]["lr"] = lr
        optimizer.step()
        step(ours, grads, lr)
    return ours, theirs


def zeros() -> list[Tensor]:
    return [torch.zeros(shape, dtype=torch.float64) for shape in SHAPES]


def test_momentum_by_hand_is_sgd_with_momentum(stage: Stage) -> None:
    momentum_step, velocities = stage.reference("momentum_step"), zeros()
    ours, theirs = beside_torch(
        lambda params, grads, lr: momentum_step(params, grads, velocities, lr=lr, mu=0.9),
        lambda params: torch.optim.SGD(params, lr=1.0, momentum=0.9),
    )
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_a_parameter_without_a_gradient_is_left_alone_as_pytorch_leaves_it(stage: Stage) -> None:
    momentum_step, velocities = stage.reference("momentum_step"), zeros()
    ours = [torch.ones(shape, dtype=torch.float64, requires_grad=True) for shape in SHAPES]
    theirs = [param.detach().clone().requires_grad_() for param in ours]
    sgd = torch.optim.SGD(theirs, lr=0.1, momentum=0.9)
    for missing in (None, 0, 0, None):
        grads = [
            None if place == missing else torch.ones(shape, dtype=torch.float64)
            for place, shape in enumerate(SHAPES)
        ]
        for param, grad in zip(theirs, grads, strict=True):
            param.grad = None if grad is None else grad.clone()
        sgd.step()
        momentum_step(ours, grads, velocities, lr=0.1, mu=0.9)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_adam_by_hand_is_adam(stage: Stage) -> None:
    adam_step, state = stage.reference("adam_step"), {"t": 0, "m": zeros(), "v": zeros()}
    ours, theirs = beside_torch(
        lambda params, grads, lr: adam_step(params, grads, state, lr=lr, betas=(0.8, 0.95), eps=1e-8),
        lambda params: torch.optim.Adam(params, lr=1.0, betas=(0.8, 0.95), eps=1e-8),
    )
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_adamw_by_hand_is_adamw(stage: Stage) -> None:
    adamw_step, state = stage.reference("adamw_step"), {"t": 0, "m": zeros(), "v": zeros()}
    ours, theirs = beside_torch(
        lambda params, grads, lr: adamw_step(params, grads, state, lr, (0.8, 0.95), 1e-8, weight_decay=0.7),
        lambda params: torch.optim.AdamW(params, lr=1.0, betas=(0.8, 0.95), eps=1e-8, weight_decay=0.7),
    )
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size", [1000.0, 1.0, 0.001, -0.001])
def test_the_first_step_of_adam_is_the_learning_rate_whatever_the_gradient(stage: Stage, size: float) -> None:
    weight = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    state = {"t": 0, "m": [torch.zeros_like(weight)], "v": [torch.zeros_like(weight)]}
    stage.reference("adam_step")([weight], [torch.full_like(weight, size)], state, 0.1, (0.9, 0.999), 1e-8)
    assert weight.tolist() == pytest.approx([math.copysign(0.1, -size)] * 3, rel=1e-4)


def test_a_weight_without_a_gradient_loses_its_share_and_no_more(stage: Stage) -> None:
    for weight_decay, expected in ((0.0001, 1.99998), (0.01, 1.998), (1.0, 1.8)):
        weight = torch.full((1,), 2.0, dtype=torch.float64, requires_grad=True)
        state = {"t": 0, "m": [torch.zeros_like(weight)], "v": [torch.zeros_like(weight)]}
        grads = [torch.zeros_like(weight)]
        stage.reference("adamw_step")([weight], grads, state, 0.1, (0.9, 0.999), 1e-8, weight_decay)
        assert weight.item() == pytest.approx(expected, abs=1e-9)


def test_the_schedule_is_pytorchs_warm_up_and_cosine_and_stays_at_the_end(stage: Stage) -> None:
    lr_at, total, warmup, peak, final = stage.reference("lr_at"), 20, 4, 2.0, 0.1
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=peak)
    schedulers = torch.optim.lr_scheduler
    up = schedulers.LinearLR(optimizer, start_factor=1 / (warmup + 1), total_iters=warmup)
    down = schedulers.CosineAnnealingLR(optimizer, T_max=total - 1 - warmup, eta_min=final)
    both = schedulers.SequentialLR(optimizer, [up, down], milestones=[warmup])
    theirs = []
    for _ in range(total):
        theirs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        both.step()
    assert [lr_at(step, total, warmup, peak, final) for step in range(total)] == pytest.approx(theirs)
    assert lr_at(total, total, warmup, peak, final) == lr_at(10 * total, total, warmup, peak, final) == final
    assert lr_at(0, total, 0, peak, final) == peak


@pytest.mark.parametrize("max_norm", [0.5, 3.0, 100.0])
def test_clipping_by_hand_is_clip_grad_norm(stage: Stage, max_norm: float) -> None:
    generator = torch.Generator().manual_seed(9)
    ours = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in SHAPES]
    theirs = [torch.zeros(shape, dtype=torch.float64, requires_grad=True) for shape in SHAPES]
    for param, grad in zip(theirs, ours, strict=True):
        param.grad = grad.clone()
    norm = nn.utils.clip_grad_norm_(theirs, max_norm)
    assert stage.reference("clip_by_global_norm")(ours, max_norm) == pytest.approx(norm.item())
    # PyTorch adds a millionth to the norm before it divides.
    torch.testing.assert_close(ours, [param.grad for param in theirs], rtol=1e-5, atol=1e-9)


def test_every_right_start_lies_far_inside_the_bands_of_its_check(stage: Stage) -> None:
    """Measured over many draws, as the check's tolerances of 3 and 8 percent must not fail an honest answer."""
    sizes, generator = [], torch.Generator().manual_seed(9)
    for _ in range(40):
        layer = nn.Linear(80, 70)
        stage.reference("start_layer")(layer, generator)
        sizes.append(layer.weight.std().item() / math.sqrt(2 / 80) - 1)
    assert max(map(abs, sizes)) < 0.04
    assert layer.bias.count_nonzero() == 0


def test_a_range_test_leaves_no_trace_and_ends_at_the_cliff(stage: Stage) -> None:
    torch.manual_seed(9)
    model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 2)).eval()
    before = copy.deepcopy(model.state_dict())
    batches = [(torch.randn(5, 4), torch.randn(5, 2)) for _ in range(3)]
    rates, losses = stage.reference("lr_range_test")(model, batches, nn.MSELoss(), 0.01, 1e4, 40)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not any(part.training for part in model.modules())
    assert len(rates) == len(losses) < 40
    assert losses[-1] > 4 * min(losses) or not math.isfinite(losses[-1])
    assert all(loss <= 4 * min(losses[: place + 1]) for place, loss in enumerate(losses[:-1]))


def test_the_cliff_of_the_figure_is_where_the_text_says(stage: Stage) -> None:
    images, labels = data.digits("train")
    torch.set_num_threads(1)
    torch.manual_seed(9)
    layers = (nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    order = torch.Generator().manual_seed(9)
    batches = list(data.batches(images.flatten(1), labels, 64, generator=order))
    rates, losses = stage.reference("lr_range_test")(
        nn.Sequential(*layers), batches, nn.CrossEntropyLoss(), 0.001, 10.0, 100
    )
    assert rates[-1] == pytest.approx(2, rel=0.1)
    assert min(losses) == pytest.approx(2, abs=0.05)
    assert all(
        abs(loss - math.log(10)) < 0.1 for rate, loss in zip(rates, losses, strict=True) if rate < 0.03
    )
