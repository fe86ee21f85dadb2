# %% [markdown]
# # 2 · Cross-entropy: how wrong is a guess about classes?
#
# A network looks at a handwritten digit and answers with ten numbers. The right answer is one digit. How do
# these become *one* number that says how wrong the network is: a number that training can push down, and that
# a computer can calculate without breaking?
#
# **You will be able to**
# - turn scores of any size into probabilities, and say why the obvious way fails;
# - write cross-entropy from its parts, and recognise those parts in PyTorch;
# - build a classifier together with the loss that fits it;
# - read the first loss of a run, and say from that number alone that something is wrong.
#
# About 90 minutes · 20 points · nothing is downloaded

# %% setup=true
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helper import check, data, plot
from helper.fixtures import choice, fill_by_shape, gradient

torch.set_num_threads(1)  # networks this small gain little from a second thread: lesson 10

# %% [markdown]
# ## 1. Ten numbers for one image
#
# Our images are real handwritten digits from MNIST: 28 rows of 28 grey pixels. They reach the network in
# three steps, and you will meet these steps in nearly every project with images.
#
# 1. `ToTensor` turns a picture with whole numbers from 0 to 255 into a tensor with numbers from 0 to 1.
# 2. `Normalize((0.5,), (0.5,))` subtracts 0.5 from every pixel, then divides by 0.5.
# 3. `DataLoader` hands the images out in **batches**, here 64 at a time, and shuffles them if told to.
#
# **Predict.** After the second step, what is the smallest pixel, and what is the largest? And will the pixels
# have mean 0 and standard deviation 1, as the name *Normalize* suggests? Decide before you run the cell.

# %%
from torch.utils.data import DataLoader
from torchvision import transforms

transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
trainset = data.Digits("train", transform)
loader = DataLoader(trainset, batch_size=64, shuffle=True, generator=torch.Generator().manual_seed(2))

images, labels = next(iter(loader))
print("images:", tuple(images.shape), " labels:", tuple(labels.shape))
print(f"smallest pixel {images.min():.1f}, largest {images.max():.1f}")
print(f"mean {images.mean():.2f}, standard deviation {images.std():.2f}")
axes = plot.images(images[:16], labels[:16])

# %% [markdown]
# <details><summary>Explain</summary>
#
# $(0 - 0.5)/0.5 = -1$ and $(1 - 0.5)/0.5 = 1$, so $[0, 1]$ becomes $[-1, 1]$. That is all it does. Most pixels
# are black, so the mean stays far below 0. To get mean 0 and standard deviation 1 you would pass the mean and
# the standard deviation *of the training images*: the two numbers that the next cell prints. It pays to know
# which of the two you have.
# </details>

# %%
pixels = data.Digits("train").data / 255
mean, deviation = pixels.mean(), pixels.std()
print(f"the training images, from 0 to 1: mean {mean:.3f}, standard deviation {deviation:.3f}")
pixels = (pixels - mean) / deviation
print(f"after that: mean {abs(pixels.mean()):.1f}, standard deviation {pixels.std():.1f}")

# %% [markdown]
# Here is the network of this lesson: 784 inputs, two hidden layers with 128 and 64 units, ten outputs. A
# `Linear` layer wants one *row* of numbers per image, so each image of 28 × 28 pixels is flattened into 784
# numbers first. `flatten(1)` leaves the batch axis alone and joins all axes from axis 1 on. (In other programs you
# may meet `images.view(len(images), -1)`, which does the same.)
#
# The last layer is a plain `Linear`. Its ten outputs are the **logits** of lesson 1: scores, one per class. A
# larger score means "more likely this class".
#
# **Predict.** Do the ten logits of an image add up to 1? Can they be negative?

# %%
torch.manual_seed(2)
network = nn.Sequential(
    nn.Linear(784, 128),
    nn.ReLU(),
    nn.Linear(128, 64),
    nn.ReLU(),
    nn.Linear(64, 10),
)
flat = images.flatten(1)
with torch.no_grad():  # we only look, so PyTorch need not prepare for gradients
    logits = network(flat)
