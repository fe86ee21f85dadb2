# %% [markdown]
# # 3 · Gradient descent: going downhill
#
# Lessons 1 and 2 gave us a number that says how wrong a model is: the loss, from squared errors to cross-entropy.
# **How do we change the model's parameters so that this number becomes smaller?** By looking at the slope under our
# feet, taking a step downhill, and looking again.
#
# **You will be able to**
# - measure a gradient with nothing but two calls of a function, and say how far to trust it,
# - write gradient descent, and recognise from a loss curve whether the learning rate is too small or too
#   large,
# - derive and program the gradients of linear regression,
# - explain why unscaled inputs make training slow, and what mini-batches buy.
#
# About 100 minutes · 20 points · after lessons 1 and 2. Everything runs offline in a few seconds.

# %% setup=true
import math
from collections.abc import Callable, Iterator

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from helper import check, data, plot
from helper.fixtures import choice

torch.set_num_threads(1)  # networks this small gain little from a second thread: lesson 10

# %% [markdown]
# ## 1. Which way is down?
#
# ![A mountain landscape seen from the side. A hiker stands on a slope; an arrow along the ground uphill is
# labelled gradient, an arrow downhill is labelled one step, minus learning rate times gradient. Dots mark the
# later steps into the nearest valley. A second, deeper valley lies behind the
# summit.](../img/03_gradient_descent_mountain.png)
#
# You stand on a mountain in thick fog and want to get down. You have no map. But you can feel how the ground
# slopes where you stand.
#
# The loss is the height. The parameters are where you stand: one parameter is a path, two are a map, a
# network with 109,386 parameters is a landscape with 109,386 directions. The slope in each of these
# directions, all of them together, is the **gradient**: *the gradient of the loss with respect to the
# parameters*. It has one number for each parameter, so it has the parameters' shape.
#
# $$\nabla L(w) = \left(\frac{\partial L}{\partial w_1}, \dots, \frac{\partial L}{\partial w_n}\right)$$
#
# Read $\nabla L$ as "the gradient of $L$". $\partial L / \partial w_1$ is the slope when only $w_1$ moves and
# all others stay. (The picture lays its arrows along the ground. The gradient itself is a list of
# slopes, one per parameter: an arrow on the *map*.) **The gradient points uphill**, in the direction of the steepest
# rise. To go down we walk *against* it.
#
# **Predict.** Take $L(w) = (w - 3)^2$ and stand at $w = 5$. Is the slope positive or negative? Which way
# should $w$ go? Decide before you run the cell.


# %%
def parabola(w):
    return (w - 3) ** 2


for w in (5.0, 3.0, 0.0):
    rise = parabola(w + 0.001) - parabola(w - 0.001)
    print(f"w = {w}:  loss {parabola(w):4.1f},  slope {rise / 0.002:+.3f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# At 5 the slope is +4: a larger $w$ means a larger loss, so $w$ must become smaller. At 0 the slope is −6:
# $w$ must grow. Both times the way down is the direction *opposite* to the sign of the slope. At 3, the
# minimum, the slope is 0 and nothing says "go on".
#
# The slope is not the height: at $w = 0$ the loss is 9, the slope −6.
#
# </details>
#
# ### Measuring a slope
#
# The cell above used no calculus. It moved $w$ a little to both sides and divided the rise by the run:
#
# $$\frac{\partial L}{\partial w_i} \approx \frac{L(w + \varepsilon\, u_i) - L(w - \varepsilon\, u_i)}{2\,\varepsilon}$$
#
# ($u_i$ is 1 at place $i$ and 0 elsewhere: only $w_i$ moves.) The distance $\varepsilon$ ("epsilon", in code
# `eps`) is small. This is a **central difference**. Going to one side only,
# $\bigl(L(w + \varepsilon u_i) - L(w)\bigr) / \varepsilon$, is a *forward difference*. It looks as good.
#
# **Predict.** The smaller $\varepsilon$, the better the approximation, says the definition of the
# derivative. The cell below tries both differences with $\varepsilon$ from $10^{-1}$ down to $10^{-11}$, in
# float32 (about 7 digits) and in float64 (about 16 digits). Which of these four columns reaches the smallest
# error, and is it in the last row?


# %%
def error(dtype, eps, central):
    """Return how far a measured slope of w * w * w at w = 1 is from the exact one, which is 3."""
    w = torch.tensor(1.0, dtype=dtype)
    right, left = w + eps, w - eps if central else w
    rise = right * right * right - left * left * left
    return abs(rise.item() / (2 * eps if central else eps) - 3)


print("   eps    forward float32   central float32   forward float64   central float64")
for power in (1, 2, 3, 5, 8, 11):
    kinds = [(dtype, central) for dtype in (torch.float32, torch.float64) for central in (False, True)]
    errors = [error(dtype, 10.0**-power, central) for dtype, central in kinds]
    print(f"  1e-{power:02d}", *(f"{value:17.0e}" for value in errors))

# %% [markdown]
# <details><summary>Explain</summary>
#
# Two errors pull in opposite directions. A large `eps` cuts a corner: the curve bends between the two
# points. A small `eps` subtracts two nearly equal numbers, and what is left is mostly rounding. This is
# called *cancellation*. In float32 a step of 1e-8 vanishes completely: 1 + 1e-8 *is* 1, so the measured
# slope is 0, and the error is the whole slope.
#
# Central differences cut a much smaller corner (their error shrinks with `eps` squared). Together with
# float64 there is a comfortable valley around `eps = 1e-5`, with about ten correct digits.
#
# </details>
#
# ## Exercise: `numerical_gradient` (4 points)
#
# Measure the whole gradient of any function, one parameter at a time, without autograd: call `f` and nothing
# else. You will need it as long as you train networks: it is how one finds out whether a clever gradient is
# *right*.
#
# <details><summary>Hint 1</summary>
#
# Work on a float64 copy of `w`. For each entry: copy, move that one entry up, call `f`; copy, move it down,
# call `f`; the difference over `2 * eps` belongs at the same place of the result.
#
# </details>
# <details><summary>Hint 2</summary>
#
# A tensor with several axes can be walked through as one long row: `w.flatten()` for reading (a copy may be
# needed), and `.reshape(w.shape)` at the end, or `.view(-1)` of a tensor of your own, which shares its
# memory.
#
# </details>
# <details><summary>Hint 3</summary>
#
# Start with `base = w.double().flatten()` and an empty list. In a loop over `i`: `up = base.clone()`, then
# `up[i] += eps`; the same for `down`. Call `f` on `up.reshape(w.shape)`: it expects the shape of `w`. Mind
# the brackets in `/ (2 * eps)`.
#
# </details>


# %% exercise="numerical_gradient" without=["autograd", "backward", "requires_grad", "requires_grad_", "torch.func", "aten", "fixtures"]
def numerical_gradient(f: Callable[[Tensor], Tensor], w: Tensor, eps: float = 1e-5) -> Tensor:
    """Measure the gradient of `f` at `w` by central differences, in float64.

    f: takes a tensor of w's shape and returns a scalar tensor.
    w: float32 or float64, with one or more axes; it holds the same numbers afterwards.
    eps: how far one entry is moved to each side.
    Each slope is (f(w + eps) - f(w - eps)) / (2 * eps), where only that one entry of w moves.
    Returns a float64 tensor of w's shape.
    """
    ### BEGIN SOLUTION
    base = w.detach().double()
    slopes = torch.zeros_like(base)
    for i in range(base.numel()):
        step = torch.zeros_like(base)
        step.view(-1)[i] = eps
        slopes.view(-1)[i] = (f(base + step) - f(base - step)) / (2 * eps)
    return slopes
    ### END SOLUTION


# %% check="numerical_gradient" points=4
@check("numerical_gradient")
def _(given, expect):
    factors = given.uniform(5, low=1, high=2, dtype=torch.float64)
    w = given.uniform(5, low=0.5, high=2, dtype=torch.float64)
    slopes = numerical_gradient(lambda w: (factors * w**2).sum(), w.clone())
    expect("the slope in each direction", slopes, points=1)
    slopes = numerical_gradient(lambda w: (factors * w.exp()).sum(), w.clone(), 0.3)
    expect("both sides of the point, at the `eps` it is given", slopes, points=1)
    table, weights = given.normal(2, 3, 2, dtype=torch.float64), given.normal(2, 3, 2, dtype=torch.float64)
    slopes = numerical_gradient(lambda w: (weights * w).sum() ** 2, table.clone(), 0.25)
    expect("a gradient of the parameters' shape", slopes, points=0.5)
    slopes = numerical_gradient(lambda w: (weights * w).sum() ** 2, table, 0.25)
    expect("the parameters, unchanged after the measurement", {"w": table, "gradient": slopes}, points=0.5)
    large = 300 + 100 * given.uniform(5)  # in float32, 300 + 0.00001 is 300
    slopes = numerical_gradient(lambda w: (factors * w**2).sum() / 100, large)
    expect("parameters in float32", slopes, points=0.75)
    expect("a float64 tensor", str(getattr(slopes, "dtype", type(slopes))), points=0.25, detail=True)


# %% [markdown]
# ### What a measured gradient costs
#
# To run the images through a network once, from the pixels to the loss, is called a **forward pass**. The
# network of lesson 2, with layers of 784, 128, 64 and 10, has 109,386 parameters. **Predict.** How many forward
# passes would `numerical_gradient` need for *one* gradient?


# %%
def new_network():
    """Return the network of lesson 2, with the same random parameters each time."""
    torch.manual_seed(0)
    first, second, last = nn.Linear(784, 128), nn.Linear(128, 64), nn.Linear(64, 10)
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), last)


