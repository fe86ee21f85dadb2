# %% [markdown]
# # 1 · Loss: what is training, and how wrong is wrong?
#
# A network that nobody has trained gives answers, but they mean nothing. Training changes its numbers until the
# answers are good. For that, something must say *how wrong* an answer is: one number that becomes smaller when
# the answer becomes better. This lesson builds such numbers, and shows what each of them sees and overlooks.
#
# **You will be able to**
# - say what training is, and what the universal approximation theorem does and does not promise;
# - write the mean squared and the mean absolute error, and choose between them;
# - measure accuracy, and say what it must be compared with;
# - predict the loss of a network before its training starts;
# - write a loss for yes-or-no questions that survives scores of any size.
#
# About 80 minutes · 20 points · nothing is downloaded

# %% setup=true
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helper import check, data, plot
from helper.fixtures import choice, error_of, gradient

torch.set_num_threads(1)  # networks this small gain little from a second thread: lesson 10

# %% [markdown]
# ## 1. A function that nobody can write down
#
# You look at an image of a digit and know which digit it is. So there is a *function* from images to digits. It
# takes 784 numbers, the grey values of 28 × 28 pixels, and says for each of the ten digits how probable it is.
# You can compute this function in your head. But you cannot write it down.
#
# ![A handwritten 4, 28 by 28 pixels. An arrow leads from it into a box with the letter F of x, and a second arrow from the box to ten bars, the probabilities of the digits 0 to 9. The bar of the digit 4 is by far the longest.](../img/01_loss_function.png)
#
# The idea of this course: take a function with many numbers in it that can be turned like knobs, and turn them
# until it does nearly what we want.
#
# - The function is a **network**. Its knobs are its **parameters**: weights and biases.
# - To adjust the parameters on examples whose answers are known is to **train** the network. (There are other ways
#   to train, without known answers. This course stays with this one.)
# - The known answer of an example, which the network's answer should come close to, is called its **target**.
#
# A network is made of **layers**, and a layer of **units**. A unit multiplies each number that comes in by a
# *weight* of its own, adds up the products and adds one number more, its *bias*. What comes out goes on to the next
# layer.
#
# Here is a small network. Nobody has trained it: PyTorch filled its parameters with random numbers.
#
# **Predict.** How many parameters does it have? In the first layer 784 pixels go into 32 units. In the second,
# what these 32 say goes into 10 units, one for each digit. And what will the ten probabilities look like?

# %%
images, labels = data.digits("validation")
torch.manual_seed(3)
network = nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10))
print("parameters:", sum(parameter.numel() for parameter in network.parameters()))

with torch.no_grad():  # we only look, so PyTorch need not prepare for training
    scores = network(images)
probabilities = scores.softmax(dim=1)  # lesson 2 takes this step apart
axes = plot.classification(images[0], probabilities[0], label=int(labels[0]))

# %% [markdown]
# <details><summary>Explain</summary>
#
# $784 \cdot 32 + 32 + 32 \cdot 10 + 10 = 25\,450$ knobs. The bars are all near one tenth: the network has a
# slight preference for some digits, but it comes from random numbers and not from the image. An untrained
# network knows nothing.
# </details>
#
# ### Can a network be close to *any* function?
#
# The **universal approximation theorem** answers yes, with conditions. Take a *continuous* function on a closed
# and bounded region, such as all $x$ from 0 to 6. Choose how close you want to be. Then there *exists* a network
# with one hidden layer and an activation such as ReLU that is as close as that, everywhere in the region, if
# only the hidden layer is wide enough.
#
# (A *hidden layer* is one whose results go into another layer, as the 32 units above; its *width* is the number of
# its units. An *activation* is a function that bends what comes out of a layer. ReLU, the one in our network, keeps
# positive numbers and replaces negative ones by 0.)
#
# For a function of one number you can see why. A unit with ReLU is a line with one bend. A sum of such units is
# a line with many bends, and with enough bends a line follows any curve. The next cell builds such networks. It
# does not train them: we know the curve, so the weights can be computed. (What the cell prints and draws matters here,
# not every line of its code.)
#
# **Predict.** Twice as many hidden units: will the largest error halve? And what does the network do to the
# right of the region, beyond $x = 6$?


# %%
def curve(x: Tensor) -> Tensor:
    return torch.sin(2 * x) + x / 3


def network_through(f, low: float, high: float, units: int) -> nn.Sequential:
    """Return a network with one hidden layer that agrees with f wherever it bends, and at `high`."""
    places = torch.linspace(low, high, units + 1)
    slopes = f(places).diff() / places.diff()
    built = nn.Sequential(nn.Linear(1, units), nn.ReLU(), nn.Linear(units, 1))
    with torch.no_grad():
        built[0].weight.fill_(1.0)
        built[0].bias.copy_(-places[:-1])  # unit i is 0 up to place i, then rises
        built[2].weight.copy_(slopes.diff(prepend=torch.zeros(1))[None])  # the slope changes there
        built[2].bias.copy_(f(places[:1]))
    return built


x = torch.linspace(0, 8, 801)
inside = x <= 6
drawn = {"the function": curve(x)}
for units in (4, 8, 16, 32, 64):
    with torch.no_grad():
        y = network_through(curve, 0.0, 6.0, units)(x[:, None])[:, 0]
    error = (y - curve(x)).abs()
    largest = error[inside].max()
    print(f"{units:2} units: largest error from 0 to 6: {largest:.3f}   error at 8: {error[-1]:.2f}")
    if units in (4, 16):
        drawn[f"{units} units"] = y
