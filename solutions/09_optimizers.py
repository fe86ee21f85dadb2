# %% [markdown]
# # 9 · Optimisers: how do you get down faster without falling?
#
# The loop of lesson 7 takes the plainest step there is: minus the learning rate times the gradient. It works, and it
# is slow: a larger step would be faster, until it throws the network out of the valley. How do better optimisers
# get down sooner, and what must you know about them so that they do not fall?
#
# **You will be able to**
# - write momentum, Adam and AdamW by hand, number for number as PyTorch computes them;
# - say what each of them promises, and what it does not;
# - let the learning rate rise and fall on a schedule, and keep one bad batch from ruining a run;
# - start a deep network so that signals neither die nor explode;
# - find a learning rate with one short experiment.
#
# About 120 minutes · 20 points · nothing is downloaded

# %% setup=true
import copy
import math
from functools import partial

import torch
from torch import Tensor, nn

from helper import check, data, plot, results
from helper.fixtures import choice, loss_as_number, losses_as_numbers, vector_of

torch.set_num_threads(1)  # networks this small gain little from a second thread: lesson 10

# %% [markdown]
# ## 1. A ball that remembers
#
# Lesson 3 walked down a long valley. Here is one that is narrower still, a **ravine**: 25 times steeper across
# than along. The loss of a point $(w_1, w_2)$ is $(w_1^2 + 25\,w_2^2)/2$, and its minimum lies at $(0, 0)$.
#
# Gradient descent is caught between two demands. The steep direction allows no learning rate above
# $2 / 25 = 0.08$: beyond it, each step ends higher up on the opposite wall. The flat direction would like a rate
# of about 1.
#
# (In the next cell, `partial(torch.optim.SGD, lr=0.07)` is a function that still wants the parameters and already
# knows its learning rate.)
#
# **Predict.** With a learning rate of 0.07, just under the limit: what does the path look like? And how much is
# left of the distance along the ravine after 20 steps?

# %%
stretch = torch.tensor([1.0, 25.0])


def ravine(w):
    return (stretch * w * w).sum(dim=-1) / 2


def walk(make_optimizer, steps, start=(-4.0, 1.0)):
    """Return the points that an optimiser visits in the ravine, (steps + 1, 2)."""
    w = torch.tensor(start, requires_grad=True)
    optimizer = make_optimizer([w])
    path = [w.detach().clone()]
    for _ in range(steps):
        optimizer.zero_grad()
        ravine(w).backward()
        optimizer.step()
        path.append(w.detach().clone())
    return torch.stack(path)