parameters = sum(parameter.numel() for parameter in new_network().parameters())
print(f"{parameters:,} parameters: {2 * parameters:,} forward passes for one step downhill")

# %% [markdown]
# Fine for testing, hopeless for training. PyTorch computes the same gradient without measuring, exact up to
# rounding, for the price of one or two more forward passes: `torch.autograd.grad(loss, parameters)`. How its
# *autograd* does so, by *backpropagation*, is the story of lessons 4 to 6. Until then we use it in demonstrations, as
# a good instrument whose inside we don't know yet.

# %% [markdown]
# ## 2. One step
#
# To walk downhill, subtract the gradient. How far? That is up to a number we choose, the **learning rate**
# `lr` (in formulas $\eta$, "eta"):
#
# $$w_\text{new} = w - \eta \, \nabla L(w)$$
#
# On the parabola at $w = 5$, where the slope is 4, with `lr = 0.1`:  $5 - 0.1 \cdot 4 = 4.6$. The loss
# falls from 4 to 2.56. A steeper slope makes a longer step; at the minimum the slope is 0 and the step has
# no length.
#
# ## Exercise: `gradient_step` (2 points)
#
# Take this one step. The caller may still need the old point, so return a new tensor.
#
# <details><summary>Hint</summary>
#
# `w -= …` would change the tensor that the caller still holds. `w - …` makes a new one.
#
# </details>


# %% exercise="gradient_step"
def gradient_step(w: Tensor, grad: Tensor, lr: float) -> Tensor:
    """Return where one step of gradient descent leads, as a new tensor.

    w: parameters of any shape; grad: the gradient at w, of the same shape; lr: the learning rate.
    Neither `w` nor `grad` is changed.
    """
    ### BEGIN SOLUTION
    return w - lr * grad
    ### END SOLUTION


# %% check="gradient_step" points=2
@check("gradient_step")
def _(given, expect):
    w, grad, lr = given.normal(4), given.normal(4), given.number(0.1, 0.4)
    expect("the new place", gradient_step(w.clone(), grad.clone(), lr), points=1)
    table, slopes = given.normal(2, 3), given.normal(2, 3)
    gradient_step(table, slopes, lr)
    second = gradient_step(table, slopes, 2 * lr)
    expect("a second step from the same place, which has not moved", {"w": table, "new": second}, points=1)


# %% [markdown]
# ### Is the gradient really the best direction?
#
# Let us put it to the test, on the network and 500 real digits. One step *against the gradient*, and for
# comparison 100 steps of **the same length** in random directions.
#
# **Predict.** How many of the 100 random steps lower the loss at all? And how much does the best of them
# achieve, compared with the step against the gradient: about the same, half, a tenth, less? Then: is the answer
# the same for a long step?

# %%
from torch.nn.utils import parameters_to_vector, vector_to_parameters

images, labels = data.digits()
some, their_labels = images[:500].flatten(1), labels[:500]
network = new_network()
here = parameters_to_vector(network.parameters()).detach()  # all parameters in one row
loss_here = F.cross_entropy(network(some), their_labels)
slopes = torch.autograd.grad(loss_here, list(network.parameters()))
gradient_here = torch.cat([slope.flatten() for slope in slopes])


def change_of_loss(step):
    """Walk from `here` by `step` and return by how much the loss changed."""
    with torch.no_grad():
        vector_to_parameters(here + step, network.parameters())
        return (F.cross_entropy(network(some), their_labels) - loss_here).item()


random_steps = torch.randn(100, len(here), generator=Generator().manual_seed(1))
random_steps /= random_steps.norm(dim=1, keepdim=True)  # each has length 1
downhill = -gradient_here / gradient_here.norm()
angles = (random_steps @ downhill).acos().rad2deg()
print(f"angle between a random step and the way downhill: {angles.min():.1f} to {angles.max():.1f} degrees\n")