axes = plot.lines(x, drawn, xlabel="x", ylabel="y")

# %% [markdown]
# <details><summary>Explain</summary>
#
# With twice as many bends, the error on this smooth curve falls to about a *quarter*. Beyond 6 there is no bend
# left: the last line goes straight on, and the network is wrong there, however many units it has. The theorem
# speaks of the region, and of nothing outside it.
# </details>
#
# What the theorem does **not** say matters as much:
#
# - It does not say how many units are needed. For images it could be more than any computer holds.
# - It does not say that training *finds* these weights. We computed them from a curve that we knew.
# - It does not say that a network that is right on the examples is right on *other* inputs. Between the examples
#   and beyond them, many functions fit equally well.
#
# The theorem says that a good network exists. Finding one is what the rest of this course is about.

# %% [markdown]
# ## 2. Squared errors
#
# Begin with answers that are numbers: a price, a temperature. To predict a number is called **regression**. The
# simplest network of all is a line, $\hat y = \text{slope} \cdot x + \text{intercept}$. Its parameters are the
# slope and the intercept. Read $\hat y$ as "y hat": what is predicted. $y$ without the hat is the target.
#
# A **loss** is a function that says with one number how far predictions are from their targets. (It is also called
# *cost*.) Zero is perfect, larger is worse. The most used loss for regression is the **mean squared error**:
#
# $$\text{MSE} = \frac{1}{n} \sum_{i=1}^{n} (\hat y_i - y_i)^2$$
#
# Here $n$ is how many numbers are predicted, $\hat y_i$ is prediction number $i$ and $y_i$ its target. Take each
# error, square it, take the mean of the squares.
#
# ![Eight points and a straight line that misses most of them. From each point a vertical line segment, its error, leads to the line, and on each error stands a square. Large errors have much larger squares.](../img/01_loss_squares.png)
#
# **Predict, then move.** An error of 3 instead of 1: how many times does it count? Run the cell. Then move the line
# (drag its two rings, or use the sliders) and make the squares as small as you can, *before* you press the button
# for the best line. The figure also shows the mean *absolute* error, MAE: the mean of the lengths of the red lines,
# not squared. Last, move one point far away, with the third button. Press the first two again: which of the two best
# lines does that point pull along further?

# %%
from helper.interactive.line import line

line()

# %% [markdown]
# <details><summary>Explain</summary>
#
# An error three times as large counts nine times. So a single point far away has a huge square, and the best line
# for the MSE gives up a little at the other points to shrink it. Here the best line for the MAE moves less. (That is no
# law: a point that lies far out to the *side* pulls both lines along.) Section 3 is about the MAE.
# </details>
#
# A worked example, one line at a time:

# %%
predicted = torch.tensor([2.5, 0.0, 2.0, 7.0])
targets = torch.tensor([3.0, 0.0, 2.5, 4.0])
errors = predicted - targets
print("errors: ", errors)
print("squares:", errors**2)
print("their mean:", (errors**2).mean())

# %% [markdown]
# ### Two things to know before you write it
#
# **Some books write $\frac{1}{2n}$ instead of $\frac{1}{n}$.** The reason is convenience: at $x$, the curve $x^2$ is
# $2x$ steep, and one half cancels the 2. Half the loss is smallest in the same place, so the best answer stays the
# best. But every *number* is half as large, and the loss is half as steep everywhere. You will see in lesson 3 that
# the steps of gradient descent are then half as long. PyTorch's `nn.MSELoss` has no half. It takes the mean over *all
# elements*: 5 examples with 3 numbers each are 15 elements.
#
# **Predict.** Three targets, 2, 4 and 9, and one guess for all of them. Which guess has the smallest loss, with the
# half and without it?

# %%
three = torch.tensor([2.0, 4.0, 9.0])
for guess in (3.0, 4.0, 5.0, 6.0):
    squares = (guess - three) ** 2
    print(f"guess {guess:.0f}: 1/n {squares.sum() / 3:5.2f}    1/(2n) {squares.sum() / 6:5.2f}")
print(f"nn.MSELoss for guess 5: {nn.MSELoss()(torch.full((3,), 5.0), three):.2f}")

# %% [markdown]
# **Two shapes that look alike are not.** A network with one output gives predictions of shape `(n, 1)`, a column.
# Targets often have shape `(n,)`, a row.
#
# **Predict.** Four predictions, exactly equal to their targets. What is the loss if one is a column and the other
# a row?

# %%
row = torch.tensor([1.0, 2.0, 3.0, 4.0])
column = row[:, None]
print("shapes:", tuple(column.shape), "and", tuple(row.shape))
print("shape of the difference:", tuple((column - row).shape))
print("mean of its squares:", ((column - row) ** 2).mean())