plain = walk(partial(torch.optim.SGD, lr=0.07), 20)
axes = plot.descent(ravine, {"gradient descent": plain}, xlim=(-4.4, 1.6), ylim=(-1.4, 1.4))
print(f"after 20 steps: w1 = {plain[-1, 0]:.2f} (it began at -4), loss {ravine(plain[-1]):.2f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# It bounces from wall to wall, and moves along the ravine by 7 % of the remaining way at each step. A quarter of
# the way is still left. Nearly all of the movement is wasted on the bouncing.
# </details>

# %% [markdown]
# A ball that rolls would do better. It does not stop after every step to ask for the direction. It keeps most of
# its **velocity**, and the slope only *changes* it. With $g$ for the gradient:
#
# $$v \leftarrow \mu\,v + g \qquad\qquad w \leftarrow w - \text{lr} \cdot v$$
#
# The velocity $v$ begins at zero and has the shape of $w$. The number $\mu$ (read "mu", usually 0.9) says how
# much of the velocity survives a step. It is called **momentum**, and so is the whole method.
#
# ![The ravine from above. From the ball, nine tenths of its last step point along the ravine; minus the learning rate times the gradient points mostly across it. Laid end to end, the two arrows give the new step, which points along the ravine and only a little across.](../img/09_optimizers_velocity.png)
#
# Each step is made of 0.9 times the last one and a fresh bit of downhill.
#
# **Predict.** What can a sum of past gradients do that one gradient cannot? Think of the direction *along* the
# ravine, where all gradients have the same sign, and of the direction *across*, where the sign changes at each
# step. The next cell feeds a velocity with gradients that are always 1, and with gradients 1, −1, 1, −1, …

# %%
mu = 0.9
same_way, to_and_fro = 0.0, 0.0
for step in range(100):
    same_way = mu * same_way + 1.0
    to_and_fro = mu * to_and_fro + (-1.0) ** step
print(f"gradients that agree:      velocity {same_way:.2f}")
print(f"gradients that alternate:  velocity {abs(to_and_fro):.2f} (its size)")
print(
    "weight of the gradients from 0, 1, 2, 10 and 50 steps ago:", [round(mu**k, 3) for k in (0, 1, 2, 10, 50)]
)

# %% [markdown]
# <details><summary>Explain</summary>
#
# Written out, the velocity is a sum: $g_t + \mu\,g_{t-1} + \mu^2 g_{t-2} + \dots$ Gradients that agree pile up to
# $1/(1-\mu) = 10$ times one gradient. Gradients that alternate cancel each other, and about half of one is left. So
# momentum makes long strides along the ravine and short ones across.
# </details>

# %%
rolling = walk(partial(torch.optim.SGD, lr=0.05, momentum=0.7), 20)
axes = plot.descent(ravine, {"momentum 0.7": rolling}, xlim=(-4.4, 1.6), ylim=(-1.4, 1.4))
print(
    f"loss after 20 steps: momentum {ravine(rolling[-1]):.3f}, plain gradient descent {ravine(plain[-1]):.3f}"
)

# %% [markdown]
# The ball rolls past the minimum and comes back: that is the price. Even so it is far lower after as many steps.
#
# ### Sum or average?
#
# There is a second formula that bears the same name: $v \leftarrow \mu\,v + (1-\mu)\,g$. This one is a running
# *average* of the gradients.
#
# **Predict.** A weight begins at 1. Its gradient is always 1, the learning rate is 0.1, $\mu = 0.9$. Where is
# the weight after each of five steps, by the sum and by the average? Which of the two is PyTorch's?

# %%
w = torch.ones(1, requires_grad=True)
sgd = torch.optim.SGD([w], lr=0.1, momentum=0.9)
by_torch, by_sum, by_average = [], [], []
a = b = 1.0
sum_v = average_v = 0.0
for _ in range(5):
    w.grad = torch.ones(1)
    sgd.step()
    sum_v = 0.9 * sum_v + 1.0
    average_v = 0.9 * average_v + 0.1 * 1.0
    a, b = a - 0.1 * sum_v, b - 0.1 * average_v
    by_torch.append(round(w.item(), 3))
    by_sum.append(round(a, 3))
    by_average.append(round(b, 3))
print("PyTorch:", by_torch)
print("sum:    ", by_sum)
print("average:", by_average)

# %% [markdown]
# <details><summary>Explain</summary>
#
# PyTorch sums. Each step is longer than the one before, until the stride is ten times that of plain gradient
# descent. This has a consequence that surprises many people: whoever switches on `momentum=0.9` has, in the
# long run, multiplied the learning rate by $1/(1-\mu) = 10$. So divide it by 10 at the same time.
# </details>

# %% [markdown]
# ### Where does the learning rate stand?
#
# Two programs. One keeps the learning rate out of the velocity, as above. The other puts it in:
# $v \leftarrow \mu\,v + \text{lr}\cdot g$ and $w \leftarrow w - v$.
#
# **Predict.** Do they walk the same way? Then the learning rate is divided by 10 after five steps. And now?

# %%
outside_w = inside_w = 1.0
outside_v = inside_v = 0.0
for step in range(10):
    lr = 0.1 if step < 5 else 0.01
    outside_v = 0.9 * outside_v + 1.0
    inside_v = 0.9 * inside_v + lr * 1.0
    outside_w, inside_w = outside_w - lr * outside_v, inside_w - inside_v
    if step in (0, 4, 5, 9):
        print(f"after step {step + 1:2} (lr {lr:<4}): outside {outside_w:+.3f}   inside {inside_w:+.3f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# As long as the learning rate is constant, they agree in every step. When it changes, they part. Outside, the
# new rate applies at once, to the whole velocity. Inside, the old steps go on rolling at their old size.
# PyTorch's learning rate stands outside, and so does ours.
# </details>

# %% [markdown]
# ## Exercise: `momentum_step` (3 points)
#
# Take one step with momentum for a list of parameters of different shapes. Everything happens *in place*: the
# parameter tensors change, and the list of velocities is brought up to date. Nothing is returned.
#
# As in PyTorch, a parameter whose gradient is `None` is left alone in this step: it stays where it is, and its
# velocity stays what it is. The gradients themselves do not change. `torch.optim` is off limits here.
#
# <details><summary>Hint 1: the idea</summary>
# The two formulas of this section, once for each parameter, each with its own velocity.
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
# Parameters require gradients, so a change in place must not be recorded: lesson 6 has the block for that. Go
# through the positions of the list. Skip those without a gradient, but go on with the rest.
# </details>


# %% exercise="momentum_step" without=["optim"]
def momentum_step(
    params: list[Tensor], grads: list[Tensor | None], velocities: list[Tensor], lr: float, mu: float
) -> None:
    """Move each parameter by one step of gradient descent with momentum, in PyTorch's form.

    params: tensors of any shapes that require gradients; they change in place;
    grads: one gradient for each, or None for a parameter that is to be left alone; they stay as they are;
    velocities: one tensor for each parameter, zeros before the first step; the list holds the new ones afterwards;
    lr: the learning rate, which may be another at the next call; mu: how much of the velocity survives.
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        for place, (param, grad) in enumerate(zip(params, grads)):
            if grad is None:
                continue
            velocities[place] = mu * velocities[place] + grad
            param -= lr * velocities[place]
    ### END SOLUTION


# %% check="momentum_step" points=3
@check("momentum_step")
def _(given, expect):
    shapes = ((3, 4), (5,), (2, 1, 3))
    mu, lr = given.number(0.6, 0.9), given.number(0.05, 0.2)

    def start():
        params = [given.normal(*shape).requires_grad_() for shape in shapes]
        return params, [torch.zeros(shape) for shape in shapes]

    def go(params, velocities, steps, lr, missing=None):
        for _ in range(steps):
            grads = [None if place == missing else given.normal(*shape) for place, shape in enumerate(shapes)]
            momentum_step(list(params), grads, velocities, lr=lr, mu=mu)
        return grads

    params, velocities = start()
    go(params, velocities, 1, lr)
    expect("the first step", dict(zip("abc", params)), points=0.5)
    grads = go(params, velocities, 9, lr)
    expect("ten steps", {"params": params, "velocities": velocities})
    expect("gradients that stay as they are", dict(zip("abc", grads)), points=0.25, detail=True)
    params, velocities = start()
    go(params, velocities, 5, lr)
    go(params, velocities, 5, lr / 10)
    expect("a learning rate that changes on the way", dict(zip("abc", params)))
    params, velocities = start()
    go(params, velocities, 2, lr)
    go(params, velocities, 2, lr, missing=0)
    go(params, velocities, 1, lr)
    expect("a parameter without a gradient", dict(zip("abc", params)), points=0.5)


# %% [markdown]
# Now on the digits. The network is the one of lesson 7; `train` is its loop, with the optimiser to choose. It
# returns the network and the loss of every batch.


# %%
images, labels = data.digits("train")
inputs = images.flatten(1)
held_images, held_labels = data.digits("validation")
held_inputs = held_images.flatten(1)
criterion = nn.CrossEntropyLoss()


def make_network(seed=9):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(784, 128),
        nn.ReLU(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def train(make_optimizer, epochs=2, seed=9, make_scheduler=None, max_norm=None, scale=1.0):
    """Train a fresh network; a scheduler, if there is one, steps after every batch."""
    network = make_network(seed)
    optimizer = make_optimizer(network.parameters())
    scheduler = make_scheduler(optimizer) if make_scheduler else None
    order = torch.Generator().manual_seed(100 + seed)
    losses = []
    for _ in range(epochs):
        for x, y in data.batches(inputs, labels, 64, generator=order):
            optimizer.zero_grad()
            loss = scale * criterion(network(x), y)
            loss.backward()
            if max_norm:
                nn.utils.clip_grad_norm_(network.parameters(), max_norm)
            optimizer.step()
            if scheduler:
                scheduler.step()
            losses.append(loss.item() / scale)
    return network, losses


def loss_over_all(network):
    with torch.no_grad():
        return criterion(network(inputs), labels).item()


def accuracy_on_new(network):
    with torch.no_grad():
        return (network(held_inputs).argmax(dim=1) == held_labels).float().mean().item()


# %% [markdown]
# **Predict.** Plain gradient descent with a learning rate of 0.1 works well here. Which does momentum 0.9 need:
# the same 0.1, or a tenth of it?

# %%
for lr, momentum in ((0.1, 0.0), (0.1, 0.9), (0.01, 0.9)):
    network, _ = train(partial(torch.optim.SGD, lr=lr, momentum=momentum), epochs=5)
    print(f"lr {lr:<4}  momentum {momentum}:  loss over all images {loss_over_all(network):.2f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# With momentum 0.9 the rate 0.1 makes steps up to ten times as long, and the loss ends higher. A tenth of the rate
# brings back what plain gradient descent gave: $0.01 / (1 - 0.9) = 0.1$. Call $\text{lr}/(1-\mu)$ the *effective* rate.
# </details>
#
# Nothing is gained so far. The gain is that momentum bears effective rates which plain steps cannot take.
#
# **Predict.** Now the effective rate is 0.3, once without momentum and once with it.

# %%
for lr, momentum in ((0.3, 0.0), (0.03, 0.9)):
    network, _ = train(partial(torch.optim.SGD, lr=lr, momentum=momentum), epochs=5)
    effective = lr / (1 - momentum)
    print(
        f"effective rate {effective:.1f}, momentum {momentum}:  loss over all images {loss_over_all(network):.2f}"
    )

# %% [markdown]
# <details><summary>Explain</summary>
#
# The same effective rate: plain steps fail, momentum is the best so far.
# </details>
#
# *You can now write momentum as PyTorch computes it, and you know what switching it on does to the learning rate.*
#
# ## 2. Every weight its own stride
#
# Momentum still has one learning rate for all directions, and the steep ones set its limit. What if each weight
# were measured by its own yardstick?
#
# At the start of the ravine the gradient is $(-4, 25)$. Divide each number by its own size, and $(-1, 1)$ is left:
# now the steep direction counts no more than the flat one. To do this for gradients that change, keep a running
# average of the *squared* gradients, $s$, and divide by its root. This is **RMSprop**:
#
# $$s \leftarrow \beta\,s + (1-\beta)\,g^2 \qquad\qquad w \leftarrow w - \text{lr}\cdot\frac{g}{\sqrt{s}+\varepsilon}$$
#
# The tiny $\varepsilon$ (epsilon) is there for weights whose gradients have all been zero: it keeps the fraction
# from becoming $0/0$.
#
# **Adam** does both at once. It has a running average $m$ of the gradients (momentum, the *averaging* form) and
# a running average $s$ of their squares, which most texts call $v$:
#
# $$m \leftarrow \beta_1 m + (1-\beta_1)\,g \qquad s \leftarrow \beta_2 s + (1-\beta_2)\,g^2$$
#
# usually with $\beta_1 = 0.9$ and $\beta_2 = 0.999$. Both begin at zero, and that is a problem.
#
# **Predict.** After the *first* step $m = 0.1\,g$ and $s = 0.001\,g^2$. How large is $m/\sqrt{s}$, if it should be
# $\pm 1$? Would the first steps be too long or too short? And does their length depend on the gradient?

# %%
for gradient in (1000.0, 1.0, 0.001):
    m, s = 0.1 * gradient, 0.001 * gradient**2
    w = torch.ones(1, dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([w], lr=0.1)
    w.grad = torch.full_like(w, gradient)
    adam.step()
    print(
        f"gradient {gradient:<6}:  first step {0.1 * m / math.sqrt(s):.3f} as it stands, {1 - w.item():.3f} in PyTorch"
    )

# %% [markdown]
# <details><summary>Explain</summary>
#
# $0.1 / \sqrt{0.001} = 3.16$, so the step would be 3.16 times the learning rate of 0.1: too long. Both averages begin
# too small, but dividing by the root of one of them more than makes up for the other. PyTorch's first step is the
# learning rate, 0.1, to all the digits shown. And the size of the gradient plays no part: it cancels.
# </details>

# %% [markdown]
# The remedy is **bias correction**. Averages that began at zero are too small by a known factor. After step number
# $t$ the factors are $1-\beta_1^t$ and $1-\beta_2^t$. So divide by them:
#
# $$\hat m = \frac{m}{1-\beta_1^t} \qquad \hat s = \frac{s}{1-\beta_2^t} \qquad
# w \leftarrow w - \text{lr}\cdot\frac{\hat m}{\sqrt{\hat s}+\varepsilon}$$
#
# For $t = 1$ they are 0.1 and 0.001: exactly what was lacking. For large $t$ they are nearly 1. Here is one weight
# whose gradient is always 2. Both corrected averages are right from the first step on.

# %%
m = s = 0.0
for t in range(1, 6):
    m = 0.9 * m + 0.1 * 2.0
    s = 0.999 * s + 0.001 * 2.0**2
    m_hat, s_hat = m / (1 - 0.9**t), s / (1 - 0.999**t)
    print(f"t = {t}:  m {m:.3f}  s {s:.4f}   corrected {m_hat:.3f} and {s_hat:.3f}")

# %% [markdown]
# ## Exercise: `adam_step` (4 points)
#
# Take one step of Adam, in place. The state is a dictionary that belongs to these parameters: `state["t"]` counts
# the steps taken so far (it is 0 before the first), `state["m"]` and `state["v"]` are lists with one tensor for
# each parameter, zeros at the start ($v$ is the $s$ of the formulas). Bring all three up to date: they hold the
# averages *before* correction.
#
# Every parameter has a gradient. The epsilon stands outside the root, as in the formula. `torch.optim` is off
# limits here.
#
# <details><summary>Hint 1: the idea</summary>
# Count the step first, once for all parameters. Then the formulas from top to bottom, for each parameter.
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
# The corrected averages are new tensors, used for this step only. What is kept in the state for the next call is
# uncorrected.
# </details>


# %% exercise="adam_step" without=["optim"]
def adam_step(
    params: list[Tensor],
    grads: list[Tensor],
    state: dict,
    lr: float,
    betas: tuple[float, float],
    eps: float,
) -> None:
    """Move each parameter by one step of Adam.

    params: tensors of any shapes that require gradients; they change in place;
    grads: one gradient for each; they stay as they are;
    state: {"t": steps taken so far, "m": [...], "v": [...]}, brought up to date; a tensor for each parameter;
    betas: how much of `m` and of `v` survives; eps: added to the root of the corrected `v`.
    """
    ### BEGIN SOLUTION
    beta1, beta2 = betas
    state["t"] += 1
    with torch.no_grad():
        for param, grad, m, v in zip(params, grads, state["m"], state["v"]):
            m.mul_(beta1).add_((1 - beta1) * grad)
            v.mul_(beta2).add_((1 - beta2) * grad * grad)
            m_hat = m / (1 - beta1 ** state["t"])
            v_hat = v / (1 - beta2 ** state["t"])
            param -= lr * m_hat / (v_hat.sqrt() + eps)
    ### END SOLUTION


# %% check="adam_step" points=4
@check("adam_step")
def _(given, expect):
    shapes = ((3, 4), (5,))
    lr, betas = given.number(0.05, 0.2), (given.number(0.7, 0.9), given.number(0.95, 0.99))

    def start():
        params = [given.normal(*shape).requires_grad_() for shape in shapes]
        zeros = [[torch.zeros(shape) for shape in shapes] for _ in "mv"]
        return params, {"t": 0, "m": zeros[0], "v": zeros[1]}

    def go(params, state, steps, lr, scale=1.0):
        for _ in range(steps):
            grads = [scale * given.normal(*shape) for shape in shapes]
            adam_step(list(params), grads, state, lr=lr, betas=betas, eps=1e-8)
        return grads

    params, state = start()
    go(params, state, 1, lr)
    expect("the first step", dict(zip("ab", params)), points=0.75)
    go(params, state, 5, lr)
    grads = go(params, state, 4, lr / 10)
    expect("ten steps, with another learning rate after six", {"params": params, "state": state}, points=1.5)
    expect("gradients that stay as they are", dict(zip("ab", grads)), points=0.25, detail=True)
    large, tiny = start(), start()
    go(*large, 3, lr, scale=1000.0)
    go(*tiny, 3, lr, scale=1e-8)
    expect("gradients of every size", {"large": large[0], "tiny": tiny[0]})
    one, other = start(), start()
    for _ in range(2):
        go(*one, 1, lr)
        go(*other, 2, lr)
    expect("two networks in turns, each with its own state", {"one": one, "other": other}, points=0.75)


# %% [markdown]
# **Predict.** Somebody multiplies the loss by 1,000: all gradients become 1,000 times as large. What happens to
# training with SGD, and what with Adam?

# %%
makers = {
    "SGD, lr 0.1": partial(torch.optim.SGD, lr=0.1),
    "Adam, lr 0.001": partial(torch.optim.Adam, lr=0.001),
}
for name, make in makers.items():
    normal, _ = train(make)
    scaled, _ = train(make, scale=1000.0)
    print(f"{name:15} loss {loss_over_all(normal):.2f},  trained on 1000 x loss: {loss_over_all(scaled):.2f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# SGD's steps become 1,000 times as long, and the network is thrown out of every valley. Adam divides by the size
# of the gradients: it does not notice. (Not quite: $\varepsilon$ does not grow with them. It is too small to
# matter here.)
# </details>

# %% [markdown]
# ### A race down the ravine
#
# Four optimisers start at the same point: plain gradient descent, momentum, RMSprop and Adam. Move their learning
# rates and the momentum ($\mu$, and Adam's $\beta_1$), and press *Race* to see them run. An optimiser whose loss
# exceeds 1,000 has *fallen*: a cross marks the step at which that happened.
#
# **Predict**, then try:
#
# - Push the rate of gradient descent over 0.08. How much further can momentum go before it falls?
# - Give RMSprop and Adam the largest rate, 1. Who falls?
# - Put the rates back and turn the ravine by 45°. For which optimisers does that change anything?

# %%
from helper.interactive.race import race

race()

# %% [markdown]
# <details><summary>Explain</summary>
#
# - With $\mu = 0.9$, momentum survives nearly twice the rate at which plain steps fall: up to 0.15.
# - RMSprop falls in its first step. It has no bias correction: with PyTorch's $\beta = 0.99$ that step is ten times as
#   long as the rate. Adam's first step is exactly as long as the rate, and it stays in the race.
# - Gradient descent and momentum do not care how the ravine lies. RMSprop and Adam do: they have a yardstick for each
#   *weight*. Turned, the ravine is steep in both weights alike, and such yardsticks cannot tell along from across.
#   RMSprop had won by far, and most of its lead is gone; Adam comes in last. The ravines of real networks lie in any
#   direction.
# </details>

# %% [markdown]
# ### What Adam does not promise
#
# Adam's strides adapt, but the learning rate still has to fit. The next cell trains with seven learning rates for
# each of three optimisers, two epochs each.
#
# **Predict.** Which optimiser has the widest range of good rates? Is there one rate that suits all three?

# %%
rates = [0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3]
families = {
    "SGD": lambda lr: partial(torch.optim.SGD, lr=lr),
    "momentum 0.9": lambda lr: partial(torch.optim.SGD, lr=lr, momentum=0.9),
    "Adam": lambda lr: partial(torch.optim.Adam, lr=lr),
}
reached = {name: [loss_over_all(train(make(lr))[0]) for lr in rates] for name, make in families.items()}
axes = plot.lines(
    rates,
    reached,
    logx=True,
    levels={"guessing, ln 10": math.log(10)},
    xlabel="learning rate",
    ylabel="loss after two epochs",
)
legend = axes.legend(loc="lower left")
for name, losses in reached.items():
    best = min(range(len(rates)), key=lambda place: losses[place])
    print(f"{name:13} best learning rate {rates[best]:<6} loss {losses[best]:.2f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# Adam has the widest valley here: every rate from 0.001 to 0.01 does well. But with 0.1, the best rate of SGD, it
# learns nothing. No rate suits all three. Whoever changes the optimiser must look for the learning rate anew.
# </details>

# %% [markdown]
# Nor does Adam always arrive. There are problems, even simple ones, on which it walks to the *worst* point. Here
# is one, from a paper by Reddi, Kale and Kumar (2018). A weight may lie between −1 and 1. Its gradients
# come in threes: 3, −1, −1, and again. On average the gradient is $+1/3$, so the best place is −1.
#
# **Predict.** Where does plain gradient descent take the weight? And where does Adam take it, without momentum
# ($\beta_1 = 0$), if its memory of the squares is short ($\beta_2 = 0.1$) or long?

# %%
for name, beta2 in (("gradient descent", None), ("Adam, beta2 0.1", 0.1), ("Adam, beta2 0.999", 0.999)):
    w = s = 0.0
    for t in range(1, 3001):
        gradient = 3.0 if t % 3 == 1 else -1.0
        step = gradient
        if beta2 is not None:
            s = beta2 * s + (1 - beta2) * gradient**2
            step = gradient / math.sqrt(s / (1 - beta2**t))
        w = min(1.0, max(-1.0, w - 0.1 / math.sqrt(t) * step))
    print(f"{name:17} ends at {w:+.2f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# The rare large gradient is divided by its own large size. The two small ones that follow are divided by a
# smaller size, because the memory is short. So the two wrong steps outweigh the right one. With a long memory all three
# are divided by nearly the same number, and Adam arrives. "Adaptive" alone does not mean "safe".
# </details>

# %% [markdown]
# *You can now write Adam, say why its first step has the length of the learning rate, and say what it leaves to you.*
#
# ## 3. Weights that shrink
#
# Large weights make a network react strongly to small changes of its input. **Weight decay** keeps them small: at
# each step every weight loses a small share of itself, beside what the gradient does.
#
# $$w \leftarrow (1 - \text{lr}\cdot\lambda)\,w - \text{lr}\cdot g$$
#
# The number $\lambda$ ("lambda") is `weight_decay`. There is an older idea with the same aim, the **L2 penalty**:
# add $\frac{\lambda}{2}\sum w^2$ to the loss. Its gradient is $\lambda w$, so for plain SGD both are one and the
# same step. For Adam they are not.
#
# **Predict.** A weight of 2.0 gets no gradient at all from the data: exactly zero. The learning rate is 0.1.
# Where is the weight after one step of Adam with `weight_decay=0.01`? And with 1.0, a hundred times as much? Do the
# same for AdamW.

# %%
for name, kind in (("SGD", torch.optim.SGD), ("Adam", torch.optim.Adam), ("AdamW", torch.optim.AdamW)):
    places = []
    for weight_decay in (0.0001, 0.01, 1.0):
        w = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
        optimizer = kind([w], lr=0.1, weight_decay=weight_decay)
        w.grad = torch.zeros_like(w)
        optimizer.step()
        places.append(f"{w.item():.5f}")
    print(f"{name:5}  weight decay 0.0001, 0.01, 1.0:  {'  '.join(places)}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# PyTorch's `Adam` adds $\lambda w$ to the *gradient*. Then it does with this gradient what it does with every
# gradient: it divides it by its own size. So the first step is exactly 0.1, whether $\lambda$ is small or large.
# The number that you set has no effect here.
#
# `AdamW` (W for weight decay) keeps the two apart: the weight shrinks by the factor $1 - \text{lr}\cdot\lambda$,
# and Adam's averages never hear of it. This is called *decoupled* decay. Note that the learning rate is a part of the
# factor: in PyTorch, halving the rate halves the decay, too.
# </details>

# %% [markdown]
# ## Exercise: `adamw_step` (2 points)
#
# Take one step of AdamW, in place. PyTorch shrinks the weights first, all of them, by the factor of this section.
# Then comes an ordinary step of Adam, with the gradients as they are. You may call your `adam_step`.
# `torch.optim` is off limits here.
#
# <details><summary>Hint</summary>
# If your <code>adam_step</code> works, this is one loop and one call. The shrinking is a change in place, too.
# </details>


# %% exercise="adamw_step" without=["optim"]
def adamw_step(
    params: list[Tensor],
    grads: list[Tensor],
    state: dict,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
) -> None:
    """Shrink each parameter, then move it by one step of Adam.

    params, grads, state, betas, eps: as for `adam_step`; the parameters and the state change, the gradients do not;
    lr: the learning rate, of the step and of the decay; weight_decay: what the text calls lambda.
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        for param in params:
            param *= 1 - lr * weight_decay
    adam_step(params, grads, state, lr, betas, eps)
    ### END SOLUTION


# %% check="adamw_step" points=2
@check("adamw_step")
def _(given, expect):
    shapes = ((3, 4), (5,))

    def start():
        params = [given.normal(*shape).requires_grad_() for shape in shapes]
        zeros = [[torch.zeros(shape) for shape in shapes] for _ in "mv"]
        return params, {"t": 0, "m": zeros[0], "v": zeros[1]}

    lr, decay, betas = given.number(0.05, 0.1), given.number(0.5, 1.5), (0.8, 0.95)
    still = {}
    for name, times in (("little", 0.01), ("much", 1.0)):
        params, state = start()
        grads = [torch.zeros(shape) for shape in shapes]
        adamw_step(list(params), grads, state, lr=lr, betas=betas, eps=1e-8, weight_decay=times * decay)
        still[name] = params
    expect("weights that get no gradient", still)
    params, state = start()
    for step in range(10):
        grads = [given.normal(*shape) for shape in shapes]
        rate = lr if step < 6 else lr / 10
        adamw_step(list(params), grads, state, lr=rate, betas=betas, eps=1e-8, weight_decay=decay)
    expect("ten steps, with another learning rate after six", {"params": params, "state": state})
    expect("gradients that stay as they are", dict(zip("ab", grads)), points=0.2, detail=True)


# %% [markdown]
# What decay does to a network: the next cell trains for three epochs and measures the size of the first layer's
# weights. (The **norm** of a tensor is the root of the sum of the squares of all its numbers.)
#
# **Predict.** Which row changes more from left to right, Adam's or AdamW's?

# %%
for name, kind in (("Adam", torch.optim.Adam), ("AdamW", torch.optim.AdamW)):
    norms = []
    for weight_decay in (0.0, 0.01, 1.0):
        network, _ = train(partial(kind, lr=0.003, weight_decay=weight_decay), epochs=3)
        norms.append(f"{network[0].weight.norm().item():.1f}")
    print(f"{name:5}  weight decay 0, 0.01, 1:  norms {', '.join(norms)}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# With `Adam`, a weight decay of 1 drowns the gradients of the data: every weight is driven towards zero at full
# stride. With `AdamW`, the same number is a gentle pull. So numbers for `weight_decay` do not carry over from one
# to the other, as little as learning rates do.
# </details>

# %% [markdown]
# *You can now tell decay from a penalty with one number, 1.9 or 1.998, and write an optimiser in which the decay is
# what it says.*
#
# ## 4. Large steps first, small steps last
#
# At the start a network is far from any good place, and large steps save time. Near the end the same steps jump
# over what they are looking for: each batch pulls another way. So let the learning rate fall. A rule that gives
# the rate of every step is a **schedule**. A favourite follows half a wave of the cosine, from the peak to
# (nearly) zero.
#
# **Predict.** PyTorch's `CosineAnnealingLR` with `T_max=5` begins at 1. What is the rate after 5 calls of `step`?
# And after 10, if the loop simply goes on?


# %%
def recorded_rates(make_scheduler, steps, lr=1.0):
    """Return the learning rate before the first step and after each call of the scheduler."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler = make_scheduler(optimizer)
    rates = [optimizer.param_groups[0]["lr"]]
    for _ in range(steps):
        optimizer.step()
        scheduler.step()
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


cosine = recorded_rates(lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5), 10)
print([round(rate, 3) for rate in cosine])

# %% [markdown]
# <details><summary>Explain</summary>
#
# It reaches 0 after five calls. Then it climbs again, all the way to the peak: a wave has no end. `T_max` must be
# the number of *calls* of `scheduler.step()` in the whole run.
# </details>

# %% [markdown]
# Is `T_max` a number of epochs, then, or of batches? The scheduler does not know. It counts calls.
#
# **Predict.** Three epochs of four batches. The rate is to be halved after each *epoch*. One program calls
# `scheduler.step()` at the end of each epoch, the other after each batch. Which rates do their twelve batches get?

# %%
for place in ("epoch", "batch"):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.8)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
    used = []
    for _ in range(3):
        for _ in range(4):
            used.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if place == "batch":
                scheduler.step()
        if place == "epoch":
            scheduler.step()
    print(f"after each {place}:", [round(rate, 4) for rate in used])

# %% [markdown]
# <details><summary>Explain</summary>
#
# Called after each batch, the same scheduler halves the rate twelve times: at the end 0.0004 is left of 0.8, and
# the network learns nothing any more. No error is raised.
# </details>

# %% [markdown]
# The order matters, too: first `optimizer.step()`, then `scheduler.step()`. The other way round, the first rate is
# never used. PyTorch notices this, and warns.

# %%
import warnings

optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.8)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    scheduler.step()
    optimizer.step()
print("rate of the first step:", optimizer.param_groups[0]["lr"])
print("warned:", [str(warning.message).split(". ")[0] for warning in caught])

# %% [markdown]
# ### A gentle start
#
# The very first steps are delicate. The network is far from any valley, and the optimiser's averages hold one or
# two gradients. A **warm-up** begins with a small rate and raises it to the peak in a few equal strides.
#
# ![The learning rate of each of 20 steps as dots. Steps 0 to 4 climb in equal strides from a fifth of the peak to the peak, which is reached at step 4, the number of warm-up steps. From there the rate follows half a cosine wave down to the final rate, reached at step 19, the last one. A further dot at step 24 shows that the rate stays there.](../img/09_optimizers_schedule.png)
#
# ## Exercise: `lr_at` (2 points)
#
# Return the learning rate of step number `step`. Steps are counted from 0; the run has `total` of them, so the last
# is `total - 1`. In the figure, `total` is 20 and `warmup` is 4.
#
# - Steps 0 to `warmup` climb in equal strides. Step `warmup` has the peak; step 0 has one stride, so it is not
#   zero: $\text{peak}\cdot\frac{\text{step} + 1}{\text{warmup} + 1}$.
# - From there half a cosine wave leads down to `final`, which is reached exactly at the last step, `total - 1`.
# - After the last step the rate stays at `final`.
#
# With `warmup=0` step 0 has the peak.
#
# <details><summary>Hint 1: the idea</summary>
# First ask in which part the step lies. In the second part, find out which share of the way down has been
# covered: 0 at step <code>warmup</code>, 1 at step <code>total - 1</code>.
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
#
# $(1 + \cos(\pi p))/2$ falls from 1 to 0 while the share $p$ grows from 0 to 1. Stretch it to reach from
# <code>peak</code> to <code>final</code>. What should happen when the share exceeds 1?
# </details>


# %% exercise="lr_at"
def lr_at(step: int, total: int, warmup: int, peak: float, final: float) -> float:
    """Return the learning rate of one step: a warm-up in equal strides, then half a cosine wave.

    step: from 0, and possibly beyond the end; total: the number of steps, at least warmup + 2;
    warmup: the first step that has the peak, 0 for no warm-up; peak, final: rates, the final one may be above 0.
    Returns a plain float.
    """
    ### BEGIN SOLUTION
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    share = min(1.0, (step - warmup) / (total - 1 - warmup))
    return final + (peak - final) * (1 + math.cos(math.pi * share)) / 2
    ### END SOLUTION


# %% check="lr_at" points=2
@check("lr_at")
def _(given, expect):
    total, warmup = given.integer(20, 40), given.integer(3, 9)
    peak, final = given.number(0.5, 2.0), given.number(0.05, 0.2)

    def rates(steps, warmup):
        asked = [lr_at(step=step, total=total, warmup=warmup, peak=peak, final=final) for step in steps]
        return losses_as_numbers(asked)

    expect("the warm-up", rates(range(warmup + 1), warmup), points=0.6)
    expect("the way down, to the last step", rates(range(warmup, total), warmup), points=0.8)
    beyond = [0, 1, total - 1, total, total + given.integer(3, 9)]
    expect("no warm-up, and the rate after the end", rates(beyond, 0), points=0.6)


# %% [markdown]
# Does it pay? `OneCycleLR` is PyTorch's ready-made warm-up followed by a cosine. The next cell trains the same
# network with AdamW three times without and three times with this schedule, and measures the accuracy on the
# 1,000 validation images.
#
# **Predict.** What will differ more between the two: the best of three networks, or the worst?

# %%
EPOCHS, PEAK = 5, 0.005
UPDATES = EPOCHS * math.ceil(len(inputs) / 64)


def adamw(params):
    return torch.optim.AdamW(params, lr=PEAK, weight_decay=0.1)


def one_cycle(optimizer):
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=PEAK, total_steps=UPDATES)


for name, schedule in (("constant rate", None), ("one cycle", one_cycle)):
    networks = [train(adamw, EPOCHS, seed, schedule)[0] for seed in (1, 2, 3)]
    print(f"{name}, three seeds:")
    print("    loss over all images  ", "  ".join(f"{loss_over_all(network):.2f}" for network in networks))
    print("    accuracy on new digits", "  ".join(f"{accuracy_on_new(network):.3f}" for network in networks))

# %% [markdown]
# <details><summary>Explain</summary>
#
# The worst. With a constant rate it is a matter of luck how good the network is when training happens to stop: one of the
# three is far behind. With the schedule all three end low, and alike. (Lesson 8 tells when two accuracies are
# *distinguishable*. And `OneCycleLR` moves Adam's $\beta_1$, too, between 0.95 and 0.85, unless it is told
# `cycle_momentum=False`: what the rate alone gained, this does not show.)
# </details>
#
# And the warm-up alone? The next cell trains with a peak of 0.03, six times as high. Both runs end with half a
# cosine; only one of them begins with 20 gentle steps.
#
# **Predict.** What do 20 steps out of 141 change?


# %%
def cosine_after(warmup, total):
    """Return a maker of PyTorch schedulers: a linear warm-up, if there is one, then half a cosine wave."""

    def make(optimizer):
        down = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=total - warmup)
        if warmup == 0:
            return down
        up = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=1 / warmup, total_iters=warmup)
        return torch.optim.lr_scheduler.SequentialLR(optimizer, [up, down], milestones=[warmup])

    return make


def fast_adamw(params):
    return torch.optim.AdamW(params, lr=0.03, weight_decay=0.1)


for warmup in (0, 20):
    finals = [loss_over_all(train(fast_adamw, 3, seed, cosine_after(warmup, 141))[0]) for seed in (1, 2, 3)]
    print(
        f"warm-up of {warmup:2} steps: loss over all images, three seeds: {'  '.join(f'{loss:.2f}' for loss in finals)}"
    )

# %% [markdown]
# <details><summary>Explain</summary>
#
# Without the warm-up the first steps throw the network to a place from which it takes long to come back. With it, the
# same high peak trains well.
# </details>
#
# *You can now write a schedule that is right at both ends, and you know that a scheduler counts its calls.*
#
# ## 5. One bad batch
#
# Think of *the* gradient as one long list of numbers: those of all parameters together. Its length is the **global
# norm**, the root of the sum of all their squares.
#
# **Predict.** In a run that goes well: how much longer is the longest gradient than a typical one?

# %%
network = make_network()
optimizer = torch.optim.SGD(network.parameters(), lr=0.03, momentum=0.9)
shuffled = data.batches(inputs, labels, 64, generator=torch.Generator().manual_seed(9))
norms = []
for _ in range(3):
    for x, y in shuffled:
        optimizer.zero_grad()
        criterion(network(x), y).backward()
        gradient = torch.cat([param.grad.flatten() for param in network.parameters()])
        norms.append(gradient.norm().item())
        optimizer.step()
norms.sort()
print(
    f"of {len(norms)} gradients: shortest {norms[0]:.1f}, middle {norms[len(norms) // 2]:.1f}, longest {norms[-1]:.1f}"
)

# %% [markdown]
# <details><summary>Explain</summary>
#
# About three times as long, even here.
# </details>
#
# At a higher learning rate this gets worse: a
# long step leads to a steep place, where the next gradient is longer still. **Clipping** breaks the chain: if the
# gradient is longer than `max_norm`, it is shortened to that length.
#
# **Predict.** Two parameters have the gradients 3 and 4, and `max_norm` is 1. What are they after clipping? And what
# becomes of 0.3 and 0.4?

# %%
for numbers in ((3.0, 4.0), (0.3, 0.4)):
    params = [torch.zeros(1, requires_grad=True) for _ in numbers]
    for param, number in zip(params, numbers):
        param.grad = torch.tensor([number])
    norm = nn.utils.clip_grad_norm_(params, max_norm=1.0)
    after = [round(param.grad.item(), 3) for param in params]
    print(f"gradients {numbers}: returned {norm:.1f}, afterwards {after}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# The norm of (3, 4) is 5, so both are divided by 5. The norm of (0.3, 0.4) is 0.5, less than 1: they stay. Clipping
# never makes a gradient longer. The function returns the norm from *before*, which is worth printing during
# training.
# </details>

# %% [markdown]
# ![The gradients 3 and 4 as an arrow to the point (3, 4), outside a circle of radius 1. Clipped together, the arrow ends on the circle and keeps its direction. Clipped one by one, both become 1, and the arrow to (1, 1) points elsewhere.](../img/09_optimizers_clip.png)
#
# Why all together, and not each parameter for itself? A gradient is a *direction*. Shortening all its parts by one
# factor keeps it. Shortening each part to the same length turns it.
#
# ## Exercise: `clip_by_global_norm` (2 points)
#
# Clip a list of gradients in place, all by one factor, and return the global norm from before, as a plain float.
# Gradients whose global norm does not exceed `max_norm` stay as they are, also when all are zero. PyTorch's own
# clipping is off limits here.
#
# <details><summary>Hint</summary>
# The square of the global norm is the sum, over all tensors, of the sums of their squares. In place: the tensors in
# the list are the ones that the optimiser will read.
# </details>


# %% exercise="clip_by_global_norm" without=["clip_grad_norm_", "clip_grads_with_norm_", "get_total_norm", "clip_grad"]
def clip_by_global_norm(grads: list[Tensor], max_norm: float) -> float:
    """Shorten gradients, in place and by one common factor, to a global norm of at most `max_norm`.

    grads: tensors of any shapes; max_norm: above 0.
    Returns the global norm that they had before, a plain float.
    """
    ### BEGIN SOLUTION
    norm = math.sqrt(sum(grad.square().sum().item() for grad in grads))
    if norm > max_norm:
        for grad in grads:
            grad *= max_norm / norm
    return norm
    ### END SOLUTION


# %% check="clip_by_global_norm" points=2
@check("clip_by_global_norm")
def _(given, expect):
    def clipped(share, zeros=False):
        """Clip fresh gradients to that share of their norm; show what came back and what became of them."""
        grads = [given.normal(*shape) for shape in ((3, 4), (5,), (2, 1, 2))]
        limit = share * torch.cat([grad.flatten() for grad in grads]).norm().item()
        if zeros:
            grads = [torch.zeros_like(grad) for grad in grads]
        norm = clip_by_global_norm(list(grads), max_norm=limit)
        return {"norm": loss_as_number(norm), "grads": grads}

    expect("gradients that are too long", {"far": clipped(0.1), "a little": clipped(0.95)})
    expect("gradients that are short enough", {"short": clipped(2.0), "zeros": clipped(1.0, zeros=True)})


# %% [markdown]
# What it is good for: SGD with momentum and a learning rate that is much too high. The next cell trains three
# epochs without and with clipping.


# %%
def too_fast(params):
    return torch.optim.SGD(params, lr=0.2, momentum=0.9)


curves = {
    "as it is": train(too_fast, epochs=3)[1],
    "clipped at 0.5": train(too_fast, epochs=3, max_norm=0.5)[1],
}
axes = plot.loss_curves(
    curves, levels={"guessing": math.log(10)}, xlabel="batches seen", ylabel="loss of the batch"
)
limits = axes.set_ylim(0, 5)
for name, losses in curves.items():
    print(f"{name:15} mean loss of the last epoch {sum(losses[-47:]) / 47:.2f}")

# %% [markdown]
# Without clipping the loss shoots up and ends at guessing; the network does not come back. With clipping the same
# learning rate trains well. Clipping is a seat belt, though, and no cure. Remember the run that went well: even its
# shortest gradient was 0.6, so a `max_norm` of 0.5 shortens *every* one. Then all steps of plain SGD are equally long,
# and `max_norm` is a second learning rate. As a seat belt it should stay loose, and catch the few that are far too long.
#
# The place in the loop follows from what it does. It changes `.grad`, so it stands after `backward`, which fills
# `.grad`, and before `step`, which uses it.
#
# *You can now keep one batch from ruining a run, without changing the direction of a single step.*

# %% [markdown]
# ## 6. Where to start
#
# An optimiser can only work with the gradients that reach it. Lesson 7 showed two starts that fail: all zeros, and
# weights of size 1. What is a good size?
#
# Send 512 random inputs through 20 layers of 256 units, with `ReLU` after each. After each layer, measure the
# **spread** of the numbers: their standard deviation. Five ways to start:
#
# - *zeros*: every weight is 0;
# - *N(0, 1)*: weights from a normal distribution with standard deviation 1;
# - *Xavier*: standard deviation $\sqrt{1/\text{fan-in}}$, where the **fan-in** is the number of inputs of a layer, here
#   256 (for layers with as many outputs as inputs);
# - *Kaiming*: standard deviation $\sqrt{2/\text{fan-in}}$;
# - *PyTorch*: what `nn.Linear` does by itself. Only here the biases are not zero.
#
# **Predict.** For which of them does the spread after 20 layers stay between 0.1 and 10?


# %%
def started(kind, layer):
    """Start a layer in one of the five ways."""
    with torch.no_grad():
        if kind == "zeros":
            layer.weight.zero_()
        elif kind == "N(0, 1)":
            layer.weight.normal_()
        elif kind == "Xavier":
            nn.init.xavier_normal_(layer.weight)
        elif kind == "Kaiming":
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if kind != "PyTorch":
            layer.bias.zero_()
    return layer


def spreads(start, depth=20, units=256):
    """Return the standard deviation of the activations after each layer."""
    torch.manual_seed(9)
    x = torch.randn(512, units)
    found = []
    with torch.no_grad():
        for _ in range(depth):
            x = torch.relu(start(nn.Linear(units, units))(x))
            found.append(x.std().item())
    return found


ways = ("N(0, 1)", "Kaiming", "Xavier", "PyTorch", "zeros")
measured = {way: spreads(partial(started, way)) for way in ways}
shown = {way: found for way, found in measured.items() if way != "zeros"}  # 0 has no place on this axis
axes = plot.lines(range(1, 21), shown, logy=True, xlabel="layer", ylabel="spread of the activations")
ticks = axes.set_xticks((1, 5, 10, 15, 20))
for way, found in measured.items():
    print(f"{way:8} after layer 1: {found[0]:<8.2g} after layer 20: {found[19]:.1g}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# Only *Kaiming* keeps the size. *N(0, 1)* explodes, *Xavier* shrinks at each layer, and *zeros* lets nothing through.
#
# Why $\sqrt{2/\text{fan-in}}$? A unit adds up fan-in products of a weight and an input. Weights drawn independently,
# with mean 0, make the mean square of this sum fan-in · (mean square of the weights) · (mean square of the inputs).
# `ReLU` then throws away the negative half, which holds half of the squares. To come out even, fan-in · (mean square
# of the weights) must be 2.
# </details>

# %%
z = torch.randn(100_000, generator=torch.Generator().manual_seed(9))
print(f"mean square before ReLU {z.square().mean():.2f}, after {torch.relu(z).square().mean():.2f}")

# %% [markdown]
# And PyTorch's own start? It is often called Kaiming, because it calls a function of that name. But it calls it with an
# argument that gives another size.
#
# **Predict.** Its spread settles at 0.02, instead of shrinking further. What holds it there?


# %%
def without_biases(layer):
    nn.init.zeros_(layer.bias)
    return layer


default = nn.Linear(256, 256)
times = default.weight.std().item() * math.sqrt(256)
print(
    f"standard deviation of PyTorch's weights times the root of the fan-in: {times:.2f}   (1/sqrt(3) = 0.58)"
)
print(f"spread after layer 20, as it is:          {measured['PyTorch'][19]:.1g}")
print(f"spread after layer 20, biases set to 0:   {spreads(without_biases)[19]:.1g}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# The weights are less than half as large as Kaiming's. Through them the signal dies out. What is left is made by the
# biases, which every layer adds anew: the output of a deep stack hardly depends on its input. All our networks
# so far have started this way, and with their three layers they trained well enough.
# </details>

# %% [markdown]
# One more start looks harmless: all weights alike, at a sensible size.
#
# **Predict.** Every weight of a layer is 0.05. After 20 steps of training, how many of the 128 rows of the first
# layer's weights differ from each other?

# %%
for kind in ("random", "all 0.05"):
    network = make_network()
    if kind != "random":
        for layer in (network[0], network[2], network[4]):
            nn.init.constant_(layer.weight, 0.05)
            nn.init.zeros_(layer.bias)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    for _ in range(20):
        optimizer.zero_grad()
        criterion(network(inputs[:64]), labels[:64]).backward()
        optimizer.step()
    rows = {tuple(round(value, 6) for value in row) for row in network[0].weight.tolist()}
    print(f"{kind:8} different rows in the first layer: {len(rows)} of 128")

# %% [markdown]
# <details><summary>Explain</summary>
#
# One. Units that begin alike get the same gradient at every step, so they stay twins: the layer is as good as a single
# unit. Chance is what tells them apart.
# </details>

# %% [markdown]
# ## Exercise: `start_layer` (2 points)
#
# Start a `Linear` layer for a network with `ReLU`, in place. The weights are random with mean 0 and standard deviation
# $\sqrt{2/\text{fan-in}}$ (a normal distribution is usual, a uniform one with this standard deviation will do). The
# biases are zero. All chance comes from the generator that is handed in: PyTorch's global one is not touched.
#
# The layer keeps its parameter tensors, since an optimiser may hold them already. Nothing is returned.
#
# <details><summary>Hint 1: the idea</summary>
# A layer knows how many inputs it has. Its weight has one row for each <em>output</em>.
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
# Tensors have methods that fill them with random numbers and take a <code>generator=</code>; so have the functions of
# <code>nn.init</code>. A change in place of a parameter must not be recorded.
# </details>


# %% exercise="start_layer"
def start_layer(linear: nn.Linear, generator: torch.Generator) -> None:
    """Give a layer in front of a ReLU its first weights and biases, in place.

    linear: its weight is (outputs, inputs), its bias (outputs,);
    generator: where all random numbers come from; the next layer gets others from the same generator.
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        linear.weight.normal_(0, math.sqrt(2 / linear.in_features), generator=generator)
        linear.bias.zero_()
    ### END SOLUTION


# %% check="start_layer" points=2
@check("start_layer")
def _(given, expect):
    wide = nn.Linear(given.integer(500, 700), 90)
    narrow = nn.Linear(60, given.integer(500, 700))
    kept = [wide.weight, wide.bias, narrow.weight, narrow.bias]
    for layer in (wide, narrow):
        start_layer(layer, given.generator())
    sizes = {"many inputs": kept[0].std().item(), "many outputs": kept[2].std().item()}
    sizes["root mean square"] = kept[0].square().mean().sqrt().item()
    expect("the size of the weights", sizes, points=0.6, tolerance=0.03)
    rows = [len(torch.unique(weight.detach(), dim=0)) for weight in (kept[0], kept[2])]
    largest = max(kept[1].abs().max().item(), kept[3].abs().max().item())
    expect("rows that differ, and biases", torch.tensor([*rows, largest]), points=0.6)

    seed, first, second, again = given.integer(0, 10**6), *(nn.Linear(80, 70) for _ in range(3))
    outside = torch.get_rng_state()
    one, other = torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
    for layer, generator in ((first, one), (second, one), (again, other)):
        start_layer(layer, generator)
    chance = {
        "size": again.weight.std().item(),
        "same": torch.equal(first.weight, again.weight),
        "new": not torch.equal(first.weight, second.weight),
        "outside": torch.equal(outside, torch.get_rng_state()),
    }
    expect("chance from the generator alone", chance, points=0.4, tolerance=0.08)

    x, generator, layer_sizes = given.normal(256, 128), given.generator(), []
    for _ in range(20):
        layer = nn.Linear(128, 128)
        start_layer(layer, generator)
        x = torch.relu(layer(x)).detach()
        layer_sizes.append(layer.weight.std().item())
    in_band, units = 0.05 < x.square().mean().sqrt().item() < 20, len(torch.unique(x, dim=1)[0])
    alive = {"sizes": sum(layer_sizes), "in the band": in_band, "units that differ": units > 10}
    expect("a signal that survives twenty layers", alive, points=0.4, tolerance=0.03)


# %% [markdown]
# Does it matter for training? A network of 20 hidden layers is to learn 32 digits by heart in 100 steps, the test
# of lesson 7.


# %%
def deep_network(way):
    torch.manual_seed(9)
    layers = [started(way, nn.Linear(784, 64)), nn.ReLU()]
    for _ in range(19):
        layers += [started(way, nn.Linear(64, 64)), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(64, 10))


by_heart = {}
for way in ("PyTorch", "Xavier", "Kaiming"):
    deep = deep_network(way)
    optimizer = torch.optim.Adam(deep.parameters(), lr=0.001)
    losses = []
    for _ in range(100):
        optimizer.zero_grad()
        loss = criterion(deep(inputs[:32]), labels[:32])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    by_heart[way] = losses
axes = plot.loss_curves(by_heart, levels={"guessing": math.log(10)}, ylabel="loss on 32 digits")
print("loss after 100 steps:", {way: round(losses[-1], 2) for way, losses in by_heart.items()})

# %% [markdown]
# In 100 steps only the start that keeps the size learns all 32 images. It has its accidents, too, and comes back from
# them.
#
# *You can now start a network of any depth so that its last layer hears its first.*
#
# ## 7. Which learning rate?
#
# All optimisers leave you with one number to choose. Trying seven rates in full, as in section 2, is honest and slow.
# A **range test** is quicker: one run, in which the rate grows from tiny to huge by a constant factor at each step,
# until the loss blows up. For each step, note the rate and the loss.
#
# ![A range test of our network with plain SGD: the loss of each batch against the learning rate, from 0.001 on, on a logarithmic axis. It stays at 2.3, guessing, up to a rate of 0.03, falls to 2 between 0.1 and 0.5, jumps to 4 and back, and shoots out of the picture at a rate of 2. A dashed line marks a tenth of that.](../img/09_optimizers_range.png)
#
# In the figure the loss begins to fall at about 0.03 and blows up at about 2. A rule of thumb: take about a tenth of
# the rate at the cliff. Here it gives 0.2, somewhat above the best rate of section 2, which was 0.1. It is a first
# guess, not a measurement.
#
# Why a constant *factor*, and not a constant difference? Good rates may lie anywhere between 0.0001 and 1, and one
# wants to know the order of magnitude. Steps of equal factors spend as much time between 0.001 and 0.01 as between
# 0.1 and 1.

# %%
low, high, steps = 0.001, 10.0, 5
print("equal factors:    ", [round(low * (high / low) ** (step / (steps - 1)), 4) for step in range(steps)])
print("equal differences:", [round(low + (high - low) * step / (steps - 1), 4) for step in range(steps)])

# %% [markdown]
# A trap: the range test *trains*, and at its end it ruins what it trains. It must not touch the network that you want
# to keep.
#
# **Predict.** Somebody notes `model.state_dict()` before a test that ruins the weights, and loads it again afterwards.
# Are the weights as before?

# %%
layer = nn.Linear(3, 2)
first_number = layer.weight[0, 0].item()
noted = layer.state_dict()
copied = copy.deepcopy(layer.state_dict())
with torch.no_grad():
    layer.weight += 100  # a ruinous test
layer.load_state_dict(noted)
print(f"restored from what was noted: off by {layer.weight[0, 0].item() - first_number:.0f}")
layer.load_state_dict(copied)
print(f"restored from a copy:         off by {layer.weight[0, 0].item() - first_number:.0f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# `state_dict()` holds the tensors themselves, not copies: what changes the model in place changes them as well.
# </details>

# %% [markdown]
# ## Exercise: `lr_range_test` (2 points)
#
# Run a range test with plain SGD, and leave the model as you found it.
#
# - Step $i$ of `steps` has the rate $\text{low}\cdot(\text{high}/\text{low})^{i/(\text{steps}-1)}$, so the first has
#   `low` and the last `high`.
# - Each step takes the next batch; after the last one it begins again with the first. It computes the loss in training
#   mode, notes rate and loss, and then makes the SGD step with this rate.
# - If a loss is not finite, or greater than four times the smallest loss so far, it is still noted; then the test
#   ends at once.
# - Afterwards the model has its old parameters, buffers (what batch normalisation remembers, for instance), mode and
#   gradients.
#
# <details><summary>Hint 1: the idea</summary>
# The safest way to leave a model as it was is to work on something else.
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
# The rate of an optimiser is <code>optimizer.param_groups[0]["lr"]</code>, and it can be set before each step. Batch
# number <code>i % len(batches)</code> begins again by itself. <code>math.isfinite</code> knows what is finite.
# </details>


# %% exercise="lr_range_test"
def lr_range_test(
    model: nn.Module,
    batches: list[tuple[Tensor, Tensor]],
    criterion: nn.Module,
    low: float,
    high: float,
    steps: int,
) -> tuple[list[float], list[float]]:
    """Train with a growing learning rate until the loss blows up; the model is as before afterwards.

    model: as handed in, in either mode; batches: pairs of inputs and targets; criterion(outputs, targets): a scalar;
    low, high: the first and the last learning rate; steps: at most so many, at least 2.
    Returns the rates and the losses, plain floats, one for each step until the test ended; a loss is the one
    before its step.
    """
    ### BEGIN SOLUTION
    twin = copy.deepcopy(model).train()
    optimizer = torch.optim.SGD(twin.parameters(), lr=low)
    rates, losses = [], []
    for step in range(steps):
        inputs, targets = batches[step % len(batches)]
        rate = low * (high / low) ** (step / (steps - 1))
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss = criterion(twin(inputs), targets)
        rates.append(rate)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
        loss.backward()
        optimizer.step()
    return rates, losses
    ### END SOLUTION


# %% check="lr_range_test" points=2
@check("lr_range_test")
def _(given, expect):
    def shown(result):
        """Turn rates and losses into tensors, whatever numbers they are kept in."""
        pair = isinstance(result, tuple | list) and len(result) == 2
        return [losses_as_numbers(part) for part in result] if pair else result

    def pairs(*sizes):
        return [
            (given.normal(n, 4, dtype=torch.float64), given.normal(n, 2, dtype=torch.float64)) for n in sizes
        ]

    toy = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 2)).double()
    given.fill(toy)
    mse, calm = nn.MSELoss(), pairs(5, 5, 3)
    first = shown(lr_range_test(toy.eval(), calm, mse, low=0.01, high=0.3, steps=8))
    expect("rates and losses of a calm test", first, points=0.5)

    line = given.fill(nn.Linear(4, 2).double())
    wild = shown(lr_range_test(line, pairs(5, 4), mse, low=0.01, high=1e4, steps=30))
    unit, heights = given.number(1, 2), (10.0, 1.0, 3.8, 4.2, 2.0, 2.0)  # 4.2 is four times 1.0, not 10.0
    scripted = [(given.normal(3, 4, dtype=torch.float64), torch.tensor(unit * height)) for height in heights]
    late = shown(lr_range_test(line, scripted, lambda outputs, loss: loss + 0 * outputs.sum(), 0.01, 0.1, 6))
    broken = pairs(5, 4, 3, 5)
    broken[2][0][0, 0] = math.nan
    expect(
        "the end at the blow-up",
        {"wild": wild, "not finite": shown(lr_range_test(line, broken, mse, 0.01, 0.1, 9)), "late": late},
    )

    buffers = torch.cat([toy[1].running_mean, toy[1].running_var])
    modes = [part.training for part in toy.modules()]
    gradients = sum(parameter.grad is not None for parameter in toy.parameters())
    again = shown(lr_range_test(toy.train(), calm, mse, low=0.01, high=0.3, steps=8))
    kept = {
        "again": again,
        "parameters": vector_of(toy),
        "buffers": buffers,
        "modes": modes,
        "gradients": gradients,
    }
    expect("the model as it was", kept, points=1.0)


# %% [markdown]
# ### Is the step in proportion?
#
# A second sign tells *during* training whether the rate fits: how large the change of a layer's weights is in one
# step, compared with the weights themselves. Around 0.001 is often healthy, a rule of thumb again. The next cell
# trains with Adam at three rates and prints, for each layer, spread of the change / spread of the weights, averaged
# over the first 20 steps.
#
# **Predict.** Suppose one layer shows exactly 0. What happened?

# %%


def update_ratios(lr, frozen=None):
    """Return, for each Linear layer, the mean over 20 steps of (spread of the change) / (spread of the weights)."""
    network = make_network()
    layers = [network[0], network[2], network[4]]
    handed_over = [p for place, layer in enumerate(layers) if place != frozen for p in layer.parameters()]
    optimizer = torch.optim.Adam(handed_over, lr=lr)
    totals = [0.0] * len(layers)
    for step in range(20):
        x, y = inputs[64 * step : 64 * (step + 1)], labels[64 * step : 64 * (step + 1)]
        before = [layer.weight.detach().clone() for layer in layers]
        network.zero_grad()
        criterion(network(x), y).backward()
        optimizer.step()
        for place, layer in enumerate(layers):
            change = layer.weight.detach() - before[place]
            totals[place] += (change.std() / before[place].std()).item() / 20
    return totals


layer_names = ("first layer", "second layer", "last layer")
ratios = {f"Adam, lr {lr}": update_ratios(lr) for lr in (0.0001, 0.001, 0.01)}
axes = plot.bars(ratios, layer_names, ylabel="change in a step / weights")
axes.set_yscale("log")
limits = axes.set_ylim(0.0003, 0.9)  # room for the legend
for name, found in {**ratios, "one layer forgotten": update_ratios(0.001, frozen=1)}.items():
    print(f"{name:19}", "  ".join(f"{layer} {ratio:.4f}" for layer, ratio in zip(layer_names, found)))

# %% [markdown]
# <details><summary>Explain</summary>
#
# A layer with 0 does not move: here its parameters were not handed to the optimiser. (A missing gradient looks the
# same.) A learning rate ten times as large makes the changes several times as large, and all three layers move at a
# similar pace. By the rule of thumb one would choose 0.0001. Section 2 says otherwise: in a run of only 94 steps,
# 0.001 to 0.01 were best. The rule looks for rates that are too large by orders of magnitude; it does not find the
# best one.
# </details>

# %% [markdown]
# *You can now find a first learning rate in one run, and see during training whether every layer moves.*
#
# ## 8. Repair this loop
#
# A colleague has read about everything in this lesson and used all of it at once. The program runs, no error is raised,
# and the network does not learn. It has four faults, and one more line that does not do what its author believes. Find
# them before you open the answer.


# %%
def train_with_everything(epochs):
    network = make_network()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.1, weight_decay=0.01)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    rates = []
    for _ in range(epochs):
        for x, y in data.batches(inputs, labels, 64, generator=torch.Generator().manual_seed(9)):
            optimizer.zero_grad()
            loss = criterion(network(x), y)
            nn.utils.clip_grad_norm_(network.parameters(), max_norm=1.0)
            loss.backward()
            optimizer.step()
            scheduler.step()
            rates.append(optimizer.param_groups[0]["lr"])
    print(
        f"loss {loss_over_all(network):.2f}; rates after the first batches: {[round(rate, 3) for rate in rates[:8]]}"
    )


train_with_everything(epochs=3)

# %% [markdown]
# <details><summary>The faults</summary>
#
# 1. <code>lr=0.1</code> is a rate for SGD. For Adam it is far too large: section 2.
# 2. Clipping stands before <code>backward</code>. At that place <code>.grad</code> is empty, so nothing is clipped.
# 3. <code>scheduler.step()</code> is called after every batch, but <code>T_max</code> is a number of epochs. The rate
#    falls to 0 after three batches and climbs back after six, over and over, as the printed rates show.
# 4. The generator is made anew in every epoch, so all epochs have the same order of batches.
#
# The line that does not do what its author believes: <code>weight_decay=0.01</code> of <code>Adam</code> is a penalty
# that the gradients' scaling changes, not a decay. <code>AdamW</code> has one.
# </details>

# %% [markdown]
# ## 9. What did it gain?
#
# The table of results grows by a row. The same 3,000 digits, the same network, five epochs, as in lesson 7. New are
# AdamW, the schedule with warm-up and cosine (`OneCycleLR`), and clipping at 1. Five seeds show the spread. Rates and
# decay were chosen by looking at the *validation* images (section 4); the accuracies of the table are counted on the
# 1,000 *test* images.

# %%
test_images, test_labels = data.digits("test")
accuracies = []
for seed in range(5):
    network, _ = train(adamw, EPOCHS, seed, one_cycle, max_norm=1.0)
    with torch.no_grad():
        answers = network(test_images.flatten(1)).argmax(dim=1)
    accuracies.append((answers == test_labels).float().mean().item())
results.add("09 AdamW with a schedule, 5 epochs", accuracies, images=len(test_labels))
results.show()

# %% [markdown]
# The network did not change, nor did the number of updates. What was gained, and it is more than the chance of
# counting on 1,000 images, was gained by better steps. (Lesson 8's row needed four times as many steps. The two rows are
# not distinguishable.)
#
# *You have used all parts of this lesson together, and measured what they are worth.*

# %% [markdown]
# ## Exit questions
#
# Write the letter of your answer, in quotes.
#
# ### Exit question: where does the rate go? `exit_schedule` (1 point)
#
# A training runs for 10 epochs of 47 batches. Its scheduler is `CosineAnnealingLR(optimizer, T_max=10)`, and
# `scheduler.step()` stands in the inner loop, after `optimizer.step()`. What does the learning rate do?
#
# - **a)** It falls once, to 0 at the end of the tenth epoch.
# - **b)** It falls to 0 within ten batches and stays there.
# - **c)** It falls to 0 within ten batches, climbs back to the peak within ten more, and so on.
# - **d)** PyTorch stops with an error after the tenth call.

# %% exercise="exit_schedule"
exit_schedule = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_schedule = "c"
### END SOLUTION


# %% check="exit_schedule" points=1
@check("exit_schedule")
def _(given, expect):
    expect("the choice", choice(exit_schedule))


# %% [markdown]
# ### Exit question: which optimiser was it? `exit_decay` (1 point)
#
# A weight of 2.0 has had a gradient of exactly zero so far. The learning rate is 0.1. After the first step it stands
# at 1.9, with `weight_decay=0.01` and just as well with `weight_decay=1`. Which optimiser took the step?
#
# - **a)** `SGD` with weight decay
# - **b)** `Adam` with weight decay
# - **c)** `AdamW`
# - **d)** `Adam` without bias correction, with weight decay

# %% exercise="exit_decay"
exit_decay = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_decay = "b"
### END SOLUTION


# %% check="exit_decay" points=1
@check("exit_decay")
def _(given, expect):
    expect("the choice", choice(exit_decay))


# %% [markdown]
# ### Exit question: why does clipping not help? `exit_clip` (1 point)
#
# A loop calls `zero_grad()`, the forward pass, `backward()` and `step()`, and somewhere `clip_grad_norm_` with
# `max_norm=1`. It prints what `clip_grad_norm_` returns: 0.0 at every step. Still the loss falls at first, and then
# it blows up. Where does the call stand?
#
# - **a)** Between `backward()` and `step()`, where it belongs: the gradients have vanished.
# - **b)** After `step()`.
# - **c)** Between `zero_grad()` and `backward()`.
# - **d)** Between `backward()` and `step()`; it returns the norm after clipping, and that is 0.

# %% exercise="exit_clip"
exit_clip = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_clip = "c"
### END SOLUTION


# %% check="exit_clip" points=1
@check("exit_clip")
def _(given, expect):
    expect("the choice", choice(exit_clip))


# %% [markdown]
# ## Summary
#
# - **Momentum** adds up gradients: long strides where they agree, short ones where they alternate. In PyTorch's form it
#   makes the steps up to $1/(1-\mu)$ times as long, so the learning rate must shrink.
# - **Adam** divides by the size of the gradients: its first step is as long as the learning rate, whatever the
#   gradient. It still needs the right learning rate, and another one than SGD.
# - **AdamW** shrinks weights apart from the gradients. `weight_decay` of `Adam` is something else.
# - A **schedule** begins gently, is large in the middle and ends small. A scheduler counts its calls.
# - **Clipping** shortens the whole gradient and keeps its direction: after `backward`, before `step`.
# - Start layers in front of a `ReLU` with standard deviation $\sqrt{2/\text{fan-in}}$, all different.
# - A **range test** finds the order of magnitude of the learning rate; it is done on a copy.
#
# **What comes next.** The network is small, and so are the data. Lesson 10 asks where the time and the memory of
# training go, and how to share the work among machines without changing the result.
#
# **Further reading**
# - [torch.optim](https://docs.pytorch.org/docs/stable/optim.html): PyTorch's optimisers and schedulers, with their formulas.
# - G. Goh, [Why Momentum Really Works](https://distill.pub/2017/momentum/) (2017): with figures to move.
# - D. P. Kingma, J. Ba, [Adam: A Method for Stochastic Optimization](https://arxiv.org/abs/1412.6980) (2015).
# - I. Loshchilov, F. Hutter, [Decoupled Weight Decay Regularization](https://arxiv.org/abs/1711.05101) (2019): AdamW.
# - S. Reddi, S. Kale, S. Kumar, [On the Convergence of Adam and Beyond](https://arxiv.org/abs/1904.09237) (2018):
#   where Adam goes wrong.
# - K. He, X. Zhang, S. Ren, J. Sun, [Delving Deep into Rectifiers](https://arxiv.org/abs/1502.01852) (2015): the
#   start for `ReLU`.