print("length   against the gradient   best of 100 random   random steps that go down")
for length in (0.1, 1.0, 3.0):
    changes = [change_of_loss(length * step) for step in random_steps]
    lower = sum(change < 0 for change in changes)
    change = change_of_loss(length * downhill)
    print(f"{length:5.1f}  {change:18.3f}  {min(changes):20.4f}  {lower:20}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# ![Left: the contour lines of a valley with two parameters; a hundred thin lines of equal length leave one
# point in all directions, and a blue arrow against the gradient stands at a right angle to the contour line.
# Right: a histogram of the change of the network's loss after a step of length 1. The hundred random steps
# crowd in a narrow heap around zero; the step against the gradient stands alone far to the left, at minus
# 0.084.](../img/03_gradient_descent_directions.png)
#
# About half of the random directions go down. But they hardly go anywhere: with a step of length 1 even the
# best of a hundred achieves only a twenty-fifth of what the gradient does. Why? A short step $s$ changes the loss,
# nearly, by slope times move, added up over the parameters:
#
# $$\sum_i \frac{\partial L}{\partial w_i}\, s_i = \lVert \nabla L \rVert \, \lVert s \rVert \cos\alpha$$
#
# Here $\lVert s \rVert$ is the length of the step and $\alpha$ its angle to the gradient. Of all steps of one length,
# the one with $\cos\alpha = -1$ lowers the loss most: straight *against* the gradient. With so many dimensions a
# random direction is almost at a right angle to it, where the cosine is 0.
#
# Now look at the last row. With a step of length 3 the same direction makes the loss *worse*, and random
# steps win. The gradient describes the ground where you stand. It says nothing about the ground further
# on. So we take a short step, and measure again.
#
# </details>

# %% [markdown]
# ## 3. Step after step
#
# Gradient descent is these two lines, repeated: *compute the gradient where you are now; take a step
# against it.* Here it is on the parabola, whose slope is $2(w - 3)$.

# %%
w = 5.0
for step in range(6):
    slope = 2 * (w - 3)
    print(f"step {step}:  w = {w:.4f}   loss = {parabola(w):.4f}   slope = {slope:+.4f}")
    w = w - 0.1 * slope

# %% [markdown]
# The steps get shorter by themselves: near the minimum the slope is small. Each step takes away the same
# share of the remaining way, here a fifth.
#
# ## Exercise: `gradient_descent` (3 points)
#
# Return the whole path, so that it can be drawn and inspected.
#
# <details><summary>Hint 1</summary>
#
# `steps` steps visit `steps + 1` points: the start is one of them.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Collect the points in a list and turn it into one tensor with `torch.stack`. If you change `w` in place,
# every entry of the list is the same tensor, so let each step make a new one.
#
# </details>


# %% exercise="gradient_descent"
def gradient_descent(gradient: Callable[[Tensor], Tensor], start: Tensor, lr: float, steps: int) -> Tensor:
    """Walk downhill and return every point of the path.

    gradient: takes a point and returns the gradient there, of the same shape.
    start: the first point, (d,); it is not changed. lr: the learning rate; steps: how many, 0 or more.
    Returns one tensor (steps + 1, d): the start, then the point after each step.
    """
    ### BEGIN SOLUTION
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - lr * gradient(path[-1]))
    return torch.stack(path)
    ### END SOLUTION


# %% check="gradient_descent" points=3
@check("gradient_descent")
def _(given, expect):
    goal, bend = given.normal(3), given.uniform(3, low=0.5, high=2)
    start, lr = given.normal(3), given.number(0.2, 0.4)

    def slope(w: Tensor) -> Tensor:
        return bend * (w - goal) + 0.1 * w.flip(0)

    expect("the first step", gradient_descent(slope, start.clone(), lr, 1), points=0.5)
    expect("the whole path", gradient_descent(slope, start.clone(), lr, 6), points=1.5)
    expect("no step at all", gradient_descent(slope, start.clone(), lr, 0), points=0.5)
    gradient_descent(slope, start, lr, 2)
    again = gradient_descent(slope, start, lr, 2)
    expect("a second walk from the same start", {"start": start, "path": again}, points=0.5)


# %% [markdown]
# ### A walk on a map
#
# With two parameters the loss is a landscape, and we can draw it like one: **contour lines** join points of
# equal loss. Here is a long valley,
#
# $$L(w_1, w_2) = \tfrac12 w_1^2 + 5\, w_2^2, \qquad \nabla L = (w_1,\; 10\, w_2).$$
#
# **Predict.** Start at $(-4, 1)$. The minimum is at $(0, 0)$. Will the first step lead towards the minimum?
#
# (In `walk` the steps are taken by PyTorch's own gradient descent, `torch.optim.SGD`: we hand it a gradient, and
# it does what your `gradient_step` does, in place. Lesson 7 looks at it closely.)


# %%
def valley(w):  # w: one point, (2,), or a whole grid of them, (..., 2)
    return 0.5 * w[..., 0] ** 2 + 5 * w[..., 1] ** 2


def valley_gradient(w):
    return w * torch.tensor([1.0, 10.0])


def walk(lr, start=(-4.0, 1.0), steps=30):
    """Walk down the valley and return the points, (steps + 1, 2)."""
    w = torch.tensor(start)
    optimizer = torch.optim.SGD([w], lr=lr)
    points = [w.clone()]
    for _ in range(steps):
        w.grad = valley_gradient(w)
        optimizer.step()
        points.append(w.clone())
    return torch.stack(points)


axes = plot.descent(valley, {"lr = 0.15": walk(0.15)}, xlim=(-4.5, 4.5), ylim=(-1.7, 1.7))

# %% [markdown]
# <details><summary>Explain</summary>
#
# No: the first step crosses the valley. The gradient stands at a right angle to the contour line, and in a
# long valley that is mostly *across*, not *along*. "Steepest" is not "towards the minimum", and gradient
# descent is not the fastest way down. It is the best guess that one look at the ground allows.
#
# </details>
#
# ### Repair: the loss falls, then it rises
#
# This walk uses the same valley, a harmless learning rate, and 12 steps. Something is wrong. Run the cell and say
# from the printed losses what the path looks like. Then find the line to move. When it is in the right place, the
# loss falls in every step, down to 4.1.

# %%
w = torch.tensor([-4.0, 1.0])
slopes = valley_gradient(w)
losses = []
for _ in range(12):
    losses.append(round(valley(w).item(), 2))
    w = w - 0.03 * slopes
print(losses)

# %% [markdown]
# <details><summary>What was wrong</summary>
#
# The gradient was computed once, before the loop. All steps go in the same direction with the same length:
# a straight line through the valley and up the other side. The gradient belongs *inside* the loop, because
# it is only valid where it was taken. In real training code the same mistake happens when `loss.backward()`
# slips out of the loop.
#
# </details>

# %% [markdown]
# ## 4. The learning rate
#
# How long should the steps be? Move the learning rate and the start point yourself. The path follows, and
# so does the loss after each step. Look for
# 1. a rate at which 30 steps are far too few,
# 2. the rate that ends lowest,
# 3. the rate at which the path jumps from wall to wall for ever,
# 4. what happens just above it. Does the start point matter for that?

# %%
from helper.interactive.descent import descent

descent()