print(tuple(images.shape), "->", tuple(flat.shape), "->", tuple(logits.shape))
print("logits of the first image:", [round(score, 2) for score in logits[0].tolist()])
print(f"their sum: {logits[0].sum():.2f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# A sum of weighted inputs can be any number, negative ones included, and nothing makes ten of them add up to 1.
# Logits are not probabilities. Only their *differences* will turn out to matter. (What is in a layer? Each
# unit of the first one has a row of 784 weights, one per pixel. Lesson 7 draws what training adds to such rows.)
# </details>

# %% [markdown]
# ## 2. From logits to probabilities
#
# We want ten positive numbers that add up to 1, and a larger score must get a larger number. **Softmax** does it
# in two moves: the exponential makes every score positive, and dividing by the sum makes the total 1.
#
# $$\operatorname{softmax}(x)_i = \frac{e^{x_i}}{\sum_j e^{x_j}}$$
#
# Here $x_i$ is the score of class number $i$, and the sum runs over all classes $j$.
#
# ![Three bar charts in a row. The logits 2, 1 and -1 of the digits 3, 5 and 8 become the probabilities 0.71, 0.26 and 0.04, and these become the losses 0.35, 1.35 and 3.35, one for each digit that could be the right one.](../img/02_cross_entropy_steps.png)
#
# In the figure a network has three classes and gives the logits 2, 1 and −1. (Its numbers are rounded. The
# right-hand chart is for section 3.) The same example, one line at a time:

# %%
scores = torch.tensor([2.0, 1.0, -1.0])
powers = scores.exp()
print("exponentials: ", powers)
print("their sum:    ", powers.sum())
print("probabilities:", powers / powers.sum())

# %% [markdown]
# **Predict.** Two changes to these scores. First add 100 to each of them. Then multiply each of them by 2.
# Which of the two changes the probabilities, and how?

# %%
print("as they were:   ", torch.softmax(scores, dim=0))
print("100 added:      ", torch.softmax(scores + 100, dim=0))
print("multiplied by 2:", torch.softmax(scores * 2, dim=0))

# %% [markdown]
# <details><summary>Explain</summary>
#
# Adding $c$ multiplies every exponential by $e^c$, above and below the fraction bar, so it cancels. Softmax sees
# only differences. Multiplying by 2 makes the differences larger, so the winner takes more. In neither case does
# the order change: the largest score keeps the largest probability.
# </details>
#
# ### The obvious way breaks
#
# **Predict.** The scores are 1000 and 0. On paper, what are the two probabilities? What will the computer say
# if it follows the formula?

# %%
far = torch.tensor([1000.0, 0.0])
print("exponentials:", far.exp())
print("the formula: ", far.exp() / far.exp().sum())

# %% [markdown]
# <details><summary>Explain</summary>
#
# On paper: 1 and 0, to hundreds of digits. In the computer $e^{1000}$ is more than a `float32` can hold, so it
# *overflows* to infinity, and infinity divided by infinity is `nan`, "not a number". One `nan` in a loss is
# enough to turn every weight of a network into `nan` at the next step.
# </details>
#
# Our tensors hold `float32` numbers, and these have cliffs at both ends. Their places are worth knowing, so let us
# measure them. A computer holds only some of the numbers on the line: `torch.nextafter(a, b)` is the neighbour of
# `a`, the next `float32` on the way to `b`.

# %%
one = torch.tensor(1.0)
print(f"e^88 = {torch.tensor(88.0).exp():.2g}    e^89 = {torch.tensor(89.0).exp():.2g}")
print(f"e^-103 = {torch.tensor(-103.0).exp():.2g}   e^-104 = {torch.tensor(-104.0).exp():.2g}")
print(f"from 1 down to the next float32: {one - torch.nextafter(one, 0 * one):.2g}")
print(f"from 1 up to the next float32:   {torch.nextafter(one, 2 * one) - one:.2g}")
tiny = torch.tensor(1e-30)
print(f"from 1e-30 up to the next one:   {torch.nextafter(tiny, one) - tiny:.2g}")
rest = torch.tensor(-17.0).exp()
print(f"e^-17 = {rest:.2g}, and 1 + e^-17 is exactly 1: {(one + rest).item() == 1}")
first, second = torch.softmax(torch.tensor([17.0, 0.0]), dim=0)
print(f"softmax of 17 and 0: the first is exactly 1: {first.item() == 1}, the second {second:.2g}")

# %% [markdown]
# ![The positive float32 numbers on a line from 1e-45 to 3e38. To the left of 1.4e-45, below e to the -104, lies exactly zero; to the right of 3.4e38, above e to the 88.7, lies infinity. A magnifying glass at 1 shows neighbours 6e-8 below and 1.2e-7 above.](../img/02_cross_entropy_floats.png)
#
# - **Overflow.** $e^{89}$ is already infinity.
# - **Underflow.** $e^{-104}$ is less than half of the smallest positive float, so it is rounded to 0. Small numbers
#   as such are no problem: the neighbour of $10^{-30}$ is only $10^{-37}$ away, so it has its full seven digits, and
#   so has everything down to $10^{-38}$. The problem is the cliff, where a small number becomes 0.
# - **Saturation.** Near 1 the neighbours are $6 \cdot 10^{-8}$ below and $1.2 \cdot 10^{-7}$ above. A result that
#   falls between two of them is rounded to the nearer one. With two scores 17 apart softmax divides by $1 + e^{-17}$.
#   That lies less than half-way to the neighbour above 1, so the sum is rounded to 1, and the first probability is 1
#   itself: that class is "certain", and whoever computes $1 - p$ gets 0. The second probability, $4 \cdot 10^{-8}$,
#   has all its digits.
#
# You have seen the cure for the first cliff: subtracting the same number from all scores changes nothing.

# %% [markdown]
# ## Exercise: `softmax` (3 points)
#
# Turn scores into probabilities along one axis. It must survive scores of any size. The scores of a batch have
# shape `(batch, classes)`, so for them `dim` is 1, but write it for any shape and any axis, counted from either end
# (`dim=-1` is the last axis).
#
# <details><summary>Hint 1: the idea</summary>
# Choose the number you subtract so that no exponent is above 0. Then nothing can overflow.
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
# Subtract the largest score, take the exponential, divide by the sum. Each row has a largest score of its own:
# think of a batch in which one row is near 0 and another near 500.
# </details>
#
# <details><summary>Hint 3: almost there</summary>
# <code>x.amax(dim, keepdim=True)</code> keeps the reduced axis with length 1, so the result still lines up with
# <code>x</code> when you subtract or divide. <code>sum</code> has <code>keepdim</code> too.
# </details>


# %% exercise="softmax" without=["softmax", "Softmax", "log_softmax", "LogSoftmax", "softmin", "Softmin"]
def softmax(logits: Tensor, dim: int) -> Tensor:
    """Turn scores into probabilities along `dim`.

    logits: any shape, float, finite numbers of any size; it stays as it is. Returns a
    tensor of the same shape, in which no number is negative and every slice along `dim`
    sums to 1.
    """
    ### BEGIN SOLUTION
    powers = (logits - logits.amax(dim, keepdim=True)).exp()  # the largest exponent is 0: nothing overflows
    return powers / powers.sum(dim, keepdim=True)
    ### END SOLUTION


# %% check="softmax" points=3
@check("softmax")
def _(given, expect):
    x = given.normal(4, 7)
    rows = {"the probabilities": softmax(x, 1), "the scores afterwards": x}
    expect("the probabilities of each row", rows, points=0.5)
    cube, block = given.normal(3, 5, 2), given.normal(2, 3, 1, 4)  # one axis of the block has length 1
    axes = {f"three axes, dim={axis}": softmax(cube, axis) for axis in (0, 1, -1, -2)}
    expect("any axis", axes | {f"four axes, dim={axis}": softmax(block, axis) for axis in (1, 2, -1)}, points=0.5)
    expect("large scores", softmax(1000 * given.normal(4, 7), 1), points=0.75)
    levels = torch.tensor([[0.0], [-500.0], [900.0], [-30.0]])
    expect("rows far from each other", softmax(given.normal(4, 7) + levels, 1), points=1.25)

# %% [markdown]
# ### What it is good for
#
# Softmax shows what the network believes. Ours has not learned anything yet: it believes a little of everything.

# %%
beliefs = torch.softmax(logits, dim=1)
axes = plot.classification(images[0], beliefs[0], label=labels[0].item())

# %% [markdown]
# To *choose* a class you do not need softmax. It keeps the order, so the largest logit is the largest
# probability:

# %%
same = (logits.argmax(dim=1) == beliefs.argmax(dim=1)).sum().item()
print(f"same choice with and without softmax: {same} of {len(images)} images")

# %% [markdown]
# Every call says which axis holds the classes: `dim=1`. It is easy to get wrong, and nothing complains. (`F.softmax`
# and the layer `nn.Softmax` let you leave `dim` out. They warn, then guess: axis 0 for a tensor with one or three
# axes, axis 1 for one with two. Do not leave it out.) Compare:

# %%
print("dim=1, each image sums to one: ", torch.softmax(logits, dim=1).sum(dim=1)[:4])
print("dim=0, no image sums to one:   ", torch.softmax(logits, dim=0).sum(dim=1)[:4])

# %% [markdown]
# ## 3. From probabilities to a loss
#
# The network gives the right digit a probability $p$. What should it pay? Lesson 1 said $-\ln p$, the price of a
# surprise. Here is where it comes from.
#
# Take a whole batch. The images have nothing to do with each other, so the probability that the network gives to
# *all* the right answers together is the product of the single ones. Training wants this product, the
# **likelihood**, to be large.
#
# **Predict.** A batch has 64 images, and the network gives each right answer the probability 0.1. What is the
# product in `float32`?

# %%
right = torch.full((64,), 0.1)
print("product:          ", right.prod().item())
print("sum of logarithms:", round(right.log().sum().item(), 2))

# %% [markdown]
# <details><summary>Explain</summary>
#
# On paper it is $10^{-64}$, far below the cliff, so the computer has 0. The logarithm turns the product into a
# sum, and $64 \cdot \ln 0.1 = -147.37$ is an ordinary number. The logarithm grows with $p$, so what makes the one
# large makes the other large.
# </details>
#
# Losses are made *small*, so we flip the sign. And we take the mean over the batch, so that the loss of a batch
# of 64 can be compared with that of a batch of 32. The loss of one image is
#
# $$\ell = -\ln p_{\text{right class}}$$
#
# It is called **negative log-likelihood**, or **cross-entropy**. Only the probability of the right class occurs
# in it. The others matter too, because all of them share a total of 1.

# %%
for p in (1.0, 0.705, 0.5, 0.1, 0.001):
    loss = abs(math.log(p))  # a minus would print -0.00 for p = 1
    print(f"probability {p:<5}  loss {loss:.2f}")

# %% [markdown]
# ### Why not the squared error?
#
# Lesson 1 compared the two for yes-or-no questions: where the model was sure and wrong, the squared error was nearly
# flat. Does that hold for ten classes, with the squared error $(1 - p)^2$ of the probability of the right class?
#
# **Predict.** The right class has the score −10, the nine others have 0. The network is sure, and wrong. By how much
# does each loss change if the right score rises by a little, per unit? Which loss pushes harder?


# %%
def slope(loss, score, step=1e-4):
    """Return how fast `loss` changes with the right class's score; the others stay at 0."""
    around = torch.zeros(2, 10, dtype=torch.float64)
    around[0, 0], around[1, 0] = score - step, score + step
    below, above = loss(torch.softmax(around, dim=1)[:, 0])
    return ((above - below) / (2 * step)).item()


for score in (-10.0, -2.0, 0.0):
    squared, cross = slope(lambda p: (1 - p) ** 2, score), slope(lambda p: -p.log(), score)
    print(f"right score {score:5}: squared error {squared:8.5f}   cross-entropy {cross:8.5f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# Going downhill (lesson 3) changes a number the more, the steeper the loss is in it. Where the network is sure and
# wrong, the squared error is nearly flat: about one hundred-thousandth. The worst mistake teaches the least.
# Cross-entropy has nearly the slope −1. The logarithm undoes the exponential that flattened the probability.
# </details>
#
# So classifiers use cross-entropy, with ten classes as with two. (Its slope in each score is the probability, minus 1
# at the right class: the chain rule of lesson 4 shows it.)

# %% [markdown]
# ### Never take the logarithm of a probability
#
# **Predict.** The scores are 0 and −104, and the second class is right. What is the loss, on paper and in the
# computer?

# %%
apart = torch.tensor([0.0, -104.0])
print("probabilities:    ", torch.softmax(apart, dim=0))
print("their logarithms: ", torch.softmax(apart, dim=0).log())
print("log_softmax:      ", torch.log_softmax(apart, dim=0))

# %% [markdown]
# <details><summary>Explain</summary>
#
# On paper the loss is 104. The probability $e^{-104}$ falls off the cliff and becomes 0, and $\ln 0 = -\infty$.
# The stable softmax of section 2 does not help: the number is lost before the logarithm sees it. The last line
# is right, because it never makes a probability at all.
# </details>
#
# On paper, first:
#
# $$\ln \operatorname{softmax}(x)_i = \ln \frac{e^{x_i}}{\sum_j e^{x_j}} = x_i - \ln \sum_j e^{x_j}$$
#
# The exponential of the numerator is gone. What remains, the logarithm of a sum of exponentials, has a name:
# **log-sum-exp**. It needs protection too, and the same trick works. Let $m$ be the largest score. Each $e^{x_j}$ is
# $e^m \cdot e^{x_j - m}$, so $e^m$ can be taken out of the sum, and its logarithm is $m$:
#
# $$\operatorname{logsumexp}(x) = \ln \Big( e^m \sum_j e^{x_j - m} \Big) = m + \ln \sum_j e^{x_j - m}$$
#
# Here $m$ does not cancel as it did in softmax. What you take out of the sum, you must add back.

# %% [markdown]
# ## Exercise: `logsumexp` (3 points)
#
# Add up exponentials and take the logarithm, for scores of any size. Some scores may be $-\infty$: that is how
# a program rules a class out, since $e^{-\infty} = 0$. If all of them are, the sum is 0 and its logarithm is
# $-\infty$.
#
# <details><summary>Hint 1: the idea</summary>
# The formula above, one row at a time. Then ask what it does to a row in which everything is −∞.
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
# Such a row has m = −∞, and −∞ − (−∞) is <code>nan</code>. Any finite number may take the place of m: the formula
# is true for all of them.
# </details>
#
# <details><summary>Hint 3: almost there</summary>
# <code>torch.where(m.isinf(), 0.0, m)</code> replaces an infinite m by 0. Take m with <code>keepdim=True</code> for
# the subtraction; when you add it back, <code>m.squeeze(dim)</code> has the shape of the result.
# </details>


# %% exercise="logsumexp" without=["logsumexp", "logcumsumexp", "log_softmax", "LogSoftmax"]
def logsumexp(x: Tensor, dim: int) -> Tensor:
    """Return the logarithm of the sum of exp(x) along `dim`, for numbers of any size.

    x: any shape, float; entries may be -inf; it stays as it is. Returns a tensor of the shape of `x` without
    the axis `dim`, -inf where all entries along it are -inf.
    """
    ### BEGIN SOLUTION
    largest = x.amax(dim, keepdim=True)
    largest = torch.where(largest.isinf(), 0.0, largest)  # -inf minus -inf would be nan
    return largest.squeeze(dim) + (x - largest).exp().sum(dim).log()
    ### END SOLUTION


# %% check="logsumexp" points=3
@check("logsumexp")
def _(given, expect):
    x = given.normal(4, 7)
    found = {"the numbers": logsumexp(x, 1), "`x` afterwards": x}
    expect("one number for each row", found, points=0.5)
    cube, block = given.normal(3, 5, 2), given.normal(2, 3, 1, 4)  # one axis of the block has length 1
    axes = {f"three axes, dim={axis}": logsumexp(cube, axis) for axis in (0, 1, -1, -2)}
    expect("any axis", axes | {f"four axes, dim={axis}": logsumexp(block, axis) for axis in (1, 2, -1)}, points=0.5)
    far = x + torch.tensor([[0.0], [-500.0], [900.0], [-30.0]])
    expect("rows far from each other", logsumexp(far, 1), points=0.75)
    holes = far.clone()
    holes[:, ::3] = -math.inf
    expect("entries of minus infinity", logsumexp(holes, 1), points=0.5)
    holes[3] = -math.inf
    expect("a row of nothing but minus infinity", logsumexp(holes, 1), points=0.75)

# %% [markdown]
# Log-sum-exp is a maximum with soft edges. Where one score stands out, it is nearly that score. Where several are
# level, it lies a little above them, by $\ln 3 = 1.0986$ for three:

# %%
for row in ([10.0, 0.0, 0.0], [10.0, 9.0, 0.0], [10.0, 10.0, 10.0]):
    soft = torch.logsumexp(torch.tensor(row), dim=0)
    print(row, "-> maximum", max(row), f" logsumexp {soft:.4f}")

# %% [markdown]
# ## Exercise: `log_softmax` (3 points)
#
# Return the logarithm of softmax without ever making a probability. `torch.logsumexp` is allowed here, and so is
# your own.
#
# <details><summary>Hint 1: the idea</summary>
# The formula above has two terms. Neither needs a probability.
# </details>
#
# <details><summary>Hint 2: almost there</summary>
# The scores minus their log-sum-exp. Mind the shapes: <code>logsumexp</code> drops the axis unless you say
# <code>keepdim=True</code> (or put it back with <code>unsqueeze(dim)</code>).
# </details>


# %% exercise="log_softmax" without=["log_softmax", "LogSoftmax", "cross_entropy", "CrossEntropyLoss"]
def log_softmax(logits: Tensor, dim: int) -> Tensor:
    """Return the logarithms of the probabilities that softmax makes of `logits` along `dim`.

    logits: any shape, float, finite numbers of any size; they stay as they are. Returns a
    tensor of the same shape, all of it finite, through which a gradient reaches `logits`.
    """
    ### BEGIN SOLUTION
    return logits - torch.logsumexp(logits, dim, keepdim=True)
    ### END SOLUTION


# %% check="log_softmax" points=3
@check("log_softmax")
def _(given, expect):
    x = given.normal(4, 7)
    found = {"the log-probabilities": log_softmax(x, 1), "the scores afterwards": x}
    expect("the log-probabilities of each row", found, points=0.5)
    cube, block = given.normal(3, 5, 2), given.normal(2, 3, 1, 4)  # one axis of the block has length 1
    axes = {f"three axes, dim={axis}": log_softmax(cube, axis) for axis in (0, 1, -1, -2)}
    expect("any axis", axes | {f"four axes, dim={axis}": log_softmax(block, axis) for axis in (1, 2, -1)}, points=0.5)
    gap = torch.tensor([[200.0, 0.0, 0.0], [0.0, 0.0, -200.0]])
    expect("a gap of 200 between scores", log_softmax(gap + given.normal(2, 3), 1), points=0.75)
    expect("large scores", log_softmax(1000 * x, 1), points=0.5)

    def loss(z):
        """Add up one column for scores of ordinary size and for scores 900 times as large."""
        return -log_softmax(torch.cat([z, 900 * z]), 1)[:, 0].sum()

    expect("a gradient you can train with", gradient(loss, x), points=0.75)

# %% [markdown]
# How much is gained? The right class lies below the winner by a gap, and for all but small gaps the loss should be
# that gap, a straight line. Three ways to compute it:

# %%
gaps = torch.linspace(0, 140, 141)
pair = torch.stack([torch.zeros(141), -gaps], dim=1)  # the second class is right, and far behind
probability = torch.softmax(pair, dim=1)[:, 1]
axes = plot.lines(
    gaps,
    {
        "log_softmax": -torch.log_softmax(pair, dim=1)[:, 1],
        "log of softmax": -probability.log(),
        "log of (softmax + 1e-8)": -(probability + 1e-8).log(),
    },
    xlabel="gap between the two scores",
    ylabel="loss",
)

# %% [markdown]
# The cross marks the end of the naive way: at a gap of 103 it is finite for the last time, at 104 infinite. Adding
# $10^{-8}$ avoids the jump, and that is why you meet it in old code. But it hides the problem: no loss can exceed
# $-\ln 10^{-8} = 18.4$, so beyond a gap of about 20 the line is flat. Where the loss is flat its gradient is nearly
# 0, and the network learns next to nothing from its worst mistakes.

# %% [markdown]
# ## Exercise: `nll_loss` (3 points)
#
# Put the last piece in place. You have log-probabilities, one row per image, and the right class of each image.
# Return the mean of the negative log-probabilities of the right classes.
#
# <details><summary>Hint 1: the idea</summary>
# Of each row you need one entry: the one in the column of its label. Then a minus and a mean.
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
# Indexing with two lists pairs them up: rows 0, 1, 2, … with columns <code>labels[0]</code>,
# <code>labels[1]</code>, …
# </details>
#
# <details><summary>Hint 3: almost there</summary>
# <code>torch.arange(len(labels))</code> is the list of rows. What happens if you write <code>:</code> instead?
# </details>


# %% exercise="nll_loss" without=["nll_loss", "NLLLoss", "cross_entropy", "CrossEntropyLoss"]
def nll_loss(logps: Tensor, labels: Tensor) -> Tensor:
    """Return the mean negative log-likelihood of a batch.

    logps: (batch, classes) float, log-probabilities; labels: (batch,) int64, each from 0 to
    classes - 1. Returns a scalar tensor, through which a gradient reaches `logps`.
    """
    ### BEGIN SOLUTION
    return -logps[torch.arange(len(labels)), labels].mean()
    ### END SOLUTION


# %% check="nll_loss" points=3
@check("nll_loss")
def _(given, expect):
    x, y = torch.log_softmax(given.normal(9, 7), dim=1), given.integers(6, size=9)
    expect("the mean over the batch", nll_loss(x, y), points=1.25)
    sure = torch.log_softmax(given.normal(3, 7) + 200 * F.one_hot(given.integers(3, size=3) + 4, 7), dim=1)
    expect("a batch of one", nll_loss(x[:1], y[:1]), points=0.25)
    expect("log-probabilities near -200", nll_loss(sure, y[:3] % 4), points=0.25)
    expect("a gradient you can train with", gradient(nll_loss, x, y), points=1.25)

# %% [markdown]
# ### What it is good for
#
# Logits, `log_softmax`, `nll_loss`: together they are cross-entropy. PyTorch offers the two halves, and the whole
# in one call.
#
# **Predict.** Our network has ten classes and has learned nothing. Roughly, what is its loss? (What probability
# does it give to the right digit? In lesson 1, `expected_initial_loss` gave this number.)

# %%
outputs = logits  # what a model returns is often called its outputs; ours returns logits
halves = F.nll_loss(F.log_softmax(outputs, dim=1), labels)
whole = F.cross_entropy(outputs, labels)
print(f"in halves: {halves:.4f}   in one call: {whole:.4f}   ln 10 = {math.log(10):.4f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# A network that knows nothing gives every class about 1/10, and $-\ln \frac{1}{10} = \ln 10 = 2.3026$. The loss is
# never exactly that, because the random weights have small opinions. The next cell tries five seeds.
# </details>

# %%
for seed in range(5):
    torch.manual_seed(seed)
    first, second, third = nn.Linear(784, 128), nn.Linear(128, 64), nn.Linear(64, 10)
    fresh = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), third)
    print(f"seed {seed}: first loss {F.cross_entropy(fresh(flat), labels):.2f}")

# %% [markdown]
# Remember this rule. **With $C$ classes and small logits, as fresh weights give them, the first loss is about
# $\ln C$.** If it is not, look for a mistake before you train.
#
# **Now you can** write cross-entropy in a way that no score breaks.

# %% [markdown]
# ## 4. The model and the loss belong together
#
# In PyTorch a loss is an object. You build it once, and by habit it is called `criterion`. Then you call it, the
# prediction first and the labels second: `loss = criterion(outputs, labels)`. Two pairs are right:
#
# | the model ends in | its outputs are | the criterion that fits | probabilities, to show them |
# |---|---|---|---|
# | `Linear` | logits | `nn.CrossEntropyLoss()` | `torch.softmax(outputs, dim=1)` |
# | `LogSoftmax(dim=1)` | log-probabilities | `nn.NLLLoss()` | `outputs.exp()` |
#
# Both compute the same number, as you just saw. Prefer the first: the model stays simple, and nobody can forget
# half of it. The second still appears in many books and programs.
#
# `CrossEntropyLoss` takes **logits**. Some texts say "with a softmax output, use cross-entropy". In PyTorch that
# is a mistake, and section 5 shows what it costs. Softmax is for people who look at the result, not for the loss.
#
# When the pieces do not fit, PyTorch often says so, in its own words. Two classics, and what PyTorch makes of
# them. **Predict** what is wrong with each call before you read the message.


# %%
def message_of(call):
    try:
        call()
    except (RuntimeError, TypeError, NotImplementedError) as error:
        return f"{type(error).__name__}: {error}"


print(message_of(lambda: nn.CrossEntropyLoss()(labels, outputs)))
print(message_of(lambda: nn.CrossEntropyLoss(outputs, labels)))

# %% [markdown]
# <details><summary>Explain</summary>
#
# In the first call the arguments are swapped. The labels are whole numbers (`Long`), and log-softmax is made for
# floats: PyTorch tried to take the log-softmax of the *labels*. In the second call the data went to the class
# that *builds* the criterion, where its options belong. The labels landed in an old option that wants a plain yes or
# no, and a tensor of 64 numbers is neither. The cure: build first, then call, `nn.CrossEntropyLoss()(outputs, labels)`.
# </details>

# %% [markdown]
# ## Exercise: `build_classifier` (3 points)
#
# Build a network like the one of this lesson, for any sizes, and the criterion that fits it. Either pair of the
# table is right. `build_classifier(784, (128, 64), 10)` builds our network.
#
# <details><summary>Hint 1: the idea</summary>
# Collect the layers in a list, then hand them to <code>nn.Sequential(*layers)</code>. The sizes to connect are
# n_in, then each of <code>hidden</code>, then n_out.
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
# Walk through <code>hidden</code> and remember the size you come from. Each time add a <code>Linear</code> and a
# <code>ReLU</code>. After the loop, add the last <code>Linear</code>. What may follow it, and what may not?
# </details>


# %% exercise="build_classifier"
def build_classifier(n_in: int, hidden: tuple[int, ...], n_out: int) -> tuple[nn.Module, nn.Module]:
    """Build a classifier and the criterion that fits it; return both, the model first.

    n_in: numbers per image; hidden: units of each hidden layer, one layer or more; n_out:
    number of classes. The model takes (batch, n_in) float and has a Linear layer with bias
    for each size in `hidden`, each followed by ReLU, and one more for the classes.
    criterion(model(images), labels) is the mean cross-entropy of the batch, a scalar
    tensor, for labels (batch,) int64.
    """
    ### BEGIN SOLUTION
    layers: list[nn.Module] = []
    for size in hidden:
        layers += [nn.Linear(n_in, size), nn.ReLU()]
        n_in = size
    return nn.Sequential(*layers, nn.Linear(n_in, n_out)), nn.CrossEntropyLoss()
    ### END SOLUTION


# %% check="build_classifier" points=3
@check("build_classifier")
def _(given, expect):
    model, criterion = build_classifier(11, (8, 6), 5)
    expect("the sizes of all parameters", sorted(p.numel() for p in model.parameters()), points=0.25)
    # The same numbers in everyone's parameters, so that everyone's model computes the same.
    bias, last = given.normal(5), given.normal(5, 6)
    numbers = [given.normal(8, 11), given.normal(8), given.normal(6, 8), given.normal(6), last, bias]
    x, y = given.normal(7, 11), given.integers(5, size=7)
    fill_by_shape(model, numbers)
    expect("the loss", criterion(model(x), y), points=0.5)
    model.eval()
    alone = torch.cat([torch.softmax(model(row), dim=1) for row in x.split(1)])
    expect("one image at a time, in evaluation mode", alone, points=0.5)
    fill_by_shape(model, [bias + 7])
    expect("the loss when every score grows by 7", criterion(model(x), y), points=0.25)
    fill_by_shape(model, [100 * last, 100 * bias])
    sure = model(x).argmax(dim=1)
    losses = [criterion(model(x), sure), criterion(model(x), (sure + 1) % 5)]
    expect("the loss of a model that is sure, and right or wrong", losses, points=0.75)
    model, criterion = build_classifier(9, (7, 6, 4), 3)
    numbers = [given.normal(7, 9), given.normal(6, 7), given.normal(4, 6), given.normal(3, 4)]
    fill_by_shape(model, [*numbers, *(given.normal(size) for size in (7, 6, 4, 3))])
    x, y = given.normal(5, 9), given.integers(3, size=5)
    expect("three hidden layers", criterion(model(x), y), points=0.5)
    model, criterion = build_classifier(9, (6,), 4)
    fill_by_shape(model, [given.normal(6, 9), given.normal(4, 6), given.normal(6), given.normal(4)])
    expect("a single hidden layer", criterion(model(x), y), points=0.25)

# %% [markdown]
# ### What it is good for
#
# A model and its criterion are all that a training loop needs. The loop itself is the subject of lesson 7. Here it
# runs once, on a single batch, for both pairs of the table. They start from the same weights.


# %%
def train_on_one_batch(end, criterion):
    """Train the lesson's network, with `end` behind its last Linear, on the batch from above."""
    torch.manual_seed(2)
    first, second, third = nn.Linear(784, 128), nn.Linear(128, 64), nn.Linear(64, 10)
    model = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), third, end)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    losses = []
    for _ in range(300):
        loss = criterion(model(flat), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


from_logits = train_on_one_batch(nn.Identity(), nn.CrossEntropyLoss())  # Identity: nothing added
from_logps = train_on_one_batch(nn.LogSoftmax(dim=1), nn.NLLLoss())
axes = plot.loss_curves(
    {"logits, CrossEntropyLoss": from_logits, "LogSoftmax, NLLLoss": from_logps},
    levels={"ln 10: knows nothing": math.log(10)},
)

# %% [markdown]
# One curve lies on the other. The loss starts at $\ln 10$ and goes to 0: 64 images are few enough to be learned by
# heart.
#
# ## 5. What a wrong pair looks like
#
# Four wrong pairs are so common that they have names here. Each of them *runs*. None of them raises an error.
#
# | name | the pair |
# |---|---|
# | softmax twice | `Softmax(dim=1)` with `CrossEntropyLoss`, which applies it again |
# | no logarithm | `Softmax(dim=1)` with `NLLLoss`, which expects logarithms |
# | no softmax | plain logits with `NLLLoss`, which expects logarithms of probabilities |
# | wrong axis | `LogSoftmax(dim=0)` with `NLLLoss` |
#
# **Predict.** A model that ends in softmax is as sure as it can be, and right: its output is 1 for the right class
# and 0 for the nine others. `CrossEntropyLoss` takes these ten numbers for logits. Is the loss 0?

# %%
print(f"loss of a perfect answer: {F.cross_entropy(torch.eye(10), torch.arange(10)):.4f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# Softmax of one 1 and nine 0 gives the right class only $e/(e + 9) = 0.23$. So a perfect answer costs
# $-\ln \frac{e}{e + 9} = \ln(e + 9) - 1 = 1.4612$. Probabilities never differ by more than 1, so the loss never
# falls below that floor. It cannot rise above $\ln(e + 9) = 2.4612$ either, so it hardly distinguishes bad from very
# bad.
# </details>

# %%
twice = train_on_one_batch(nn.Softmax(dim=1), nn.CrossEntropyLoss())
axes = plot.loss_curves(
    {"logits, CrossEntropyLoss": from_logits, "softmax twice": twice},
    levels={"ln 10: knows nothing": math.log(10), "floor: 1.4612": math.log(math.e + 9) - 1},
)

# %% [markdown]
# ![Loss against how far the right score lies above the nine others. Cross-entropy falls from 2.30 towards 0 in an almost straight line, then flattens. With softmax applied twice the loss falls from 2.30 to 1.4612 and stays there.](../img/02_cross_entropy_floor.png)
#
# The first loss of *softmax twice* looks perfect, and the network does learn, only slower, in stairs. Where it is sure
# and wrong, the inner softmax is flat, as the squared error was. Nothing crashes and the loss falls: that is why this
# mistake lives on in real programs. What gives it away is the floor.
#
# Now two measurements for each of the four. The **first loss** is that of a network with fresh random weights on one
# batch. The **floor** is the loss of a perfect answer: the last `Linear` gives a score of 50 to the right class and 0
# to the others, for each image of the same batch.
#
# **Predict** at least one row of the table before you look.

# %%
perfect = 50.0 * F.one_hot(labels, 10)
pairs = {
    "right": (nn.Identity(), nn.CrossEntropyLoss()),
    "softmax twice": (nn.Softmax(dim=1), nn.CrossEntropyLoss()),
    "no logarithm": (nn.Softmax(dim=1), nn.NLLLoss()),
    "no softmax": (nn.Identity(), nn.NLLLoss()),
    "wrong axis": (nn.LogSoftmax(dim=0), nn.NLLLoss()),
}
print("pair            first loss    floor")
for name, (end, criterion) in pairs.items():
    first_loss, floor = criterion(end(outputs), labels), criterion(end(perfect), labels)
    print(f"{name:15} {first_loss:10.2f} {floor:8.2f}")
print(f"\nln 10 = {math.log(10):.2f}   ln 64 = {math.log(64):.2f}   ", end="")
print(f"ln(e + 9) - 1 = {math.log(math.e + 9) - 1:.2f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# - *No logarithm*: `NLLLoss` takes an entry and flips its sign. The entries are probabilities, so the loss starts at
#   $-1/10$ and ends at $-1$. No cross-entropy is negative: that would take a probability above 1.
# - *No softmax*: the loss is minus a logit. Logits start near 0 and nothing stops them, so there is no floor: the
#   larger the score (50 here), the lower the loss.
# - *Wrong axis*: each *column* sums to 1, over the 64 images of the batch. So the network starts by giving each image
#   $1/64$, and the loss starts at $\ln 64$. The images of one class must share the 1 of their column, so the floor
#   depends on how many of a class happen to be in the batch.
# </details>

# %% [markdown]
# ## Exercise: `diagnose_loss` (2 points)
#
# Write the detective. It gets the two measurements, the number of classes and the batch size, and names the pair:
# one of the four names above, or "right".
#
# <details><summary>Hint 1: the idea</summary>
# The first loss sorts the five into three groups: near ln C, near ln of the batch size, near 0. Where a group has two
# members, what separates them?
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
# Measured numbers are never exact: compare with a tolerance, such as <code>abs(a - b) &lt; 0.2</code>. And nothing may
# depend on there being ten classes: with C classes a perfect answer that went through softmax twice costs
# ln(e + C − 1) − 1. Work that out for three classes, the fewest there are here.
# </details>


# %% exercise="diagnose_loss"
def diagnose_loss(first_loss: float, floor: float, num_classes: int, batch_size: int) -> str:
    """Name the pair of model and criterion that these measurements betray.

    first_loss: with fresh random weights, on one batch; floor: with a score of 10 or more
    for the right class and 0 for the others. Both are measured, so they lie within 0.1 of
    what theory says. num_classes: 3 or more; batch_size: at least 2 * num_classes.
    Returns "right", "softmax twice", "no logarithm", "no softmax" or "wrong axis".
    """
    ### BEGIN SOLUTION
    if floor < -2:
        return "no softmax"
    if floor < -0.5:
        return "no logarithm"
    if abs(first_loss - math.log(batch_size)) < abs(first_loss - math.log(num_classes)):
        return "wrong axis"
    # With softmax twice it is ln(e + C - 1) - 1: for 3 classes 0.55, for more classes more.
    return "softmax twice" if floor > 0.3 else "right"
    ### END SOLUTION


# %% check="diagnose_loss" points=2
@check("diagnose_loss")
def _(given, expect):

    def cases(classes, batch, error):
        """Measure all five pairs, some twice, with an error of measurement; diagnose them in random order."""
        level, twice = math.log(classes), math.log(math.e + classes - 1) - 1
        theory = [
            (level, 0.0),
            (level, twice),
            (-1 / classes, -1.0),
            (0.0, -given.number(10, 90)),
            (math.log(batch), math.log(batch / classes)),
            (math.log(batch), twice),  # the floor alone misleads here
            (math.log(batch), 0.1),
        ]
        names = {}
        for place in given.permutation(len(theory)).tolist():
            first, floor = (round(number + error * given.number(-1), 3) + 0.0 for number in theory[place])
            case = f"first loss {first:g}, floor {floor:g}, {classes} classes, batch size {batch}"
            names[case] = diagnose_loss(first, floor, classes, batch)
        return names

    expect("ten classes in batches of 64", cases(10, 64, 0.001))
    other_classes = cases(given.integer(3, 6), 100, 0.001) | cases(100, 256, 0.001)
    expect("another number of classes", other_classes)
    other_batches = cases(10, given.integer(20, 25), 0.001) | cases(10, 512, 0.001)
    expect("another batch size", other_batches)
    measured = cases(10, 64, 0.09) | cases(26, 128, 0.09) | cases(3, 6, 0.09)
    expect("numbers that are measured, not exact", measured)

# %% [markdown]
# ### What it is good for
#
# Two numbers, measured before any training, name the mistake. That costs a second. Without them you would wait for
# training to finish and then wonder. This is what the four look like when somebody *does* wait:

# %%
curves = {"right": from_logits, "softmax twice": twice}
for name in ("no logarithm", "wrong axis"):
    curves[name] = train_on_one_batch(*pairs[name])
levels = {"ln 10": math.log(10), "0: the best a right pair can do": 0.0}
axes = plot.loss_curves(curves, levels=levels)

# %% [markdown]
# *No softmax* is left out: its loss would fall far below the figure, and go on falling. A curve that falls is not
# proof that a program learns what you think it learns.
#
# **Now you can** recognise a wrong pair before it has trained for a minute.

# %% [markdown]
# ## 6. Repair it
#
# A colleague trains this model on all training images, three times over. On 1,000 other images, the validation
# images, it is right nine times out of ten. Then it is put to work, one image at a time, and it is hopeless.
#
# **Predict** what is wrong, from these two numbers and section 5. Then repair the cell: one character is enough.
# Run it again to see whether both numbers agree.

# %%
torch.manual_seed(2)
colleague = nn.Sequential(
    nn.Linear(784, 128),
    nn.ReLU(),
    nn.Linear(128, 64),
    nn.ReLU(),
    nn.Linear(64, 10),
    nn.LogSoftmax(dim=0),
)
optimizer = torch.optim.Adam(colleague.parameters(), lr=0.001)
generator = torch.Generator().manual_seed(2)
for _ in range(3):  # three times through all training images
    for some_images, some_labels in data.batches(*data.digits("train"), 64, generator=generator):
        loss = F.nll_loss(colleague(some_images.flatten(1)), some_labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

some_images, some_labels = data.digits("validation")
with torch.no_grad():
    together = colleague(some_images.flatten(1)).argmax(dim=1)
    alone = torch.cat([colleague(image.flatten(1)).argmax(dim=1) for image in some_images.split(1)])
print(f"right, all at once:          {(together == some_labels).float().mean():.1f}")
print(f"right, one image at a time:  {(alone == some_labels).float().mean():.1f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# `LogSoftmax(dim=0)` compares each image with the *other images* of its batch. The outputs of an image depend on its
# neighbours, and with no neighbours there is nothing to compare: each column has one entry, its softmax is 1, its
# logarithm 0. Ten zeros are no opinion. `dim=1` mends it, and so does dropping the layer and using
# `F.cross_entropy`.
#
# A test that finds every mistake of this kind: an image must get the same outputs alone as in a batch. (Lesson 8 has
# the one exception: batch normalisation mixes its batch on purpose, while it trains.)
# </details>

# %% [markdown]
# ## 7. Exit questions
#
# Write the letter of your answer, in quotes.
#
# ### Exit question: why does the loss stay at 1.47? `exit_plateau` (1 point)
#
# A model with ten classes ends in `nn.Softmax(dim=1)` and trains with `nn.CrossEntropyLoss`. The loss starts at
# 2.30, sinks to 1.47 and stays there. What has happened?
#
# - a) The steps are too small: with more of them the loss would go on to 0.
# - b) The network is too small to fit the training images any better.
# - c) It answers almost perfectly: with softmax applied twice, a perfect answer still costs 1.46.
# - d) Nothing is wrong: 1.46 is a normal final loss for ten classes.

# %% exercise="exit_plateau"
exit_plateau = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_plateau = "c"
### END SOLUTION

# %% check="exit_plateau" points=1
@check("exit_plateau")
def _(given, expect):
    expect("the choice", choice(exit_plateau))

# %% [markdown]
# ### Exit question: where does the infinity come from? `exit_cliff` (1 point)
#
# In `float32`, `torch.softmax(torch.tensor([0.0, -104.0]), dim=0).log()` gives $-\infty$ in the second place. Why?
#
# - a) Floats are inaccurate near 0: the probability comes out with the wrong digits.
# - b) The true probability is less than half of the smallest positive float, so it is rounded to 0.
# - c) 0.1 and most other decimal fractions have no exact form in binary.
# - d) $e^{-104}$ overflows to infinity.

# %% exercise="exit_cliff"
exit_cliff = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_cliff = "b"
### END SOLUTION

# %% check="exit_cliff" points=1
@check("exit_cliff")
def _(given, expect):
    expect("the choice", choice(exit_cliff))

# %% [markdown]
# ### Exit question: what does it take to choose a class? `exit_choice` (1 point)
#
# A trained model returns logits. You want the most probable class of each image, nothing else. What do you need?
#
# - a) Softmax first, then the largest probability: logits are not probabilities, so their order means nothing.
# - b) Log-softmax first, because logits are too large to be compared safely.
# - c) The loss of each class, then the smallest.
# - d) The largest logit: softmax keeps the order.

# %% exercise="exit_choice"
exit_choice = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_choice = "d"
### END SOLUTION

# %% check="exit_choice" points=1
@check("exit_choice")
def _(given, expect):
    expect("the choice", choice(exit_choice))

# %% [markdown]
# ## Summary
#
# - A classifier returns **logits**, one score per class. Only their differences matter.
# - **Softmax** turns them into probabilities, for people to read. It changes no order.
# - **Cross-entropy** is the mean of $-\ln p$ of the right classes: log-softmax, then negative log-likelihood.
# - `float32` has cliffs: $e^{89}$ is infinity, $e^{-104}$ is 0. Subtract the maximum, and never take the logarithm of
#   a probability: use log-sum-exp.
# - In PyTorch: a last `Linear` with `nn.CrossEntropyLoss`. Or `LogSoftmax(dim=1)` with `nn.NLLLoss`. No mixtures.
# - Before you train, measure: the first loss is about $\ln C$ where the logits are small, a perfect answer costs 0,
#   and in evaluation mode an image gets the same outputs alone and in a batch.
#
# **What comes next.** You have a number that says how wrong the network is. Lesson 3 goes downhill on it.
#
# **Further reading**
# - PyTorch: [CrossEntropyLoss](https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html). It
#   also takes class probabilities in place of labels, and knows `ignore_index` and `label_smoothing` (with which even a
#   perfect answer costs something).
# - PyTorch: [NLLLoss](https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html) and
#   [logsumexp](https://docs.pytorch.org/docs/stable/generated/torch.logsumexp.html).
# - P. Blanchard, D. J. Higham, N. J. Higham, *Accurately computing the log-sum-exp and softmax functions*, IMA
#   Journal of Numerical Analysis 41 (2021): how large the errors of each formula can be.
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning* (2016), sections 4.1 and 6.2:
#   [deeplearningbook.org](https://www.deeplearningbook.org).