# %% [markdown]
# <details><summary>Explain</summary>
#
# PyTorch stretches both to `(4, 4)`, which is called **broadcasting**, and compares every prediction with every
# target. No error arises. The result is one plausible number, and it is wrong. `F.mse_loss` only warns. Yours will
# refuse.
# </details>
#
# ## Exercise: `mse_loss` (3 points)
#
# Return the mean squared error over all elements, as a scalar tensor (one of shape `()`). Refuse shapes that
# differ with `raise ValueError("…")` and a sentence that would help you at midnight.
#
# The check also looks at the *gradient*: how the loss changes when each prediction changes a little. PyTorch works it
# out by itself, as long as what you return is a tensor computed from `pred`. Lesson 3 measures gradients, and goes
# downhill by them.
#
# <details><summary>Hint 1: the idea</summary>
#
# First compare the shapes, then do what the worked example did.
# </details>
# <details><summary>Hint 2: the shapes</summary>
#
# `pred.shape` and `target.shape` can be compared with `!=`.
# </details>
# <details><summary>Hint 3: almost there</summary>
#
# `.mean()` without an axis averages over all elements, whatever the shape. Keep the result a tensor: `.item()` would
# cut it off from training.
# </details>


# %% exercise="mse_loss" without=["mse_loss", "MSELoss"]
def mse_loss(pred: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared error over all elements, a scalar tensor.

    pred, target: float, any shape, both the same; they stay as they are. Raises ValueError if their shapes differ.
    """
    ### BEGIN SOLUTION
    if pred.shape != target.shape:
        raise ValueError(f"predictions {tuple(pred.shape)} and targets {tuple(target.shape)} differ in shape")
    return (pred - target).square().mean()
    ### END SOLUTION


# %% check="mse_loss" points=3
@check("mse_loss")
def _(given, expect):
    pred, target = given.normal(6), given.normal(6)
    expect("the mean of the squared errors", mse_loss(pred, target), points=0.5)
    wide, wide_target = given.normal(5, 3), given.normal(5, 3)
    found = {"the loss": mse_loss(wide, wide_target), "`pred` afterwards": wide, "`target` afterwards": wide_target}
    expect("the mean over all elements of a (5, 3) tensor", found, points=1)
    expect("a gradient you can train with", gradient(mse_loss, pred, target), points=0.5)
    column, table = pred[:, None], given.normal(6, 6)
    pairs = [(column, target), (pred, column), (pred, target[:5]), (wide.T, wide_target), (pred, table)]
    pairs += [(wide, wide_target[:1]), (wide, wide_target[:, :1]), (pred, target[:1]), (pred, target[0])]
    refused = {f"{tuple(a.shape)} against {tuple(b.shape)}": error_of(mse_loss, a, b) for a, b in pairs}
    expect("shapes that differ, with a ValueError", refused, points=1)


# %% [markdown]
# ### Repair this
#
# The next cell looks for the best line through 40 points. It tries all slopes and all intercepts from −3 to 3 in
# steps of 0.1 and keeps the line with the smallest loss. The points lie near the line $y = 2x - 1$, yet something
# else comes out. No error, no warning. One line is to blame.
#
# **Predict** which one, mend it, and run the cell again. (There is nothing to hand in.)


# %%
def best_line(x: Tensor, y: Tensor) -> tuple[float, float, float]:
    """Return slope, intercept and loss of the best line on a grid."""
    best = (0.0, 0.0, math.inf)
    for slope in range(-30, 31):
        for intercept in range(-30, 31):
            loss = ((slope / 10 * x + intercept / 10 - y) ** 2).mean().item()
            if loss < best[2]:
                best = (slope / 10, intercept / 10, loss)
    return best


x, y = data.noisy_line(40)
y = y.flatten()
slope, intercept, loss = best_line(x, y)
print(f"slope {slope}, intercept {intercept}, loss {loss:.2f}; the mean of all targets is {y.mean():.2f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# `y.flatten()` turns the targets into a row, but `x` and so the predictions are a column. Every prediction is
# compared with *every* target. The best that a line can then do is to give the same answer everywhere, the mean of
# all targets: slope 0. Remove the line, or flatten `x` as well.
#
# A model that always answers the mean is a symptom worth knowing: look at the shapes first. The next cell leaves the
# line out. (It finds the intercept −1.1, not −1, because the points only lie *near* the line.)
# </details>

# %%
x, y = data.noisy_line(40)
slope, intercept, loss = best_line(x, y)
print(f"both of shape {tuple(y.shape)}: slope {slope}, intercept {intercept}, loss {loss:.2f}")

# %% [markdown]
# ## 3. Absolute errors
#
# Squares are one choice. Another is to drop the sign of each error and nothing more. $|x|$ is $x$ without its sign,
# its *absolute value*, and the mean of these is the **mean absolute error**:
#
# $$\text{MAE} = \frac{1}{n} \sum_{i=1}^{n} |\hat y_i - y_i|$$
#
# An error three times as large counts three times. And the MAE has the unit of the target: euros, degrees,
# seconds. The MSE has its square.
#
# ## Exercise: `mae_loss` (2 points)
#
# Return the mean absolute error over all elements, a scalar tensor. This one need not look at the shapes.
#
# <details><summary>Hint</summary>
#
# Its formula differs from that of `mse_loss` in one operation, and tensors have the method `.abs()`. In which order
# do that operation and the mean come, and why does the order matter when some errors are positive and others negative?
# </details>


# %% exercise="mae_loss" without=["l1_loss", "L1Loss"]
def mae_loss(pred: Tensor, target: Tensor) -> Tensor:
    """Return the mean absolute error over all elements, a scalar tensor.

    pred, target: float, any shape, both the same; they stay as they are.
    """
    ### BEGIN SOLUTION
    return (pred - target).abs().mean()
    ### END SOLUTION


# %% check="mae_loss" points=2
@check("mae_loss")
def _(given, expect):
    pred, target = given.normal(5, 3), given.normal(5, 3)
    found = {"the loss": mae_loss(pred, target), "`pred` afterwards": pred, "`target` afterwards": target}
    expect("the mean of the absolute errors", found, points=0.75)
    shapes = [(7,), (2, 3, 4), (1,)]
    expect("any shape", [mae_loss(given.normal(*shape), given.normal(*shape)) for shape in shapes], points=0.5)
    far = target.clone()
    far[2, 1] += 1000
    expect("one target that is far away", mae_loss(pred, far), points=0.25)
    expect("a gradient you can train with", gradient(mae_loss, pred, target), points=0.5)


# %% [markdown]
# ### What one outlier does
#
# An **outlier** is a value far from the others: a rare event, or a typing error.
#
# **Predict.** Five targets: 1, 2, 3, 4 and 100. You must answer with *one* number for all five. Which number has the
# smallest MSE? Which has the smallest MAE?

# %%
five = torch.tensor([1.0, 2.0, 3.0, 4.0, 100.0])
guesses = torch.linspace(0, 100, 1001)
differences = guesses[:, None] - five  # broadcasting on purpose: every guess with every target
best_by_mse = guesses[(differences**2).mean(dim=1).argmin()]
best_by_mae = guesses[differences.abs().mean(dim=1).argmin()]
print(f"smallest MSE: answer {best_by_mse:.1f}    smallest MAE: answer {best_by_mae:.1f}")
print(f"the mean of the targets is {five.mean():.1f}, their median {five.median():.1f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# The mean squared error is smallest at the **mean**, and one outlier drags the mean along: 22 is near none of the
# five. The mean absolute error is smallest at the **median**, the middle value, which does not move if the 100
# becomes a million.
# </details>
#
# Neither is better. If the 100 is a typing error, you want the MAE. If it is a real flood and large misses are
# dangerous, you want the MSE. *Choosing the loss is saying which errors matter.*

# %% [markdown]
# ## 4. Right or wrong: accuracy
#
# Now the answer is a class, such as one of ten digits. Classes are numbered from 0, and the number of the true class
# is the **label**. A network gives one score per class; these scores are called **logits**. Its answer is the class
# with the largest score. The **accuracy** is the fraction of answers that are right.
#
# A worked example with four images and three classes:

# %%
logits = [[2.0, 0.1, -1.0], [0.3, 0.2, 0.9], [-2.0, -0.5, -3.0], [1.0, 4.0, 0.0]]
truth = [0, 1, 1, 1]
for scores, label in zip(logits, truth, strict=True):
    answer = scores.index(max(scores))
    print(scores, "-> class", answer, "(right)" if answer == label else f"(wrong: it is {label})")

# %% [markdown]
# Three of four are right: an accuracy of 0.75.
#
# ## Exercise: `accuracy` (4 points)
#
# Each row of `logits` belongs to one image. Return the fraction of rows whose largest logit stands at the place of the
# label: a plain Python `float` from 0 to 1, not a tensor and not a percentage.
#
# <details><summary>Hint 1: the idea</summary>
#
# Tensors have a method `argmax` that gives the *place* of the largest value. Logits have shape `(n, classes)`: along
# which of the two axes do you look for it?
# </details>
# <details><summary>Hint 2: the shapes</summary>
#
# Before you compare answers with labels, print both shapes. Both should be `(n,)`. You know from section 2 what
# happens to `(n, 1)` against `(n,)`.
# </details>
# <details><summary>Hint 3: almost there</summary>
#
# A comparison gives True and False. `.float()` turns these into 1 and 0, whose mean is the fraction of True;
# `.item()` takes the number out of the tensor.
# </details>


# %% exercise="accuracy"
def accuracy(logits: Tensor, labels: Tensor) -> float:
    """Return the fraction of rows whose largest logit belongs to the true class, a plain float from 0 to 1.

    logits: (n, classes) float; labels: (n,) int64, each from 0 to classes - 1.
    """
    ### BEGIN SOLUTION
    return (logits.argmax(dim=1) == labels).float().mean().item()
    ### END SOLUTION


# %% check="accuracy" points=4
@check("accuracy")
def _(given, expect):
    batches = []
    for size in (23, 17, 29):
        labels_seen = given.integers(5, size=size)
        batches.append((given.normal(size, 5) + F.one_hot(labels_seen, 5), labels_seen))
    logits, labels_seen = batches[0]
    logits[:2] += torch.tensor([[9], [-9]]) * F.one_hot(labels_seen[:2], 5)  # the first is right, the second wrong
    found = [accuracy(*batch) for batch in batches]
    expect("batches of 23, 17 and 29 images, and 5 classes", found, points=1.5, tolerance=2e-6)
    n = given.integer(4, 40)
    few, few_labels = given.normal(n, 41), given.integers(41, size=n)
    few[1:] += 9 * F.one_hot(few_labels[1:], 41)
    expect("more classes than images", accuracy(few, few_labels), points=1)
    alone = [accuracy(logits[i : i + 1], labels_seen[i : i + 1]) for i in range(8)]
    expect("one image at a time", alone, points=0.5)
    sure = F.one_hot(labels_seen, 5).float()
    ends = [accuracy(sure, labels_seen), accuracy(-sure, labels_seen)]
    expect("scores that are always right and always wrong", ends)


# %% [markdown]
# ### Why not train with it?
#
# Accuracy is what we care about. So why not use it to turn the knobs? Look at a model with one knob: it says yes if
# $x + b$ is positive. The cell turns $b$ and draws the fraction of wrong answers.
#
# **Predict.** What does the curve look like? Stand at some $b$ and turn it by 0.001: what do you learn?

# %%
inputs = torch.tensor([-1.9, -1.1, -0.8, -0.2, 0.3, 0.4, 1.0, 1.7])
answers = torch.tensor([0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0])
knob = torch.linspace(-3, 3, 1201)
said_yes = (inputs + knob[:, None]) > 0  # (knob positions, examples)
wrong = (said_yes != answers.bool()).float().mean(dim=1)
axes = plot.lines(knob, {"fraction wrong": wrong}, xlabel="b", ylabel="1 - accuracy")

# %% [markdown]
# <details><summary>Explain</summary>
#
# It is a staircase: flat almost everywhere, then a jump. On a stair, a small turn changes nothing, so nothing says
# which way is better. Training needs a number that answers *every* small turn. That is the second reason for a loss:
# it does not only measure, it points the way. Section 7 draws the loss for the same knob.
# </details>

# %% [markdown]
# ## 5. Compared with what?
#
# A test for a rare illness is right in 95 of 100 cases. Is that good? If 97 of 100 people are healthy, a stone that
# always says "healthy" is right more often, though it finds nobody who is ill. A **baseline** is the result of a
# method that takes no effort. The first one to compute: always answer with the commonest class.
#
# ## Exercise: `baseline_accuracy` (2 points)
#
# Return the accuracy of always answering with the commonest class in `labels`: a plain `float`.
#
# <details><summary>Hint</summary>
#
# Count how often each class occurs (`torch.bincount` does it for whole numbers, `unique` has `return_counts=True`).
# Which of the counts do you need, and what do you divide it by?
# </details>


# %% exercise="baseline_accuracy"
def baseline_accuracy(labels: Tensor) -> float:
    """Return the accuracy of always answering with the commonest class, a plain float.

    labels: (n,) int64, n >= 1, none negative; not every class needs to occur.
    """
    ### BEGIN SOLUTION
    return labels.bincount().max().item() / len(labels)
    ### END SOLUTION


# %% check="baseline_accuracy" points=2
@check("baseline_accuracy")
def _(given, expect):
    n = given.integer(11, 40)  # the commonest class has most of the labels, 0 has some
    parts = torch.tensor([0, 0]), given.integers(5, size=n), torch.full((n + 5,), given.integer(1, 4))
    mixed = torch.cat(parts)[given.permutation(2 * n + 7)]
    expect("labels with one common class", baseline_accuracy(mixed), points=1, tolerance=2e-6)
    classes = given.permutation(12)[:4].sort().values + given.integer(1000, 4000)
    places = torch.tensor([3] + 3 * [0] + 4 * [2] + 3 * [1] + 2 * [2] + 2 * [0])
    largest = torch.tensor([0, 3, 3, 1, 3, 3, 0])  # here the largest label is the commonest
    found = {"many labels": baseline_accuracy(classes[places]), "few labels": baseline_accuracy(classes[largest])}
    expect("classes that do not occur", found, points=0.5)
    expect("a few labels at a time", [baseline_accuracy(part) for part in mixed.split(4)], points=0.5)


# %% [markdown]
# Our digits, and the untrained network from section 1, counted as in the worked example:

# %%
digits_said = [scores.index(max(scores)) for scores in network(images).tolist()]
right = sum(said == label for said, label in zip(digits_said, labels.tolist(), strict=True))
print("images of each digit:", labels.bincount().tolist())
print(f"untrained network: {right} of {len(labels)} right, accuracy {right / len(labels):.2f}")

# %% [markdown]
# Every digit occurs 100 times, so the stone reaches 0.10 here, and the untrained network is about as good. Whoever
# reports 0.30 on these images reports a network that has learnt something, but little.
#
# **Now you can** say of any accuracy what it must be compared with.

# %% [markdown]
# ## 6. The price of a surprise
#
# Accuracy looks only at the winner. A better question: *which probability did the network give to what is true?* Call
# it $p$. If $p = 1$, there is no surprise and the loss should be 0. The smaller $p$, the larger the loss. The usual
# choice is
#
# $$\text{loss} = -\ln p$$
#
# Here $\ln$ is the natural logarithm, `math.log` in Python. Why a logarithm? Let a network give the probability $p$ to
# the truth about one image and $q$ to the truth about another that has nothing to do with it. Then it gives $p \cdot q$
# to both together. Probabilities multiply, but losses should add up, and $-\ln(p\,q) = -\ln p - \ln q$ does just that.
#
# **Predict.** From which step does the loss grow more: from $p = 0.9$ down to 0.8, or from 0.02 down to 0.01?

# %%
for p in (0.99, 0.9, 0.8, 0.5, 0.1, 0.02, 0.01):
    print(f"p = {p:4}: loss {-math.log(p):.2f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# From 0.02 to 0.01, by 0.69: what counts is the *ratio*, and halving $p$ always costs $\ln 2 = 0.69$. Being sure and
# wrong is expensive. Being sure and right costs next to nothing.
# </details>
#
# Lesson 2 computes this loss for many classes, in a way that a computer survives. It is called **cross-entropy**.
# You can already use it to catch bugs: *before* training starts, you know what the **first loss** must be about.
#
# ## Exercise: `expected_initial_loss` (2 points)
#
# A network that knows nothing gives every class the same probability. Return its loss $-\ln p$ for `num_classes`
# classes: a plain `float`.
#
# <details><summary>Hint</summary>
#
# The probabilities of all classes add up to 1. Which probability does each of $C$ equally probable classes get? And
# what is $-\ln$ of it?
# </details>


# %% exercise="expected_initial_loss"
def expected_initial_loss(num_classes: int) -> float:
    """Return the loss -ln p of a network that gives each class the same probability, a plain float.

    num_classes: at least 1.
    """
    ### BEGIN SOLUTION
    return math.log(num_classes)
    ### END SOLUTION


# %% check="expected_initial_loss" points=2
@check("expected_initial_loss")
def _(given, expect):
    few = [expected_initial_loss(3 + number) for number in given.permutation(27)[:6].tolist()]
    expect("a few classes", few, points=1, tolerance=2e-6)
    expect("thousands of classes", expected_initial_loss(given.integer(2000, 60000)), points=0.5)
    expect("one class and two", [expected_initial_loss(1), expected_initial_loss(2)], points=0.5)


# %% [markdown]
# **Predict.** What is the loss of the untrained network on our digits, about? (It is the mean of $-\ln p$ over the
# images.) And what if all its logits were 100 times as large?

# %%
with torch.no_grad():
    print(f"untrained: loss {F.cross_entropy(network(images), labels):.2f}")
    print(f"logits times 100: loss {F.cross_entropy(100 * network(images), labels):.2f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# About $\ln 10 = 2.30$. (Its weights are random, not zero, so the probabilities are not quite equal.) With
# logits a hundred times as large, as too large weights would give them, it is just as ignorant but *sure of itself*,
# and pays for it. A first loss far above $\ln C$ is an alarm: the weights are too large, or the numbers in the images
# are, or the loss got something other than what it expects.
# </details>

# %% [markdown]
# **Now you can** find a fault before the first step of training.
#
# ## 7. Yes or no
#
# The smallest question about classes has two answers. Is this image a 4? The network gives *one* number $z$, its
# logit: positive for yes, negative for no, and the farther from 0, the surer. The **sigmoid** turns it into the
# probability of yes:
#
# $$\sigma(z) = \frac{1}{1 + e^{-z}}$$
#
# The probability of no is $1 - \sigma(z)$. With the target $y = 1$ for yes and $y = 0$ for no, the loss is the price
# of the surprise:
#
# $$\text{loss} = \begin{cases} -\ln \sigma(z) & \text{if } y = 1 \\ -\ln(1 - \sigma(z)) & \text{if } y = 0 \end{cases}$$
#
# Both cases fit into one line, because one of the factors $y$ and $1 - y$ is always 0:
#
# $$\text{loss} = -y \ln \sigma(z) - (1 - y) \ln(1 - \sigma(z))$$
#
# It is called **binary cross-entropy**, BCE. For several examples at once, a **batch**, take the mean.
#
# **Predict.** The formula as it stands, with $y = 1$, for the logits 2, −2 and −200. On paper the last loss is
# $-\ln \sigma(-200) = \ln(1 + e^{200})$, which is 200 to many digits. What will the computer say?

# %%
z = torch.tensor([2.0, -2.0, -200.0])
print("sigmoid:", z.sigmoid())
print("loss:   ", -z.sigmoid().log())

# %% [markdown]
# <details><summary>Explain</summary>
#
# $\sigma(-200)$ is about $10^{-87}$. PyTorch computes with float32, numbers of 32 bits, and the smallest positive
# one is about $10^{-45}$. So the result becomes exactly 0, and its logarithm is minus infinity. One such image makes
# the loss of the whole batch infinite, and training is over.
# </details>
#
# ### A better form of the same formula
#
# Put the sigmoid into the logarithm and simplify *before* computing. For $y = 0$ (the second step multiplies above and
# below by $e^z$):
#
# $$-\ln(1 - \sigma(z)) = -\ln\frac{e^{-z}}{1 + e^{-z}} = -\ln\frac{1}{e^{z} + 1} = \ln(1 + e^{z})$$
#
# For $y = 1$:
#
# $$-\ln\sigma(z) = \ln(1 + e^{-z}) = \ln\frac{e^{z} + 1}{e^{z}} = \ln(1 + e^{z}) - z$$
#
# So for both targets
#
# $$\text{loss} = \ln(1 + e^{z}) - y z$$
#
# The sigmoid is gone, and no logarithm meets 0 any more. One danger is left, $e^z$ itself: float32 ends at about
# $3.4 \cdot 10^{38}$.

# %%
print("e^88 and e^89 in float32:", torch.tensor([88.0, 89.0]).exp())

# %% [markdown]
# Removing this danger is your task.
#
# ## Exercise: `bce_from_logits` (4 points)
#
# Return the mean binary cross-entropy over all elements, a scalar tensor, for logits of any size. It must be right at
# $z = \pm 1000$, and so must its gradient.
#
# <details><summary>Hint 1: the idea</summary>
#
# For a large positive $z$, $\ln(1 + e^z)$ is nearly $z$. So take $z$ out first: $\ln(1 + e^z) = z + \ln(1 + e^{-z})$.
# For a negative $z$, leave it in. In both cases the exponent is never positive.
# </details>
# <details><summary>Hint 2: both cases in one</summary>
#
# $\ln(1 + e^z) = \max(z, 0) + \ln(1 + e^{-|z|})$. Try it with a positive and a negative $z$ on paper.
# </details>
# <details><summary>Hint 3: almost there</summary>
#
# `z.clamp(min=0)` is $\max(z, 0)$, and `torch.log1p(t)` is $\ln(1 + t)$, accurate for tiny $t$ too.
# </details>


# %% exercise="bce_from_logits" without=["binary_cross_entropy_with_logits", "BCEWithLogitsLoss", "binary_cross_entropy", "BCELoss"]
def bce_from_logits(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean binary cross-entropy over all elements, a scalar tensor, for logits of any size.

    logits: float, any shape; targets: float, the same shape, each 0 (no) or 1 (yes). Both stay as they are.
    """
    ### BEGIN SOLUTION
    # ln(1 + e^z), written so that no exponent is positive
    softplus = logits.clamp(min=0) + torch.log1p(torch.exp(-logits.abs()))
    return (softplus - targets * logits).mean()
    ### END SOLUTION


# %% check="bce_from_logits" points=4
@check("bce_from_logits")
def _(given, expect):
    logits = 2 * given.normal(7, 2)
    targets = given.integers(2, size=(7, 2)).float()
    loss = bce_from_logits(logits, targets)
    found = {"the loss": loss, "`logits` afterwards": logits, "`targets` afterwards": targets}
    expect("the mean over a batch", found, points=1)
    zero, one = torch.zeros(1), torch.ones(1)
    size = given.number(0.5, 4)
    single = [bce_from_logits(size * sign, target) for sign in (one, -one) for target in (zero, one)]
    expect("right and wrong answers, sure and unsure", single, points=0.5)
    expect("a gradient you can train with", gradient(bce_from_logits, logits, targets), points=0.5)
    for sign, name in ((one, "1000"), (-one, "-1000")):
        both = [bce_from_logits(1000 * sign, target) for target in (zero, one)]
        expect(f"a logit of {name}", both, points=0.75)
    expect("a gradient at large logits", gradient(bce_from_logits, 600 * logits, targets), points=0.5)

# %% [markdown]
# ### The staircase and the slope
#
# Here is the knob of section 4 again, now with the loss beside the fraction of wrong answers. It answers every small
# turn, and its lowest point lies where few answers are wrong.

# %%
loss = torch.stack([F.binary_cross_entropy_with_logits(inputs + b, answers) for b in knob])
curves = {"fraction wrong": wrong, "binary cross-entropy": loss}
axes = plot.lines(knob, curves, xlabel="b", ylabel="how wrong")

# %% [markdown]
# ### Why not squared errors on probabilities?
#
# You will meet texts that use the mean squared error for yes-or-no questions: $(\sigma(z) - y)^2$. It measures an
# error, too. Its weakness shows when the model is *sure and wrong*, the case that most needs mending.
#
# Training turns a knob in the direction in which the loss falls, and the *steeper* it falls, the further. So look at
# the steepness: how much does the loss change per unit of $z$?
#
# **Predict.** The truth is yes, $y = 1$, and the model says $z = -10$, a very sure no. Which of the two losses is
# steeper there, and by how much?


# %%
def squared(z: Tensor) -> Tensor:
    return (z.sigmoid() - 1) ** 2


def cross_entropy(z: Tensor) -> Tensor:
    return F.softplus(-z)  # ln(1 + e^-z), the loss for y = 1


def steepness(loss, z: float) -> float:
    """Return the change of the loss per unit of z, measured over a tiny step."""
    tiny = 1e-4
    points = torch.tensor([z - tiny, z + tiny], dtype=torch.float64)
    return (loss(points).diff() / (2 * tiny)).item()


for z in (-10.0, -5.0, 0.0, 5.0):
    flat, steep = steepness(squared, z), steepness(cross_entropy, z)
    print(f"z = {z:5}: squared error {flat:9.5f}   cross-entropy {steep:9.5f}")
z = torch.linspace(-10, 10, 201)
curves = {"squared error": squared(z), "cross-entropy": cross_entropy(z)}
axes = plot.lines(z, curves, xlabel="logit z, for y = 1", ylabel="loss")

# %% [markdown]
# <details><summary>Explain</summary>
#
# At $z = -10$ the cross-entropy has steepness −0.99995, the squared error −0.00009: more than ten thousand times
# flatter. Where the model is most wrong, the squared error has almost nothing to say, because the sigmoid is flat
# there.
#
# So for yes-or-no questions use binary cross-entropy from logits, in PyTorch `nn.BCEWithLogitsLoss`. The squared
# error is for regression.
# </details>

# %% [markdown]
# ## 8. Three things that are not the same
#
# It would be nice if a low loss meant many right answers, on any image. Each half of that sentence can fail.
#
# **Loss is not accuracy.** Two models answer four yes-or-no questions. The numbers are the probabilities that each
# gives to the *true* answer. An answer is right if that is above one half.
#
# **Predict.** Which model has the higher accuracy? Which has the lower loss?

# %%
cautious = torch.tensor([0.55, 0.52, 0.60, 0.51])
bold = torch.tensor([0.99, 0.97, 0.98, 0.40])
for name, p in (("cautious", cautious), ("bold", bold)):
    print(f"{name:8}: accuracy {(p > 0.5).float().mean():.2f}, loss {-p.log().mean():.2f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# The bold model makes one mistake, so its accuracy is lower. But its three right answers cost next to nothing, while
# the cautious model pays for its doubt four times.
# </details>
#
# **A low loss on the examples is not knowledge.** Here is a "model" that learns the 3,000 training images by heart.
# It keeps them in a dictionary and answers 0 for every image that is not in it.
#
# **Predict.** What is its accuracy on the images it has stored? And on 1,000 others?

# %%
memory = {}
train_images, train_labels = data.digits("train")
for image, label in zip(train_images, train_labels.tolist(), strict=True):
    memory[image.numpy().tobytes()] = label

sets = {"stored images": (train_images, train_labels), "other images": (images, labels)}
for name, (seen, true) in sets.items():
    recalled = torch.tensor([memory.get(image.numpy().tobytes(), 0) for image in seen])
    print(f"{name}: accuracy {(recalled == true).float().mean():.2f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# It is perfect on what it has seen, and no better than the stone on anything else. Let it give probability 1 to the
# labels it remembers, and its loss on them is $-\ln 1 = 0$: there is no lower one. To be right on images that were
# *not* used for training is called **generalisation**, and only images kept aside can measure it. Lesson 8 is about
# this.
# </details>
#
# **And training need not find the lowest loss.** The loss of a network with hidden layers has many valleys (it is not
# *convex*, as mathematicians say). Going downhill leads into one of them, and nothing promises that it is the
# lowest. In practice the valley is often good enough. Why going downhill works at all is lesson 3.

# %% [markdown]
# ## Exit questions
#
# Write the letter of your answer, in quotes.
#
# ### Exit question: what does the theorem promise? `exit_theorem` (1 point)
#
# What does the universal approximation theorem promise?
#
# - a) With enough data and time, training finds a network that is close to the function we want.
# - b) For a continuous function on a closed, bounded region there is a wide enough network that is close to it
#   everywhere in that region.
# - c) A network that is close to the function on all training examples is close to it on new inputs, too.
# - d) A network with more layers is always closer to the function than one with fewer.

# %% exercise="exit_theorem"
exit_theorem = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_theorem = "b"
### END SOLUTION

# %% check="exit_theorem" points=1
@check("exit_theorem")
def _(given, expect):
    expect("the choice", choice(exit_theorem))

# %% [markdown]
# ### Exit question: the loss falls, the accuracy stays: why? `exit_loss_falls` (1 point)
#
# During training the loss on the training images falls from 0.60 to 0.45. The accuracy on the same images stays at
# 0.85. What happened?
#
# - a) There is a bug: if the loss falls, the accuracy must rise.
# - b) The network has now learnt these images by heart.
# - c) On the whole the network gave more probability to the true answers. But the number of images whose largest score
#   belongs to the true class stayed the same.
# - d) Nothing that matters: only accuracy says whether a network got better.

# %% exercise="exit_loss_falls"
exit_loss_falls = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_loss_falls = "c"
### END SOLUTION

# %% check="exit_loss_falls" points=1
@check("exit_loss_falls")
def _(given, expect):
    expect("the choice", choice(exit_loss_falls))

# %% [markdown]
# ### Exit question: sure and wrong, which loss helps? `exit_sure_and_wrong` (1 point)
#
# A detector should say yes, but its logit is −10. Why does binary cross-entropy teach it faster than the squared
# error of the sigmoid?
#
# - a) The squared error is 0 there, so it takes the answer for right.
# - b) Cross-entropy is larger there, and a larger loss always means faster training.
# - c) The squared error overflows at such logits.
# - d) The squared error is nearly flat there: turning the knobs a little hardly changes it. Cross-entropy is steep.

# %% exercise="exit_sure_and_wrong"
exit_sure_and_wrong = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_sure_and_wrong = "d"
### END SOLUTION

# %% check="exit_sure_and_wrong" points=1
@check("exit_sure_and_wrong")
def _(given, expect):
    expect("the choice", choice(exit_sure_and_wrong))

# %% [markdown]
# ## Summary
#
# - Training adjusts parameters until a network is close to a function that we know only from examples.
# - A good network *exists* for every continuous function on a closed, bounded region. Whether training finds it, and
#   whether it is right beyond the examples, is another matter.
# - A loss is one number for how wrong the answers are. In the MSE an error three times as large counts nine times,
#   and its best single answer is the mean. In the MAE it counts three times, and the best answer is the median.
# - Compare `(n, 1)` with `(n,)` and every prediction meets every target. Look at shapes.
# - Accuracy is what we report, next to a baseline. It is a staircase, so we train with a loss.
# - For classes, the loss is $-\ln p$ of the true class. Before training it is about $\ln C$.
# - Yes-or-no questions: binary cross-entropy, computed from logits, never from the logarithm of a sigmoid.
#
# **Next:** lesson 2 takes $-\ln p$ from two classes to many, and meets the same cliffs of floating-point numbers.
#
# **Further reading**
# - G. Cybenko, *Approximation by superpositions of a sigmoidal function* (1989), and K. Hornik, *Approximation
#   capabilities of multilayer feedforward networks* (1991): the theorem. M. Leshno, V. Lin, A. Pinkus and S. Schocken
#   (1993) show that it holds for every activation, ReLU included, that is not a polynomial.
# - I. Goodfellow, Y. Bengio and A. Courville, *Deep Learning* (2016), section 6.2: losses and output units.
# - PyTorch: [MSELoss](https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html),
#   [L1Loss](https://docs.pytorch.org/docs/stable/generated/torch.nn.L1Loss.html),
#   [BCEWithLogitsLoss](https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html).