# %% [markdown]
# <details><summary>What you should have found</summary>
#
# ![Contour lines of the long valley with four paths from the same start. Learning rate 0.01 stops far from
# the minimum; 0.15 reaches it after a short zig-zag; 0.2 jumps between both walls for ever; 0.21 jumps
# further out with each step. Below them the four loss curves.](../img/03_gradient_descent_rates.png)
#
# At 0.01 thirty steps are far too few. From $(-4, 1)$ the lowest end is at 0.18. At 0.2 the path jumps from wall to
# wall for ever: the loss along the valley shrinks, the loss across it stays. Just above, it explodes, wherever you
# start (unless you start exactly on the valley floor, at $w_2 = 0$).
#
# </details>

# %% [markdown]
# There is a sharp border, and on a parabola it can be computed. Take $L = \tfrac{k}{2} w^2$, with its minimum at 0.
# Its slope is $k w$. The slope grows by $k$ with each unit of $w$: this $k$, the second derivative, is the
# **curvature**. One step turns $w$ into $w - \eta k w = (1 - \eta k)\, w$. **Every step multiplies the distance to
# the minimum by $1 - \eta k$.**
#
# **Predict.** For which values of $\eta k$ does the distance shrink? When does $w$ change sides? What is
# the best value?

# %%
print("lr * k   factor per step   distance after 10 steps, from 1")
for product in (0.05, 0.5, 1.0, 1.5, 1.9, 2.0, 2.1):
    factor = 1 - product
    print(f"{product:6.2f} {factor:13.2f} {factor**10:22.4f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# | $\eta k$ | what happens |
# |---|---|
# | near 0 | too small: it creeps |
# | up to 1 | straight towards the minimum; at exactly 1 it arrives in one step |
# | between 1 and 2 | it jumps to the other side each time, but comes nearer |
# | exactly 2 | the edge: it jumps between two points for ever |
# | above 2 | each jump is longer than the last: it diverges |
#
# So on a parabola the learning rate must stay below $2 / k$. With several parameters the *largest* curvature sets
# this limit. (Where the curvature changes on the way, as in a network, it is a rule of thumb.) In our valley the
# slopes are $w_1$ and $10\, w_2$, so the curvatures are 1 along and 10 across, and the border is at $2/10 = 0.2$,
# whatever the start.
#
# </details>
#
# ### What you will see of it: the loss curve
#
# Nobody can draw a map with 109,386 directions. What you have is a list of losses, one per update. Here is
# the network on the digits, four times, with nothing changed but the learning rate. The function below is a
# training loop in its shortest form; you will write a proper one in lesson 7. (`no_grad` tells PyTorch that an
# update is nothing to take slopes of: lesson 6.)
#
# **Predict.** The rates are 0.001, 0.1, 0.7 and 5. What will the four curves look like, and where will each of
# them end?


# %%
def train(images, labels, lr, batch_size=64, epochs=2, network=None):
    """Train a network, a fresh one unless told otherwise, and return the loss of each update."""
    network = network or new_network()
    losses = []
    loader = data.batches(images.flatten(1), labels, batch_size, generator=Generator().manual_seed(0))
    for _ in range(epochs):
        for some, their_labels in loader:
            loss = F.cross_entropy(network(some), their_labels)
            slopes = torch.autograd.grad(loss, list(network.parameters()))
            with torch.no_grad():
                for parameter, slope in zip(network.parameters(), slopes):
                    parameter -= lr * slope
            losses.append(loss.item())
    return losses


standard, labels = data.digits(mean=0.1307, std=0.3081)  # mean 0 and standard deviation 1, nearly
runs = {f"lr = {lr}": train(standard, labels, lr) for lr in (0.001, 0.1, 0.7, 5.0)}
axes = plot.loss_curves(runs, levels={"guessing: ln 10": math.log(10)}, xlabel="update")
_ = axes.set_ylim(0, 6)
print("the last loss with lr = 5.0:", runs["lr = 5.0"][-1])

# %% [markdown]
# <details><summary>Explain</summary>
#
# - **0.001: slow.** After two epochs the loss has hardly left its start. Nothing is broken; the steps are
#   small.
# - **0.1: good.** It falls steeply, then gently. The jitter comes from the batches: each update looks at 64
#   other images, and some are harder.
# - **0.7: oscillating.** Large swings, at times to above the start and out of the picture, eat up most of the
#   progress. It ends far above the good one.
# - **5.0: diverging.** It leaves the picture within a few updates and ends in NaN, "not a number": the
#   parameters have become so large that a float cannot hold the results.
#
# On an exact parabola the loss does not swing even when $w$ does: both walls have the same height. Real
# valleys have unequal walls, and batches differ. That is what makes the swings visible.
#
# A learning rate that is too large is not a bug in the code, and one that is too small does not mean that
# the network cannot learn. Before you search for a bug, change the learning rate by a factor of 10, down if
# the loss explodes or swings, up if it creeps.
#
# </details>
#
# ## Exercise: `judge_curve` (2 points)
#
# Write down how *you* just told the four curves apart, so exactly that a program can do it. The noise is the
# difficulty: a single loss may be lucky or unlucky, so compare means.
#
# <details><summary>Hint 1</summary>
#
# The order of the four rules matters: a curve can swing *and* diverge. The first rule that fits decides.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Every comparison with NaN is false: `nan > 1` and `nan < 1` both. So ask for it explicitly:
# `math.isfinite(loss)` is false for NaN and for both infinities.
#
# </details>


# %% exercise="judge_curve"
def judge_curve(losses: list[float]) -> str:
    """Say what a loss curve tells about the learning rate.

    losses: the loss of each update, at least 20 plain floats: positive, infinite or NaN.
    Let start be the mean of the first five losses and end the mean of the last five.
    Returns the word of the first rule that fits:
    "diverging"    any loss is infinite or NaN, or end is above start;
    "oscillating"  in the second half, the highest loss minus the lowest is more than start / 2;
    "slow"         end is above 0.9 * start: less than a tenth is gone;
    "good"         none of these.
    """
    ### BEGIN SOLUTION
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    late = losses[len(losses) // 2 :]
    if not all(math.isfinite(loss) for loss in losses) or end > start:
        return "diverging"
    if max(late) - min(late) > start / 2:
        return "oscillating"
    return "slow" if end > 0.9 * start else "good"
    ### END SOLUTION


# %% check="judge_curve" points=2
@check("judge_curve")
def _(given, expect):
    length = 2 * given.integer(20, 30)  # even, so that there is no doubt where the second half begins

    def spread(size: float) -> Tensor:
        """Draw five numbers whose mean is 0."""
        noise = given.uniform(5, low=-size, high=size)
        return noise - noise.mean()

    def curve(end: float, n: int = length, noise: float = 0.02) -> Tensor:
        """Fall from a mean of 1 over the first five losses to a mean of `end` over the last five."""
        losses = torch.linspace(1, end, n)
        losses[:5], losses[-5:] = 1 + spread(noise), end + spread(noise)
        return losses

    def swinging(end: float, height: float, turns: Tensor) -> Tensor:
        """Let the second half swing by `height` between its highest and its lowest loss."""
        losses, late = curve(end), length - length // 2 - 5
        losses[length // 2 : -5] = end + height / 2 * turns[:late]
        return losses

    def changed(end: float, values: dict[int, float]) -> Tensor:
        losses = curve(end)
        for place, value in values.items():
            losses[place] = value
        return losses

    def verdicts(curves: dict[str, Tensor]) -> dict[str, str]:
        """Judge all curves, each at a scale of its own, in random order."""
        found, names = {}, list(curves)
        for place in given.permutation(len(names)).tolist():
            losses = (given.number(1, 4) * curves[names[place]]).tolist()
            found[f"{names[place]}, at first {losses[0]:.3f}"] = judge_curve(losses)
        return found

    jumps, waves = (
        torch.tensor([1.0, -1.0]).repeat(30),
        torch.cos(torch.linspace(0, 12.6, length - length // 2 - 5)),
    )
    half = length // 2
    lucky = curve(0.94, noise=0.001)
    lucky[:5] += torch.tensor([-0.12, 0.03, 0.03, 0.03, 0.03])
    lucky[-5:] += torch.tensor([-0.03, -0.03, -0.03, -0.03, 0.12])
    quick = torch.cat([curve(0.8)[:5], torch.full((length - 5,), 0.6)])
    quick[-10:] = 0.8
    settling = torch.tensor([0.12, 0.12, 0.12, -0.18, -0.18])  # of mean 0, whose first three lie above it
    late_start, late_end = curve(0.94, noise=0.001), curve(0.94, noise=0.001)
    late_start[:5] += settling
    late_end[-5:] += settling * 2 / 3
    slow = {
        "94 % are left": curve(0.94),
        "94 % are left, and a start that settles": late_start,
        "94 % are left, and an end that settles": late_end,
        "98 % are left": curve(0.98),
        "first and last update unlike the rest": lucky,
    }
    late_fall = curve(1.0)
    late_fall[-5:] -= 0.2
    good = {
        "a fall in the last five updates": late_fall,
        "86 % are left": curve(0.86),
        "10 % are left": curve(0.1),
        "86 % after 20 updates": curve(0.86, 20),
    }
    up = {"103 % are left": curve(1.03), "a long way up": curve(2.5)}
    expect(
        "slow and good, whatever the noise",
        verdicts(slow | good | {"a quick fall, and back to 80 %": quick} | up),
    )
    low_start = swinging(0.6, 0.45, waves)
    low_start[:5] = torch.tensor([0.8, 1.05, 1.05, 1.05, 1.05])
    swings = {
        "waves of 60 % of the start": swinging(0.6, 0.6, waves),
        "waves of 40 % of the start": swinging(0.6, 0.4, waves),
        "jumps of 60 % of the start": swinging(0.6, 0.6, jumps),
        "jumps of 54 % of the start": swinging(0.6, 0.54, jumps),
        "jumps of 40 % of the start": swinging(0.6, 0.4, jumps),
        "waves of 45 % after a low first loss": low_start,
        "waves of 60 % and 95 % left": swinging(0.95, 0.6, waves),
        "one low loss late": changed(0.8, {-9: 0.2}),
        "a lower one, where that is no swing": changed(0.98, {-9: 0.55}),
    }
    places = {
        "a high loss at the end of the first half": changed(0.6, {half - 1: 2.0}),
        "a high loss at the start of the second half": changed(0.6, {half: 2.0}),
        "one not so high in the second half": changed(0.6, {half + 3: 1.55}),
        "jumps in the first half": changed(0.3, dict(zip(range(5, half), (0.6 + 0.35 * jumps).tolist()))),
    }
    expect("swings and progress", verdicts(swings | places))
    climbing = {
        "up by a fifth": curve(1.2),
        "up by a fifth, in jumps": swinging(1.2, 0.7, jumps),
        "down a little, in jumps": swinging(0.97, 0.7, jumps),
        "down, and up again": (1 - 2 * torch.linspace(0, 1, length) + 4 * torch.linspace(0, 1, length) ** 2),
    }
    expect("swings and divergence", verdicts(climbing))
    lost = {
        "NaN early": changed(0.5, {7: math.nan}),
        "NaN late": changed(0.5, {-3: math.nan}),
        "infinite early": changed(0.5, {7: math.inf}),
        "infinite late": changed(0.5, {-3: math.inf}),
        "nothing lost": curve(0.5),
        "nothing lost, but slow": curve(0.95),
    }
    expect("losses that are no longer numbers", verdicts(lost))


# %% [markdown]
# **Now you can** look at a loss curve and say which way to turn the learning rate.
#
# ## 5. A line to fit
#
# So far the gradient fell from the sky. For **linear regression** we can work it out on paper. The model
# predicts $\hat y_i = x_i \cdot w + b$ for each of $n$ rows, and the loss is the mean of the squared
# errors:
#
# $$L(w, b) = \frac1n \sum_{i=1}^{n} (x_i \cdot w + b - y_i)^2$$
#
# Here $x_i$ is row $i$ of the table, $x_{ij}$ its number in column $j$, and $x_i \cdot w = \sum_j x_{ij} w_j$. Write
# $e_i = x_i \cdot w + b - y_i$ for the error of row $i$. How fast does $e_i^2$ grow?
#
# - When $e_i$ grows, $e_i^2$ grows $2 e_i$ times as much: that is the slope of a square.
# - When $w_j$ grows, $e_i$ grows $x_{ij}$ times as much. When $b$ grows, $e_i$ grows by the same amount.
#
# Multiply the two, and take the mean over the rows:
#
# $$\frac{\partial L}{\partial w_j} = \frac2n \sum_i e_i\, x_{ij} \qquad
# \frac{\partial L}{\partial b} = \frac2n \sum_i e_i$$
#
# A small example by hand: two rows, one column, $w = 1$, $b = 0$.
#
# | $x$ | $y$ | prediction | error $e$ | $e \cdot x$ |
# |---|---|---|---|---|
# | 1 | 3 | 1 | −2 | −2 |
# | 2 | 3 | 2 | −1 | −2 |
#
# The slope for $w$ is $\tfrac22(-2-2) = -4$, for $b$ it is $\tfrac22(-2-1) = -3$. Both say: grow.
#
# ## Exercise: `linear_regression_gradients` (4 points)
#
# Program the two formulas for a whole table at once, by hand: without autograd.
#
# <details><summary>Hint 1</summary>
#
# Write the shapes down first. `X` is (n, d), `w` is (d,), so `X @ w` is (n,), like `y` and the errors. The
# gradient for `w` must have w's shape: (d,).
#
# </details>
# <details><summary>Hint 2</summary>
#
# The sum over the rows of error times row is a matrix product as well: `X.T` has shape (d, n).
#
# </details>


# %% exercise="linear_regression_gradients" without=["autograd", "backward", "requires_grad", "requires_grad_", "torch.func", "aten", "fixtures"]
def linear_regression_gradients(X: Tensor, y: Tensor, w: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of the mean squared error with respect to `w` and `b`, at this point.

    X: (n, d) float, one row per example; y: (n,) float; w: (d,) float; b: scalar tensor, ().
    The loss is the mean over the n rows of (X @ w + b - y) ** 2.
    Returns the gradient for w, (d,), and the one for b, (). Nothing that comes in is changed.
    """
    ### BEGIN SOLUTION
    errors = X @ w + b - y
    return 2 * X.T @ errors / len(y), 2 * errors.mean()
    ### END SOLUTION


# %% check="linear_regression_gradients" points=4
@check("linear_regression_gradients")
def _(given, expect):
    X, y, w, b = given.normal(7, 3), given.normal(7), given.normal(3), given.normal()
    gradients = linear_regression_gradients(X.clone(), y.clone(), w.clone(), b.clone())
    expect("the gradient for `w`", gradients[0], points=1)
    expect("the gradient for `b`", gradients[1], points=1)
    gradients = linear_regression_gradients(X.repeat(2, 1), y.repeat(2), w.clone(), b.clone())
    expect("the same gradients when every row comes twice", dict(zip("wb", gradients)), points=1)
    table, targets = given.normal(5, 2), given.normal(5)
    linear_regression_gradients(table, targets, w[:2], b)
    again = dict(zip("wb", linear_regression_gradients(table, targets, w[:2], b)))
    expect("a second call with the same tensors", again | {"parameters": [w, b]}, points=1)


# %% [markdown]
# ### All gradients at the same point
#
# Here are two loops for $L(u, v) = u^2 + v^2 + 1.8\,uv$. They differ in one detail. **Predict**: do they
# take the same first step?

# %%
u = v = 1.0
u_slope, v_slope = 2 * u + 1.8 * v, 2 * v + 1.8 * u
u, v = u - 0.1 * u_slope, v - 0.1 * v_slope
print(f"first both slopes, then both updates:   u = {u:.3f}, v = {v:.3f}")

u = v = 1.0
u = u - 0.1 * (2 * u + 1.8 * v)
v = v - 0.1 * (2 * v + 1.8 * u)
print(f"one parameter after the other:          u = {u:.3f}, v = {v:.3f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# In the second loop $v$ takes its slope at a point to which $u$ has already moved. That is another method
# (a kind of coordinate descent), and the loss curve does not give it away: it may well fall. But its step
# is not a step against the gradient. In a network, where one forward pass serves all gradients, mixing old
# and new parameters gives slopes that belong to no point at all. **Compute all gradients first, then
# update.**
#
# </details>

# %% [markdown]
# ## 6. Narrow valleys
#
# Linear regression, on something practical: predict the rent of 200 flats from their area in square metres
# and their number of rooms. (Invented data: 8 per square metre, 60 per room, plus 150, plus some noise.)
# Three parameters to find; the gradient comes from PyTorch. The learning rate is nearly as large as it can
# be, 90 % of the rate at which the walk diverges.
#
# To find that rate, `curvatures` computes how strongly the loss bends, from the flattest direction to the steepest.
# For linear regression this depends on the inputs only. You need not follow its three lines.
#
# **Predict.** Will 1,000 steps be enough? A perfect fit would leave a loss of about 400: that is the noise.

# %%
draw = Generator().manual_seed(3)
area = 30 + 90 * torch.rand(200, generator=draw)
rooms = (area / 25 + torch.randn(200, generator=draw)).round().clamp(1, 6)
rent = 8 * area + 60 * rooms + 150 + 20 * torch.randn(200, generator=draw)
flats = torch.stack([area, rooms], dim=1)


def curvatures(X):
    """Return the curvatures of the loss, from the flattest direction to the steepest."""
    with_bias = torch.cat([X, torch.ones(len(X), 1)], dim=1).double()
    second_derivatives = 2 * with_bias.T @ with_bias / len(X)
    return torch.linalg.eigvalsh(second_derivatives)  # its eigenvalues, one per direction


def fit(X, steps):
    """Fit the rents by gradient descent and return the loss of each step."""
    lr = 0.9 * 2 / curvatures(X)[-1].item()
    w = torch.zeros(X.shape[1], requires_grad=True)  # PyTorch shall find its slopes: lesson 6
    b = torch.zeros((), requires_grad=True)
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(X @ w + b, rent)
        slopes = torch.autograd.grad(loss, [w, b])
        with torch.no_grad():
            for parameter, slope in zip([w, b], slopes):
                parameter -= lr * slope
        losses.append(loss.item())
    return losses


raw = fit(flats, 1000)
smallest, *_, largest = curvatures(flats).tolist()
print(f"curvature: largest {largest:,.0f}, smallest {smallest:.2f}, ratio {largest / smallest:,.0f}")
print(f"largest stable learning rate: {2 / largest:.6f}")
print("loss after 10, 100, 1000 steps:", *(f"{round(raw[step - 1], -2):,.0f}" for step in (10, 100, 1000)))

# %% [markdown]
# <details><summary>Explain</summary>
#
# Not nearly. Areas are numbers around 75, so the loss is very sensitive to the weight of the area: a steep
# wall. To the constant $b$ it is not: a flat floor. The wall dictates a tiny learning rate, and with tiny
# steps the way along the floor takes for ever.
#
# ![Two maps. Left, a valley 25 times as steep across as along: the path zig-zags between the walls for forty
# steps. Right, after rescaling the axes the contour lines are circles, and the path runs straight into the
# minimum in six steps.](../img/03_gradient_descent_zigzag.png)
#
# </details>

# %% [markdown]
# The ratio of the largest to the smallest curvature is called the **condition number**: it says how narrow the
# valley is. **Predict.** The condition number becomes ten times as large. How many times as many steps does it
# take, with the best possible learning rate?

# %%
print("condition number   steps until the distance to the minimum is a thousandth")
for ratio in (1, 10, 100, 1000):
    curvature = torch.tensor([1.0, ratio])
    lr = 2 / (1 + ratio)  # the best one: both directions shrink equally fast
    w, steps = torch.ones(2), 0
    while w.norm() > math.sqrt(2) / 1000:
        w, steps = w - lr * curvature * w, steps + 1
    print(f"{ratio:16} {steps:7}")

# %% [markdown]
# A round valley takes one step. From there on, ten times the condition number means about ten times the steps.
#
# The cure costs two lines: **standardise** each column, that is, subtract its mean and divide by its standard
# deviation. **Predict.** What will be left of the condition number? (Area and rooms remain related.)

# %%
standardised = (flats - flats.mean(dim=0)) / flats.std(dim=0)
smallest, *_, largest = curvatures(standardised).tolist()
print(f"curvature: largest {largest:.2f}, smallest {smallest:.2f}, ratio {largest / smallest:.0f}")
scaled = fit(standardised, 1000)
print("loss after 10, 100, 1000 steps:", *(f"{round(scaled[step - 1], -2):,.0f}" for step in (10, 100, 1000)))
axes = plot.loss_curves({"raw": raw[:200], "standardised": scaled[:200]}, logy=True, xlabel="step")

# %% [markdown]
# Same data, same model, same method. One thing to remember for later: the mean and the standard deviation
# come from the *training* data, and new data are transformed with the same two numbers.
#
# ### The same on real digits
#
# Below, one network learns from the same 3,000 images. Only the range of the pixels differs, and in the
# second row the learning rate. The last column counts, after training, the units in the second hidden layer that
# still *work*: their ReLU is above 0 for at least one image. There are 64. **Predict.** What will the first row
# show, with pixels as they come from the file?

# %%
print("pixels           lr      mean loss of the last 10 updates   working units")
for name, mean, std, lr in (
    ("0 to 255", 0.0, 1 / 255, 0.1),  # dividing by 1 / 255 undoes the scaling to 0 to 1
    ("0 to 255", 0.0, 1 / 255, 0.001),
    ("0 to 1", 0.0, 1.0, 0.1),
    ("-1 to 1", 0.5, 0.5, 0.1),
    ("mean 0, std 1", 0.1307, 0.3081, 0.1),
):
    images, labels = data.digits(mean=mean, std=std)
    network = new_network()
    losses = train(images, labels, lr=lr, network=network)
    with torch.no_grad():
        working = (network[:4](images.flatten(1)) > 0).any(dim=0).sum()
    print(f"{name:15}  {lr:5}  {sum(losses[-10:]) / 10:5.1f} {working:39}")

# %% [markdown]
# With raw pixels and learning rate 0.1 the network ends where guessing is ($\ln 10 \approx 2.3$). Nothing in
# the code is wrong: the walls are too steep for such steps. The first ones threw the parameters so far that every
# unit of a layer gives 0 for every image. Then nothing of the image comes through any more, and the slopes behind
# those units are 0 too, so the network cannot come back. A learning rate a hundred times smaller avoids that. With
# standardised pixels the ordinary rate works, and works best.
#
# ### What downhill cannot promise
#
# Gradient descent sees the slope and nothing else. **Predict** where these walks end.
#
# - Two valleys with a hill between them: one walk starts on each side of the hill, at −0.5 and at 0.5.
# - A saddle, $L = w_1^2 - w_2^2$: a minimum if you look along $w_1$, a maximum if you look along $w_2$. One walk
#   starts at $(1, 0)$, the other a millionth beside it.


# %%
def descend(slope, w, lr, steps):
    for _ in range(steps):
        w = w - lr * slope(w)
    return w


def two_valleys(w):
    return w**4 - 2 * w**2 + 0.5 * w


for start in (-0.5, 0.5):
    end = descend(lambda w: 4 * w**3 - 4 * w + 0.5, start, lr=0.05, steps=100)
    print(f"two valleys, from {start:4}: ends at {end:5.2f} with loss {two_valleys(end):5.2f}")

for start in ((1.0, 0.0), (1.0, 1e-6)):
    for steps in (20, 90):
        # The loss w1**2 - w2**2 has the gradient (2 * w1, -2 * w2).
        end = descend(lambda w: w * torch.tensor([2.0, -2.0]), torch.tensor(start), lr=0.1, steps=steps)
        print(f"saddle, from {start}, {steps} steps: ends at ({end[0]:.2f}, {end[1]:.2f})")

# %% [markdown]
# <details><summary>Explain</summary>
#
# - **Two valleys.** The start decides which one you end in. From 0.5 it is the shallower one: a *local
#   minimum*, lower than its surroundings, but not the lowest point of all.
# - **A saddle.** From exactly $w_2 = 0$ the walk comes to rest at a point where the gradient is 0 and which
#   is no minimum. The smallest deviation to the side grows with every step, so the other walk leaves it,
#   after a long wait.
#
# So: where gradient descent comes to rest, the ground is level, and that is all. That it is usually a *good* place
# for networks is an observation, not a theorem. And a low loss on the training data is not yet a good model:
# accuracy and new data are another matter (lesson 8).
#
# </details>

# %% [markdown]
# ## 7. Small batches
#
# The loss is a mean over all images, so its gradient is a mean over all images, too. Do we need all 3,000
# of them to know which way is down? Estimate the mean from a few: a **mini-batch**. Going through all the
# data once, batch by batch, is an **epoch**.
#
# **Predict.** Cut the 3,000 images into 60 batches of 50 and measure 60 gradients, all at the same point (a single
# layer whose parameters are all 0 is enough to see it). How well does each of them agree with the gradient of all
# images? And what is the mean of the 60?

# %%
model = nn.Linear(784, 10)
with torch.no_grad():
    model.weight.zero_()
    model.bias.zero_()
images, labels = data.digits()


def gradient_from(chosen):
    loss = F.cross_entropy(model(images[chosen].flatten(1)), labels[chosen])
    return torch.autograd.grad(loss, model.weight)[0].flatten()


everything = gradient_from(torch.arange(3000))
batches = torch.arange(3000).split(50)
from_batches = torch.stack([gradient_from(batch) for batch in batches])
angles = F.cosine_similarity(from_batches, everything[None]).acos().rad2deg()
print(f"angle between a batch's gradient and the full one: {angles.min():.0f} to {angles.max():.0f} degrees")
difference = (from_batches.mean(dim=0) - everything).abs().max()
print(f"largest difference between the batches' mean and the full gradient: {difference:.6f}")

# %% [markdown]
# A batch's gradient is a rough guess: 48 to 68 degrees off. But a step against any of them goes downhill (90 degrees
# would be neither up nor down, and that is what a random direction gets), and it costs a sixtieth. The
# errors cancel on average: the batches' gradients scatter *around* the full one. With equal batches their
# mean is exact; a smaller last batch weighs a little too much in it.
#
# ## Exercise: `minibatches` (2 points)
#
# Deal out the indices of one epoch: shuffle them like cards, then deal hands of `batch_size`. The last hand
# may be smaller; its images count, too. Shuffling matters: if the data lie sorted by class, unshuffled
# batches would show one class at a time.
#
# <details><summary>Hint 1</summary>
#
# `torch.randperm(n, generator=generator)` is a shuffled deck. It takes new random numbers from the
# generator at each call, so the next epoch gets another order by itself.
#
# </details>
# <details><summary>Hint 2</summary>
#
# A slice that goes beyond the end is cut off: `deck[95:110]` of 100 cards has 5 of them.
#
# </details>


# %% exercise="minibatches"
def minibatches(n: int, batch_size: int, generator: Generator) -> Iterator[Tensor]:
    """Yield the batches of one epoch: the numbers 0 to n - 1 in random order, each exactly once.

    n, batch_size: at least 1.
    generator: the only source of randomness. Equal seeds give equal orders; a second call with the
    same generator gives another order.
    Yields 1-D int64 tensors of batch_size indices; the last one is shorter if n is no multiple.
    A list of such tensors will do as well.
    """
    ### BEGIN SOLUTION
    order = torch.randperm(n, generator=generator)
    yield from order.split(batch_size)
    ### END SOLUTION


# %% check="minibatches" points=2
@check("minibatches")
def _(given, expect):
    n, batch_size = 6 * 16 + given.integer(4, 12), 16
    kinds = set()  # of what is yielded

    def epoch(generator, n=n, batch_size=batch_size):
        batches = list(minibatches(n, batch_size, generator))
        kinds.update(str(getattr(batch, "dtype", f"a {type(batch).__name__}")) for batch in batches)
        return [tuple(int(index) for index in batch) for batch in batches]

    dealt = [epoch(given.generator(), n, size) for n, size in ((n, 16), (48, 12), (5, 8))]
    sizes = [[len(batch) for batch in batches] for batches in dealt]
    expect("the sizes of the batches, also of the last", sizes, points=0.25)
    expect("tensors of int64", {"the sizes": sizes, "the kinds": sorted(kinds)}, points=0.25, detail=True)
    expect("every index exactly once", sorted(sum(epoch(given.generator()), ())), points=0.25)
    generator = given.generator()
    members = {tuple(sorted(batch)) for _ in range(4) for batch in epoch(generator)}
    expect("a new mix of indices in every batch of four epochs", len(members), points=0.5)
    seed, orders = given.integer(0, 10**6), {tuple(range(n))}
    for number in (seed, seed, seed + 1):
        generator = Generator().manual_seed(number)
        orders |= {sum(epoch(generator), ()) for _ in range(2)}
    expect("the same orders from the same seed, other ones from another", len(orders), points=0.75)


# %% [markdown]
# ### Count updates, not epochs
#
# Five epochs, four sizes of batch, and two learning rates. Every run looks at the same 15,000 images. **Predict** which
# size ends with the lowest loss at the rate 0.05, and which of the four gain from the larger rate.

# %%
print("                       mean loss of the last epoch")
print("batch size   updates   lr = 0.05   lr = 0.25")
for batch_size in (3000, 300, 60, 15):
    runs = [train(standard, labels, lr=lr, batch_size=batch_size, epochs=5) for lr in (0.05, 0.25)]
    per_epoch = len(runs[0]) // 5
    ends = [sum(losses[-per_epoch:]) / per_epoch for losses in runs]
    print(f"{batch_size:10} {len(runs[0]):9} {ends[0]:11.1f} {ends[1]:11.1f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# With all 3,000 images in one batch, five epochs are *five steps*. With 15 images per batch they are a
# thousand. Each of these steps is a little wrong, and still they get much further. This is **stochastic
# gradient descent**, and it is how networks are trained.
#
# The gradients of larger batches scatter less, so they bear a larger rate: the first three rows gain from it, the last
# one loses. Five steps stay too few. (Lesson 9 lowers the rate on the way.)
#
# "It does not learn" after a few epochs on little data often means: there were hardly any updates. A
# smaller batch is not always better, though: the noise grows, and tiny batches use the machine badly.
# Between 16 and 256 is common.
#
# </details>

# %% [markdown]
# ## Exit questions
#
# Write the letter of your answer, in quotes.
#
# ### Exit question: where does it point? `exit_minus_gradient` (1 point)
#
# What does the vector *minus the gradient* tell you at the point where you stand?
#
# - **a** the direction to the minimum
# - **b** the direction in which the loss grows fastest
# - **c** the direction in which the loss falls fastest for a very short step
# - **d** how far away the minimum is, and in which direction

# %% exercise="exit_minus_gradient"
exit_minus_gradient = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_minus_gradient = "c"
### END SOLUTION


# %% check="exit_minus_gradient" points=1
@check("exit_minus_gradient")
def _(given, expect):
    expect("the choice", choice(exit_minus_gradient))


# %% [markdown]
# ### Exit question: what do you try first? `exit_loss_explodes` (1 point)
#
# The losses of the first updates are 2.3, 7.2, 155, 9970. Training worked yesterday on a similar
# data set. What do you try first?
#
# - **a** look for the bug in the loss function
# - **b** train for longer, the loss will come down again
# - **c** a larger learning rate, to get out of there
# - **d** a learning rate that is ten times smaller, and look at the range of the inputs

# %% exercise="exit_loss_explodes"
exit_loss_explodes = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_loss_explodes = "d"
### END SOLUTION


# %% check="exit_loss_explodes" points=1
@check("exit_loss_explodes")
def _(given, expect):
    expect("the choice", choice(exit_loss_explodes))


# %% [markdown]
# ### Exit question: why is your friend so far ahead? `exit_count_updates` (1 point)
#
# You train for 5 epochs on 3,000 images in batches of 3,000; the loss goes from 2.31 to 2.29. A
# friend takes the same network, learning rate and number of epochs, but 60,000 images in batches of 60, and
# gets 0.4. Which sentence explains most of it?
#
# - **a** your network is too small to learn from 3,000 images
# - **b** you made 5 updates, your friend made 5,000
# - **c** a large batch has a noisier gradient
# - **d** both made 5 updates, one per epoch, but your friend's data are better

# %% exercise="exit_count_updates"
exit_count_updates = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_count_updates = "b"
### END SOLUTION


# %% check="exit_count_updates" points=1
@check("exit_count_updates")
def _(given, expect):
    expect("the choice", choice(exit_count_updates))


# %% [markdown]
# ## Summary
#
# - The gradient of the loss with respect to the parameters points uphill. Step against it:
#   $w_\text{new} = w - \eta \nabla L(w)$.
# - It is the steepest way only *here*, for a short step. So take it afresh at every point, all parameters
#   at once.
# - Central differences in float64 measure a gradient to about ten digits: too slow for training, right for
#   testing.
# - On a parabola the learning rate must stay below 2 / (largest curvature). In a network, read it off the loss curve:
#   slow, good, oscillating, diverging.
# - Unscaled inputs make steep and narrow valleys. Standardise them.
# - Mini-batches give many slightly wrong steps for the price of one exact one. Count updates.
# - Level ground need not be the deepest valley.
#
# **Next:** lesson 4 computes the gradient of a whole network by hand, with the chain rule, at the price of
# one or two forward passes instead of 218,772. Lesson 9 comes back to narrow valleys with momentum and Adam.
#
# **Further reading**
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning* (2016), sections 4.3 and 8.1 to 8.2:
#   [deeplearningbook.org](https://www.deeplearningbook.org)
# - L. Bottou, F. E. Curtis, J. Nocedal, *Optimization Methods for Large-Scale Machine Learning*, SIAM
#   Review 60 (2018): [arxiv.org/abs/1606.04838](https://arxiv.org/abs/1606.04838)
# - G. Goh, *Why Momentum Really Works*, Distill (2017):
#   [distill.pub/2017/momentum](https://distill.pub/2017/momentum/)
# - [torch.optim.SGD](https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html) in PyTorch's
#   documentation
