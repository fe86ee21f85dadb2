# %% [markdown]
# # 6 · Autograd: PyTorch's tape, without surprises
#
# In lesson 5 you built an engine that finds gradients for single numbers. PyTorch has the same engine for whole
# tensors, and it runs whenever you calculate. **What does it record, when does it stop, and why does it sometimes
# give you nothing, or twice too much?**
#
# **You will be able to**
# - say which tensors get a gradient, which do not, and why;
# - predict what `.grad` holds after several backward passes;
# - update parameters by hand, in a way that the next step survives;
# - cut a path on purpose, and find the place where somebody cut it by accident;
# - read PyTorch's error messages about gradients.
#
# About 100 minutes · 20 points · after lesson 5. Everything runs offline in a few seconds.
#
# Five cells of this lesson **fail on purpose**. They are announced. Read what they say: you will meet the same
# messages in your own work.

# %% setup=true
import warnings
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helper import check, data, plot
from helper.fixtures import arrived, choice, error_of, loss_as_number, losses_as_numbers

torch.set_num_threads(1)  # networks this small gain little from a second thread: lesson 10

# %% [markdown]
# ## 1. The tape
#
# Say `requires_grad=True` when you make a tensor, and PyTorch takes notes: of every operation that uses it, and of
# every operation that uses the result. These notes are the **tape**. `backward()` reads it from the end to the
# beginning.
#
# Take $x$ with six numbers, square each, take the mean:
#
# $$z = \frac{1}{n} \sum_{i=1}^{n} x_i^2 \qquad\qquad n = 6$$
#
# **Predict.** How fast does $z$ change with the last number, $x_6 = 6$? That is $\partial z / \partial x_6$. And
# what is in `x.grad` *before* `backward()`?

# %%
x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
y = x**2
z = y.mean()
print("y =", y)
print("z =", z)
print("before:", x.grad)

z.backward()
print("after: ", x.grad)
print("2x/n:  ", (2 * x / x.numel()).detach())  # detach: the numbers without a tape (section 4)

# %% [markdown]
# <details><summary>Explain</summary>
#
# The derivative of $x_i^2$ is $2 x_i$, and the mean divides by $n$. So $\partial z / \partial x_i = 2 x_i / n$,
# which is $2 \cdot 6 / 6 = 2$ for the last one. Before `backward()` there is no gradient at all: `x.grad` is
# `None`, not zero.
#
# You may have seen this example with four numbers and the answer $x/2$. That is $2x/n$ for $n = 4$, and for no
# other $n$.
# </details>
#
# One thing is new in the printout. `grad_fn=<PowBackward0>` is the note that belongs to `y`: *I was made by a
# power, and this is how to go back through it.*
#
# And a matter of words: `z.backward()` calculates the gradient **of `z` with respect to `x`**. In training it is
# always the gradient **of the loss with respect to the parameters**, never the other way round: the loss is what
# changes, the parameters are what you turn.
#
# ![Two rows of boxes. Above, in blue, the forward pass: x with 2 by 3 numbers from 1 to 6, squared, gives y from 1
# to 36; its mean gives z = 15.17. Below, the tape: MeanBackward0 under z knows that there were 6 numbers,
# PowBackward0 under y keeps x, and AccumulateGrad under x adds to x.grad. Red arrows run from right to left along
# the tape and carry 1, then one sixth for each number, then one sixth of 2x.](../img/06_autograd_tape.png)
#
# Compare with your engine of lesson 5. A `Value` knew its parents and slopes. A tensor knows its `grad_fn`, and
# each `grad_fn` knows the ones before it. The next cell does not draw what we *think* was recorded. It walks along
# the real tape of `z` and draws what is there.

# %%
axes = plot.tape(z, x=x, y=y, z=z)

# %% [markdown]
# The green box is a **leaf**: a tensor with `requires_grad=True` that no recorded operation has made. You made it.
# Leaves are where a backward pass ends, and where gradients are collected. (The tape holds what *ran*: of an `if` the
# branch that was taken, of a loop every round. So any Python may stand in a network.)
#
# (In old programs you meet `Variable(x)`. It was the wrapper that made a tensor take part in this. Since 2018
# every tensor can do that, and the wrapper does nothing.)
#
# ### Experiment 1
#
# **Predict.** The three numbers below are written without a dot. Does it matter? *This cell may fail.*

# %% tags=["raises-exception"]
counts = torch.tensor([1, 2, 3], requires_grad=True)

# %% [markdown]
# <details><summary>Explain</summary>
#
# How to read such a message: **begin at the bottom**. The last line says *what* is wrong. Then go to the part that
# begins with `Cell In`: the arrow `---->` in it says *where* in your own code it happened. Everything in between,
# parts that begin with `File`, is PyTorch's inside and can be left out.
#
# Here: `1` is a whole number, so the tensor is `int64`. A derivative asks what happens when a number changes *a
# little*, and whole numbers cannot. (Complex numbers can; this course has none.) Write `1.0`, or say
# `dtype=torch.float32`. Labels stay whole numbers, since nobody needs a gradient with respect to a label.
# </details>

# %% [markdown]
# ## 2. Who gets a gradient?
#
# Let us call a tensor with `requires_grad` **tracked**. You switch this on for a few tensors, and it spreads by
# itself: a result is tracked as soon as *one* of its inputs is.
#
# **Predict.** Below, `images` is data and `layer` is an ordinary layer of a network. Nobody writes `requires_grad`
# anywhere. Which of the five tensors is tracked? Which are leaves with a gradient in the end?

# %%
images = torch.arange(6.0).reshape(2, 3)
layer = nn.Linear(3, 1)
with torch.no_grad():  # set its parameters by hand: everybody sees the same numbers (no_grad: section 4)
    layer.weight.copy_(torch.tensor([[0.5, -1.0, 0.25]]))
    layer.bias.fill_(0.1)
h = layer(images)
loss = (h**2).mean()
loss.backward()

named = {"images": images, "weight": layer.weight, "bias": layer.bias, "h": h, "loss": loss}
for name, tensor in named.items():
    made_by = type(tensor.grad_fn).__name__ if tensor.grad_fn else "nobody"
    got = tensor.grad if tensor.is_leaf else "(not a leaf)"
    print(f"{name:7} tracked: {tensor.requires_grad!s:6} made by: {made_by:15} grad: {got}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# The parameters of a layer are made with `requires_grad=True`; that is what `nn.Parameter` means. So `h` and
# `loss` are tracked, because parameters took part. `images` is not: nobody asked. It still has its place in the
# calculation, but a gradient with respect to it would be wasted work. (For PyTorch an untracked tensor is a leaf as
# well, since nothing on the tape has made it. It gets no gradient.)
# </details>
#
# The other way round, `layer.requires_grad_(False)` freezes a layer: its parameters get no gradient, and no
# training moves them.
#
# If you need a gradient with respect to data as well, switch it on with `images.requires_grad_()`. The underscore
# says that the tensor itself is changed. Do it *before* the calculation: nothing is recorded in retrospect.
#
# ### Experiment 2
#
# **Predict.** `h` lies in the middle of the path, and the gradient went through it. What is `h.grad`?

# %%
with warnings.catch_warnings(record=True) as warned:  # to print only the first sentence of a warning
    warnings.simplefilter("always")
    print("h.grad is", h.grad)
print("PyTorch warns:", str(warned[0].message).split(". ")[0] + ".")

h = layer(images)
h.retain_grad()  # ask before the backward pass
(h**2).mean().backward()
print("asked for in advance:", h.grad.flatten())

# %% [markdown]
# <details><summary>Explain</summary>
#
# A network has thousands of such values in the middle, and training needs none of their gradients. So each is used
# for the next step back, then thrown away. Only **leaves** keep theirs. If you want one from the middle, to look
# at it, say `retain_grad()` before `backward()`.
# </details>
#
# ### Experiment 3
#
# **Predict.** The mean made one number out of many. What if we leave it out and go back from all six squares?
# *This cell may fail.*

# %% tags=["raises-exception"]
x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
y = x**2
y.backward()

# %% [markdown]
# <details><summary>Explain</summary>
#
# Read the last line first: *grad can be implicitly created only for scalar outputs*. A backward pass starts with
# the derivative of the result with respect to itself. For one number that is 1, and PyTorch writes the 1 for you
# ("implicitly"). For six numbers it does not know what you want: there is no such thing as *the* slope of six
# results.
#
# Make one number of them. Which one is your decision: the mean, the sum, a single entry. Section 6 shows the
# general way.
# </details>
#
# ### Two ways to ask
#
# | | fills | returns |
# |---|---|---|
# | `loss.backward()` | the `.grad` of **every** leaf on the tape | nothing |
# | `torch.autograd.grad(loss, inputs)` | nothing | a tuple with one gradient for each input |
#
# The first is made for training: thousands of parameters, and an optimiser that looks into `.grad`. The second is
# made for questions. It leaves no trace.

# %%
x = torch.tensor([3.0, 4.0], requires_grad=True)
w = torch.tensor([10.0, 20.0], requires_grad=True)
answer = torch.autograd.grad((w * x).sum(), x)
print("returned:", answer)
print("x.grad:", x.grad, " w.grad:", w.grad)

# %% [markdown]
# ## Exercise: `gradient_of` (3 points)
#
# A function that asks a question: how does `f` change with `x`? It takes any function of one tensor. If the output
# is more than one number, take the gradient of the *sum* of its elements.
#
# And it leaves no trace. The caller's tensor may be plain data, or it may require a gradient already and hold one
# from before: both stay as they are. `f` may be a whole network with parameters of its own: their `.grad` stays as
# it is, too.
#
# <details><summary>Hint 1: the idea</summary>
# You need a leaf with the numbers of <code>x</code> that is not <code>x</code>. When do you have to switch
# tracking on, before or after <code>f</code> runs?
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
# Copy the numbers off the tape, switch tracking on, call <code>f</code>, add up, ask. Which of the two ways to ask
# leaves the parameters of <code>f</code> alone?
# </details>
#
# <details><summary>Hint 3: almost there</summary>
# <code>x.detach().clone()</code> has the numbers and no history; <code>.requires_grad_()</code> makes it a leaf
# that is tracked. <code>torch.autograd.grad</code> returns a tuple, even for a single input.
# </details>


# %% exercise="gradient_of"
def gradient_of(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return the gradient of the sum of all elements of `f(x)` with respect to `x`.

    f: takes a tensor of the shape of `x` and returns a tensor of any shape that depends on it;
    x: float, any shape, tracked or not. Returns a tensor of the shape of `x`.
    Leaves `x`, `x.requires_grad` and the `.grad` of every tensor as they are.
    """
    ### BEGIN SOLUTION
    leaf = x.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(f(leaf).sum(), leaf)
    return gradient
    ### END SOLUTION


# %% check="gradient_of" points=3
@check("gradient_of")
def _(given, expect):
    x = given.normal(3, 5)
    expect("the gradient of a single number", gradient_of(lambda t: (t**3).mean(), x))
    expect("an output of any shape", gradient_of(lambda t: t.exp() * t, x))
    held = given.normal(4, 3).requires_grad_()
    held.grad = given.normal(4, 3)
    found = gradient_of(lambda t: t**2, held)
    tracked = {"x tracked": int(held.requires_grad), "plain data tracked": int(x.requires_grad)}
    states = {"x": held, "x.grad": arrived(held), **tracked, "recording": int(torch.is_grad_enabled())}
    expect("your tensor as it was", {"answer": found, **states})
    network = given.fill(nn.Linear(5, 2))
    network.weight.grad = given.normal(2, 5)
    found = gradient_of(network, x)
    expect("the network's own .grad as it was", {"answer": found, "weight.grad": arrived(network.weight)})

# %% [markdown]
# ### What it is good for
#
# The gradient of the loss with respect to the *image* shows which pixels the loss is sensitive to, here and for small
# changes. And it shows how to fool a network: change every pixel a little, in the direction in which the loss grows.
#
# **Predict.** The pixels run from −1 (black) to 1 (white). We change each by 0.2 at most, a tenth of the range.
# The network is right for about 86 of 100 images that it has never seen. For how many is it right afterwards?

# %%
torch.manual_seed(6)
classifier = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.Adam(classifier.parameters(), lr=0.003)
train_images, train_labels = data.digits("train")
for epoch in range(3):  # the training loop: lesson 7 takes it apart
    generator = torch.Generator().manual_seed(epoch)
    for batch, targets in data.batches(train_images, train_labels, 50, generator=generator):
        optimizer.zero_grad()
        F.cross_entropy(classifier(batch), targets).backward()
        optimizer.step()

digits, labels = data.digits("validation")
digits.requires_grad_()  # now the images are leaves
losses = F.cross_entropy(classifier(digits), labels, reduction="none")  # one loss for each image
(slopes,) = torch.autograd.grad(losses.sum(), digits)
with torch.no_grad():
    nudged = (digits + 0.2 * slopes.sign()).clamp(-1, 1)
    for name, pictures in (("as they are", digits), ("nudged", nudged)):
        right = (classifier(pictures).argmax(dim=1) == labels).float().mean()
        print(f"{name:12} {100 * right:.0f} of 100 right")

some = torch.tensor([0, 7, 13, 21])
matters = slopes[some].abs() / slopes[some].abs().amax(dim=(2, 3), keepdim=True)
rows = torch.cat([digits[some], 2 * matters - 1, nudged[some]])  # all from -1 to 1
axes = plot.images(rows, ["image"] * 4 + ["sensitive"] * 4 + ["nudged"] * 4, columns=4, size=1.4)

# %% [markdown]
# A person reads the nudged digits without trouble. Such images are called *adversarial examples*.
#
# One detail deserves a second look. We needed a thousand gradients, one for each image, and asked once, for the
# gradient of the *sum* of the losses. Is that allowed? Yes: the loss of one image does not depend on the pixels of
# another, so nothing mixes.

# %% [markdown]
# ## 3. Gradients add up
#
# **Predict.** Three passes over the same expression, each calculated afresh. Its derivative at 3 is 6. What is in
# `x.grad` after each pass?

# %%
x = torch.tensor(3.0, requires_grad=True)
for number in range(1, 4):
    loss = x**2
    loss.backward()
    print(f"after pass {number}: x.grad = {x.grad.item()}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# 6, 12, 18. `backward()` does not *write* the gradient into `.grad`, it **adds** it. That is why the box in the
# figure is called AccumulateGrad.
#
# Within a pass it has to add. If `x` is used in two places, two paths lead back to it, and their gradients add (lesson
# 4). From one pass to the next it need not: PyTorch treats a second pass like one more path. That is useful, since a
# batch that is too large for the memory can be handled in pieces.
# </details>
#
# So somebody must clear. There are three ways, and they do not do the same:

# %%
tiny = nn.Linear(2, 1)
optimizer = torch.optim.SGD(tiny.parameters(), lr=0.1)
for name, clear in {
    "tiny.weight.grad.zero_()": lambda: tiny.weight.grad.zero_(),
    "tiny.weight.grad = None": lambda: setattr(tiny.weight, "grad", None),
    "optimizer.zero_grad()": lambda: optimizer.zero_grad(),
}.items():
    tiny(torch.ones(5, 2)).sum().backward()
    clear()
    print(f"after {name:25} .grad is {tiny.weight.grad}")

# %% [markdown]
# In spite of its name `zero_grad()` writes no zeros. It sets `.grad` to `None`: no gradient instead of a gradient
# of zero. That saves memory, and an optimiser passes over a parameter whose gradient is `None`. Both are fine in a
# training loop. Code that looks at `.grad` must expect `None`.

# %% [markdown]
# ## Exercise: `predict_accumulation` (2 points)
#
# Be the machine. This is what runs:
#
# ```python
# x = torch.tensor(3.0, requires_grad=True)
# for i in range(1, k + 1):
#     if cleared:
#         x.grad = None
#     loss = i * x**2
#     loss.backward()
# ```
#
# Mind the factor `i`: the passes are not alike. Return the number in `x.grad` at the end. A formula is the better
# exercise. Running the loop is allowed as well.
#
# <details><summary>Hint 1: the idea</summary>
# What is the derivative of $i \cdot x^2$ at $x = 3$, for $i = 1, 2, 3$? Which of these are in <code>x.grad</code>
# at the end if it is cleared before every pass, and which if it never is?
# </details>
#
# <details><summary>Hint 2: almost there</summary>
# Pass number $i$ adds $6i$. And $1 + 2 + \dots + k = k(k+1)/2$.
# </details>


# %% exercise="predict_accumulation"
def predict_accumulation(k: int, cleared: bool) -> float:
    """Return the number in x.grad after k backward passes, as in the loop above.

    k: number of passes, 1 or more; cleared: whether x.grad is cleared before every pass, or never.
    """
    ### BEGIN SOLUTION
    return 6.0 * k if cleared else 3.0 * k * (k + 1)
    ### END SOLUTION


# %% check="predict_accumulation" points=2
@check("predict_accumulation")
def _(given, expect):
    passes = (1, 2, 3, given.integer(4, 40), given.integer(40, 200))
    kept = [predict_accumulation(k, False) for k in passes]
    expect("passes without clearing", losses_as_numbers(kept))
    alone = [predict_accumulation(k, True) for k in passes]
    expect("passes with clearing", losses_as_numbers(alone))

# %% [markdown]
# ### What it is good for
#
# Forgetting to clear is one of the most common mistakes in training loops, and nothing complains. But the same
# behaviour, used on purpose, gives the gradient of a large batch in small pieces:


# %%
def gradient_in_pieces(pieces):
    classifier.zero_grad()
    parts = zip(train_images[:600].chunk(pieces), train_labels[:600].chunk(pieces), strict=True)
    for part, targets in parts:
        loss = F.cross_entropy(classifier(part), targets)
        (loss / pieces).backward()  # the mean of means over parts of equal size
    return classifier[1].weight.grad


whole, pieced = gradient_in_pieces(1), gradient_in_pieces(6)
print("largest difference:", round((whole - pieced).abs().max().item(), 4))

# %% [markdown]
# **Now you can** predict what `.grad` holds, and clear it or use it.
#
# ### Experiment 4
#
# The passes above calculated `loss` afresh every time. Now we do not: one forward pass, two backward passes.
#
# **Predict.** First for a sum, then for a sum of exponentials. What does each of them do at the second
# `backward()`? *This cell may fail.*

# %% tags=["raises-exception"]
w = torch.tensor([0.0, 1.0], requires_grad=True)
loss = w.sum()
loss.backward()
loss.backward()
print("the sum, twice:", w.grad)

w.grad = None
loss = w.exp().sum()
loss.backward()
print("exponentials, once:", w.grad)
loss.backward()

# %% [markdown]
# <details><summary>Explain</summary>
#
# To go back through `exp`, PyTorch needs the value of $e^w$, which it **saved** during the forward pass. After one
# backward pass it frees what it saved, since these values are often the largest thing in memory. The second pass
# finds nothing. A sum has nothing to save, so the second pass works and *silently* adds the gradient once
# more.
#
# The message offers a way out, `retain_graph=True`. It keeps the saved values. In a training loop this is nearly
# always the wrong cure. Ask instead why there is a second pass over an old tape. Usually something was calculated
# once, *before* the loop, that belongs inside: every step must run forward with the new parameters.
# </details>

# %% [markdown]
# ## 4. When nothing should be recorded
#
# To measure or to show something you need no tape. It costs memory, and it can get in the way. Three tools:
#
# | tool | does |
# |---|---|
# | `with torch.no_grad():` | nothing inside is recorded |
# | `with torch.set_grad_enabled(flag):` | records if `flag` is true: one piece of code for training *and* measuring |
# | `t.detach()` | a second view of one tensor: the same numbers in the same memory, no history |
#
# **Predict.** Which of the four results below are tracked?

# %%
w = torch.tensor([1.0, 2.0], requires_grad=True)
with torch.no_grad():
    inside = w * 2
results = {"inside no_grad": inside, "detached": (w * 2).detach()}
for flag in (True, False):
    with torch.set_grad_enabled(flag):
        results[f"set_grad_enabled({flag})"] = w * 2
for name, result in results.items():
    print(f"{name:24} tracked: {result.requires_grad}")
print(f"w itself, as before:     tracked: {w.requires_grad}")

# %% [markdown]
# `no_grad` changes what is *recorded*. It does not change `w`, nor its `.grad`, nor what layers calculate.
#
# Two slips that Python or PyTorch will tell you about, each in its own words. The first forgot the parentheses.
# The second took a tensor made under `torch.inference_mode()`, the stricter relative of `no_grad`, and used it in
# training:


# %%
def message_of(call):
    try:
        call()
    except (RuntimeError, TypeError) as error:
        return f"{type(error).__name__}: {str(error).split('. ')[0]}"


def without_parentheses():
    with torch.no_grad:
        pass


with torch.inference_mode():
    frozen = torch.ones(2)

print(message_of(without_parentheses))
print(message_of(lambda: (w * frozen).sum().backward()))

# %% [markdown]
# ### Experiment 5
#
# A step of gradient descent: $w \leftarrow w - 0.1 \, \nabla L$. In Python, `w -= …` changes the tensor **in
# place**: no new tensor is made.
#
# **Predict.** What can be wrong with that? *This cell may fail.*

# %% tags=["raises-exception"]
w = torch.tensor([1.0, 2.0], requires_grad=True)
(w**2).sum().backward()
w -= 0.1 * w.grad

# %% [markdown]
# <details><summary>Explain</summary>
#
# `w` is a leaf: the tape says "gradients with respect to `w` end here". If the subtraction were recorded, `w`
# would be the result of an operation on *itself*, and no leaf any more. PyTorch refuses. (It still says
# *Variable*, the word of the old days.)
#
# The update is not part of the calculation that we differentiate. It must not be recorded.
# </details>
#
# There are several ways to make the message go away. **Predict**, for each row: after the update, does `w` still
# work in the next step?


# %%
def fresh():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    (w**2).sum().backward()
    return w


def show(name, start, after):
    print(f"{name:28} {[round(n, 2) for n in after.tolist()]}", end="")
    print(f"  same tensor: {after is start!s:6} leaf: {after.is_leaf!s:6} tracked: {after.requires_grad}")


w = start = fresh()
w = w - 0.1 * w.grad
show("w = w - …", start, w)

w = start = fresh()
with torch.no_grad():
    w = w - 0.1 * w.grad
show("w = w - … under no_grad", start, w)

w = start = fresh()
with torch.no_grad():
    w -= 0.1 * w.grad
show("w -= … under no_grad", start, w)

# %% [markdown]
# <details><summary>Explain</summary>
#
# All three calculate the same numbers. But the first two make a *new* tensor and hang the name `w` on it. The
# first new one is no leaf: after the next `backward()` its `.grad` is `None`. The second is a leaf that is not
# tracked: the next `backward()` finds nothing to do. In both cases the network, which holds the *old* tensor,
# never hears of the update. Only the third changes the tensor that everybody else holds.
# </details>
#
# ### Experiment 6
#
# In-place changes have one more trap. Going back through `exp` needs the *result* of `exp` (its derivative is
# itself).
#
# **Predict.** Below, that result is changed before `backward()`. Does PyTorch notice? *This cell may fail.*

# %% tags=["raises-exception"]
t = torch.tensor([1.0, 2.0], requires_grad=True)
e = t.exp()
e += 1
e.sum().backward()

# %% [markdown]
# <details><summary>Explain</summary>
#
# It does. Every tensor counts how often it was changed in place: its **version**. The tape noted version 0 when it
# saved `e`, and found version 1. A wrong gradient would have been worse than an error. Write `e = e + 1`: that
# makes a new tensor and leaves the saved one alone.
# </details>
#
# In older code you will meet `w.data`. It gives the numbers of `w` *without* this guard. That makes every message
# of this section go away, and the protection with it.
#
# **Predict.** The derivative of $w^2$ at $w = 1$ is 2. Before the backward pass we set $w$ to 5, once with each
# tool.

# %%
w = torch.tensor(1.0, requires_grad=True)
loss = w**2
w.data.fill_(5.0)
loss.backward()
print("with .data:    w.grad =", w.grad.item())

w = torch.tensor(1.0, requires_grad=True)
loss = w**2
with torch.no_grad():
    w.fill_(5.0)
print("under no_grad:", message_of(loss.backward))

# %% [markdown]
# <details><summary>Explain</summary>
#
# With `.data` the answer is 10, which is $2 \cdot 5$: the slope at a place where `loss` was never calculated. It
# is wrong and says nothing. Under `no_grad` the change is counted, and you get a message. Leave `.data` to
# history.
# </details>

# %% [markdown]
# **Now you can** say at each line of a program whether it is on the tape.
#
# ## Exercise: `sgd_update` (4 points)
#
# One step of gradient descent for all parameters of a network, written by hand: without `torch.optim`. After it, the
# *same* tensors hold new numbers and are ready for the next step. A parameter that got no gradient stays as it is.
# And a tape that was recorded before the step must notice the change, as in the last cell.
#
# <details><summary>Hint 1: the idea</summary>
# The third line of the comparison under experiment 5, for each parameter in turn.
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
# <code>model.parameters()</code> hands out one parameter after the other, and only once: go through it with a
# plain <code>for</code>. What is <code>.grad</code> of a parameter that took no part?
# </details>
#
# <details><summary>Hint 3: almost there</summary>
# <code>for p in params:</code> … <code>p = p - …</code> gives the name <code>p</code> to a new tensor and changes
# no parameter. <code>p -= …</code> changes it. Where does <code>torch.no_grad()</code> belong?
# </details>


# %% exercise="sgd_update" without=["SGD", "optim"]
def sgd_update(params: Iterable[Tensor], lr: float) -> None:
    """Subtract `lr` times its gradient from each parameter, in place.

    params: leaves that require gradients, any shapes, for example `model.parameters()`;
    one whose `.grad` is None is skipped. Afterwards each is the same tensor with new numbers,
    still a leaf and still tracked, and its `.grad` is as it was: clearing is somebody else's task.
    Outside, gradients are recorded as before.
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        for parameter in params:
            if parameter.grad is not None:
                parameter -= lr * parameter.grad
    ### END SOLUTION


# %% check="sgd_update" points=4
@check("sgd_update")
def _(given, expect):

    def leaf(*shape):
        made = given.normal(*shape).requires_grad_()
        made.grad = given.normal(*shape)
        return made

    weights = [leaf(3, 2), leaf(4)]
    first, second = weights
    sgd_update(weights, 0.3)
    numbers = {"first": first, "second": second, "first.grad": arrived(first)}
    entry = {"list: leaf": int(weights[0].is_leaf), "list: tracked": int(weights[0].requires_grad)}
    expect("the new numbers", {**numbers, **entry, "list: numbers": weights[0]})
    model = given.fill(nn.Linear(3, 2))
    x, y = given.normal(7, 3), given.normal(7, 2)
    for _ in range(2):
        model.zero_grad()
        ((model(x) - y) ** 2).mean().backward()
        sgd_update(model.parameters(), 0.3)
    states = {"leaf": int(model.weight.is_leaf), "tracked": int(model.weight.requires_grad)}
    expect("two steps of training", {"weight": model.weight, "bias": model.bias, **states})
    alone, w = leaf(5), leaf(4)
    loss, view = (w**2).sum(), w.detach()
    sgd_update([w], 0.3)
    noticed = error_of(loss.backward)
    expect("a tape that notices the change", {"w": w, "a view of w": view, "an old tape says": noticed})
    w.grad = None
    with torch.no_grad():
        sgd_update([w, alone], 0.3)
        recording = int(torch.is_grad_enabled())
    outside = {"recording where it was off": recording, "recording where it was on": int(torch.is_grad_enabled())}
    expect("a parameter without a gradient", {"w": w, "w.grad": arrived(w), "the next one": alone, **outside})

# %% [markdown]
# ### What it is good for
#
# With these few lines you can train. No optimiser, no module: two tensors, a loss, and the rule.

# %%
points, targets = data.noisy_line(seed=6)
slope = torch.zeros(1, requires_grad=True)
offset = torch.zeros(1, requires_grad=True)
history = []
for _ in range(60):
    slope.grad = offset.grad = None
    loss = ((points * slope + offset - targets) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        slope -= 0.1 * slope.grad
        offset -= 0.1 * offset.grad
    history.append(loss.item())
print(f"the line: {slope.item():.2f} x {offset.item():+.2f}")
axes = plot.loss_curves({"mean squared error": history})

# %% [markdown]
# ## 5. Cutting a path on purpose
#
# `detach()` cuts the tape at one tensor. The numbers go on, the gradient does not come back. That is what you want
# when a tensor serves as a **target**: something to aim at, that should not come to meet you.
#
# **Predict.** Both `a` and `b` are leaves below. In the tape of the second loss, what has become of `b`?

# %%
a = torch.tensor([1.0, 4.0], requires_grad=True)
b = torch.tensor([3.0, 0.0], requires_grad=True)
loss = ((a - b) ** 2).mean()
axes = plot.tape(loss, a=a, b=b, loss=loss)

# %%
loss = ((a - b.detach()) ** 2).mean()
axes = plot.tape(loss, a=a, b=b, loss=loss)
loss.backward()
print("a.grad:", a.grad, " b.grad:", b.grad)

# %% [markdown]
# <details><summary>Explain</summary>
#
# The value of the loss is the same. But no path leads to `b`, so `b.grad` stays `None`, and a step of gradient
# descent would move `a` only. For `b` this loss is a constant.
# </details>
#
# The same cut happens **by accident**. These all take numbers off the tape. None of them raises an error, at most you
# get a warning:
# `loss.item()`, `float(loss)`, `t.detach().numpy()`, `torch.tensor(t)`, anything under `no_grad`. Outside the path
# of the loss they are useful, to print or to draw. On the path they are the end of it.

# %% [markdown]
# ## Exercise: `stop_gradient_loss` (3 points)
#
# Two networks produce `a` and `b`. They should meet, but not half-way: `a` follows `b` with full weight, `b` comes
# towards `a` with a quarter of it. One loss can say that. It has two terms with the same value and different cuts:
#
# $$L = \operatorname{mean}\bigl((a - \operatorname{stop}(b))^2\bigr)
# + \tfrac{1}{4} \operatorname{mean}\bigl((\operatorname{stop}(a) - b)^2\bigr)$$
#
# Here $\operatorname{stop}$ means: the same numbers, but no gradient goes back through this. So the first term
# moves `a` only, the second moves `b` only.
#
# <details><summary>Hint 1: the idea</summary>
# In each term one of the two tensors is a target. Cut the path to that one, and only there.
# </details>
#
# <details><summary>Hint 2: almost there</summary>
# <code>b.detach()</code> is a second view without history; <code>b</code> itself stays as it is.
# (<code>b.detach_()</code>, with the underscore, would change the caller's tensor.)
# </details>


# %% exercise="stop_gradient_loss"
def stop_gradient_loss(a: Tensor, b: Tensor) -> Tensor:
    """Return the loss above, a scalar tensor.

    a, b: the same shape, float. The gradient with respect to `a` is that of the first term alone,
    the gradient with respect to `b` that of the second alone. Both tensors stay as they are.
    """
    ### BEGIN SOLUTION
    return F.mse_loss(a, b.detach()) + F.mse_loss(a.detach(), b) / 4
    ### END SOLUTION


# %% check="stop_gradient_loss" points=3
@check("stop_gradient_loss")
def _(given, expect):
    a, b = (given.normal(3, 5, dtype=torch.float64).requires_grad_() for _ in range(2))
    loss = stop_gradient_loss(a, b)
    states = {"a": a, "b": b, "a tracked": int(a.requires_grad), "b tracked": int(b.requires_grad)}
    expect("the value", {"loss": loss, **states})
    loss.backward()
    expect("the gradient that reaches a", arrived(a))
    expect("the gradient that reaches b", arrived(b))
    shared = given.normal(5, dtype=torch.float64).requires_grad_()
    stop_gradient_loss(shared * given.normal(3, 5), shared.exp() * given.normal(3, 5)).backward()
    expect("a weight that both depend on", arrived(shared))

# %% [markdown]
# ### What it is good for
#
# Two points on a line, pulled together by this loss. They meet nearer to where `b` began:

# %%
a, b = (torch.tensor(start, requires_grad=True) for start in (0.0, 10.0))
paths = {"a": [], "b": []}
for _ in range(25):
    a.grad = b.grad = None
    loss = (a - b.detach()) ** 2 + (a.detach() - b) ** 2 / 4
    loss.backward()
    with torch.no_grad():
        a -= 0.1 * a.grad
        b -= 0.1 * b.grad
    paths["a"].append(a.item())
    paths["b"].append(b.item())
print(f"they meet at {a.item():.2f}")
axes = plot.loss_curves(paths, ylabel="place")

# %% [markdown]
# `a` covers four fifths of the way, because its gradient is four times as large. A loss of this shape trains image
# generators that work with a code book; see *further reading*.

# %% [markdown]
# ## 6. More than one output
#
# Back to experiment 3, where PyTorch would not go back from six numbers. There *is* an object that answers all
# questions at once: the **Jacobian** $J$ of lesson 4, with a row for each output and a column for each input. It
# is only large.
#
# **Predict.** A layer takes a flattened digit (784) to 128 outputs. How many numbers does the Jacobian have, for a
# single image?

# %%
print(f"{128 * 784:,} for one image, {64 * 128 * 64 * 784:,} for a batch of 64")

# %% [markdown]
# A backward pass never builds it. It multiplies a *vector* with it, from the left:
#
# $$v^\top J \qquad\text{where } v \text{ has one number for each output}$$
#
# This is the **vector-Jacobian product** of lesson 4. The vector says how much each output matters. In the middle
# of a network it is the gradient that arrives from the right. At the end, with a single output, it is the 1 that
# PyTorch writes for you. With several outputs you hand it over: `y.backward(v)`, or
# `torch.autograd.grad(y, x, v)`.
#
# **Predict.** Below, `y` is $x^2$ for three numbers. What comes out for each of the three vectors?

# %%
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
for v in ([1.0, 1.0, 1.0], [0.0, 1.0, 0.0], [1.0, -1.0, 0.5]):
    y = x**2
    (product,) = torch.autograd.grad(y, x, torch.tensor(v))
    print(v, "->", product)

# %% [markdown]
# <details><summary>Explain</summary>
#
# Ones give the gradient of the sum. A single 1 picks one output: one row of the Jacobian. Anything else gives a
# weighted sum of rows. It is the gradient of $\sum_i v_i y_i$, so a vector and a weighted sum are the same
# question.
# </details>

# %% [markdown]
# ## Exercise: `vjp` (3 points)
#
# Multiply `v` with the Jacobian of `f` at `x`, with **one** backward pass and without building the Jacobian. PyTorch
# has ready-made functions for this and for the Jacobian; here you do without them.
#
# <details><summary>Hint 1: the idea</summary>
# It is <code>gradient_of</code> with one change: instead of adding up all outputs with the same weight, output
# number <em>i</em> gets the weight <em>vᵢ</em>.
# </details>
#
# <details><summary>Hint 2: almost there</summary>
# Hand <code>v</code> to <code>torch.autograd.grad</code> as the third argument, or take the gradient of
# <code>(f(leaf) * v).sum()</code>.
# </details>


# %% exercise="vjp" without=["vjp", "jacobian", "jacrev", "jacfwd"]
def vjp(f: Callable[[Tensor], Tensor], x: Tensor, v: Tensor) -> Tensor:
    """Return the product of `v` with the Jacobian of `f` at `x`.

    f: takes a tensor of the shape of `x`, returns a tensor of any shape;
    x: float, any shape, stays as it is; v: float, the shape of `f(x)`.
    Returns a tensor of the shape of `x`. Goes back through `f` once.
    """
    ### BEGIN SOLUTION
    leaf = x.detach().clone().requires_grad_()
    (product,) = torch.autograd.grad(f(leaf), leaf, v)
    return product
    ### END SOLUTION


# %% check="vjp" points=3
@check("vjp")
def _(given, expect):
    x, weight, v = given.normal(3, 4), given.normal(4, 5), given.normal(3, 5)
    expect("the product", vjp(lambda t: torch.tanh(t @ weight), x, v))
    short = vjp(lambda t: (t**2).sum(dim=1), x, v[:, 0])
    expect("outputs of any shape", [short, vjp(lambda t: t.exp().sum(), x, v[0, 0])])
    seen, passes = set(), []

    def watched(t):
        if t.requires_grad and id(t) not in seen:
            seen.add(id(t))
            t.register_hook(lambda _: passes.append("one"))
        return torch.tanh(t @ weight).T

    held = given.normal(3, 4).requires_grad_()
    held.grad = given.normal(3, 4)
    product = vjp(watched, held, v.T)
    expect("one backward pass", {"answer": product, "passes": len(passes)})
    plain = given.normal(3, 4)
    product = vjp(lambda t: torch.tanh(t @ weight), plain, v)
    tracked = {"x tracked": int(held.requires_grad), "plain data tracked": int(plain.requires_grad)}
    recording = {"recording": int(torch.is_grad_enabled())}
    expect("your tensor as it was", {"answer": product, "x": held, "x.grad": arrived(held), **tracked, **recording})

# %% [markdown]
# ### What it is good for
#
# A vector with a single 1 gives one row of the Jacobian. All such vectors together give all of it: one backward
# pass for each *output*. That is why training goes backwards. A loss has one output and a network has a hundred
# thousand inputs, its parameters.


# %%
def curved(t):
    return torch.stack([t[0] * t[1], t[1] ** 2 + t[2], t.sum().sin()])


place = torch.tensor([1.0, 2.0, -3.0])
rows = []
for v in torch.eye(3):
    x = place.clone().requires_grad_()
    rows += torch.autograd.grad(curved(x), x, v)
print("row by row:\n", torch.stack(rows))
print("the library's:\n", torch.autograd.functional.jacobian(curved, place))

# %% [markdown]
# ## 7. Repair it
#
# A colleague wrote a training step. The loss is cross-entropy plus a **penalty** for large parameters: 0.01 times
# the sum of the squares of all parameters. It runs without a message, and the network learns nothing.
#
# **Predict.** There are *three* places where the tape is cut. Find them before you run the cell. Which parameters
# get a gradient?


# %%
def broken_step(model, batch):
    images, labels = batch
    model.zero_grad()
    with torch.no_grad():  # saves memory
        hidden = model[:-1](images)
    logits = model[-1](hidden)
    penalty = sum((p**2).sum().item() for p in model.parameters())
    loss = F.cross_entropy(logits, labels) + 0.01 * penalty
    loss = torch.tensor(loss.item(), requires_grad=True)  # a loss must require a gradient
    loss.backward()
    return loss


torch.manual_seed(6)
patient = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
loss = broken_step(patient, (torch.randn(5, 4), torch.tensor([0, 2, 1, 1, 0])))
print("gradients:", {name: parameter.grad for name, parameter in patient.named_parameters()})
parameters = {f"p{number}": parameter for number, parameter in enumerate(patient.parameters())}
axes = plot.tape(loss, loss=loss, **parameters)

# %% [markdown]
# <details><summary>Explain</summary>
#
# The tape of `loss` is a single leaf. `torch.tensor(loss.item(), requires_grad=True)` makes a *new* tensor, with
# the right number and no history. `backward()` obediently gives it a gradient of 1, and that is all. People write
# such a line to get rid of the message *does not require grad*. The message was trying to help: it said that nothing
# leads from the loss to a parameter.
#
# The two other cuts are worse, because they do less. They take away *part* of the gradient, and a network with
# part of its gradient still learns something.
# </details>

# %% [markdown]
# ## Exercise: `repair_the_tape` (2 points)
#
# Write the step as it was meant. Copy the colleague's lines if you like. In the end every parameter holds the
# gradient of the *whole* loss, from this batch alone.
#
# <details><summary>Hint 1: the idea</summary>
# After each repair, look at two things: is <code>.grad</code> of the first layer there? And does the penalty have
# a share in it?
# </details>
#
# <details><summary>Hint 2: almost there</summary>
# Three lines cut: the one with <code>no_grad</code>, the one with <code>.item()</code> in the penalty, and the one
# with <code>torch.tensor</code>. <code>model.zero_grad()</code> is in its place.
# </details>


# %% exercise="repair_the_tape"
def repair_the_tape(model: nn.Sequential, batch: tuple[Tensor, Tensor]) -> Tensor:
    """Calculate the loss of one batch and its gradients.

    The loss is cross-entropy plus 0.01 times the sum of all squared parameters, biases too.
    model: layers in a row, from images to logits; batch: images (n, features), labels (n,) int64.
    Leaves in every parameter's `.grad` the gradient of this loss, and nothing of what was there.
    Takes no step: the parameters stay as they are. Returns the loss, a scalar tensor or a number.
    """
    ### BEGIN SOLUTION
    images, labels = batch
    model.zero_grad()
    penalty = sum((p**2).sum() for p in model.parameters())
    loss = F.cross_entropy(model(images), labels) + 0.01 * penalty
    loss.backward()
    return loss
    ### END SOLUTION


# %% check="repair_the_tape" points=2
@check("repair_the_tape")
def _(given, expect):
    model = given.fill(nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)), scale=1.0)
    for parameter in model.parameters():
        parameter.grad = given.normal(*parameter.shape)  # left over from the batch before
    weights = [parameter.detach().clone() for parameter in model.parameters()]
    loss = repair_the_tape(model, (given.normal(7, 6), given.integers(3, size=7)))
    last, first = model[2], model[0]
    moved = [not torch.equal(old, new) for old, new in zip(weights, model.parameters())]
    states = {"parameters that moved": sum(moved), "the weight itself": last.weight}
    gradients = {"bias": arrived(last.bias), "weight": arrived(last.weight)}
    expect("the gradients of the last layer", {**gradients, **states})
    expect("the gradients of the first layer", {"bias": arrived(first.bias), "weight": arrived(first.weight)})
    expect("the loss", loss_as_number(loss.detach() if isinstance(loss, Tensor) else loss), points=0.3)

# %% [markdown]
# The mended step has a tape that can be read. Two branches lead back from the loss, through cross-entropy and
# through the penalty, and both reach the weight:

# %%
small = nn.Linear(4, 3, bias=False)
penalty = (small.weight**2).sum()
loss = F.cross_entropy(small(torch.ones(2, 4)), torch.tensor([0, 2])) + 0.01 * penalty
axes = plot.tape(loss, weight=small.weight, loss=loss)

# %% [markdown]
# ## 8. Exit questions
#
# Write the letter of your answer, in quotes.
#
# ### Exit question: what has changed after it? `exit_backward` (1 point)
#
# What does `loss.backward()` do?
#
# - a) It calculates the gradient of the parameters with respect to the loss.
# - b) It adds the gradient of the loss with respect to each tracked leaf to the `.grad` of that leaf.
# - c) It calculates the gradient and takes a step: afterwards the parameters have changed.
# - d) It replaces the `.grad` of every tensor on the tape, those in the middle included.

# %% exercise="exit_backward"
exit_backward = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_backward = "b"
### END SOLUTION

# %% check="exit_backward" points=1
@check("exit_backward")
def _(given, expect):
    expect("the choice", choice(exit_backward))

# %% [markdown]
# ### Exit question: what cures the message? `exit_retain` (1 point)
#
# A loop stops in its second round with *Trying to backward through the graph a second time*. The cell:
#
# ```python
# features = encoder(images)
# for step in range(100):
#     loss = criterion(head(features), labels)
#     optimizer.zero_grad()
#     loss.backward()
#     optimizer.step()  # of encoder and head
# ```
#
# What is the right cure?
#
# - a) `loss.backward(retain_graph=True)`, as the message suggests.
# - b) Leave out `zero_grad()`, because it deletes the tape.
# - c) Put `loss.backward()` under `torch.no_grad()`.
# - d) Calculate `features` inside the loop.

# %% exercise="exit_retain"
exit_retain = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_retain = "d"
### END SOLUTION

# %% check="exit_retain" points=1
@check("exit_retain")
def _(given, expect):
    expect("the choice", choice(exit_retain))

# %% [markdown]
# ### Exit question: what does measuring change? `exit_no_grad` (1 point)
#
# You measure the loss on validation images under `with torch.no_grad():`. What does that change?
#
# - a) Parameters lose `requires_grad`, and must get it back before training goes on.
# - b) The `.grad` that training left in the parameters is cleared.
# - c) Operations inside are not recorded, which saves memory. Parameters and their `.grad` stay as they are.
# - d) Layers that behave differently in training, such as dropout, are switched to measuring.

# %% exercise="exit_no_grad"
exit_no_grad = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_no_grad = "c"
### END SOLUTION

# %% check="exit_no_grad" points=1
@check("exit_no_grad")
def _(given, expect):
    expect("the choice", choice(exit_no_grad))

# %% [markdown]
# ## Summary
#
# - PyTorch records every operation that a tracked tensor takes part in. `backward()` reads this tape backwards and
#   gives the gradient **of the loss with respect to** the leaves.
# - Only **leaves** with `requires_grad` keep a `.grad`; whole numbers cannot. Parameters are such leaves.
# - `.grad` **accumulates**. Clear it before each step. `zero_grad()` leaves `None`, not zeros.
# - A backward pass starts from one number. For more, hand over a vector: it multiplies the Jacobian from the left.
# - What a tape has saved is used up by one backward pass. `retain_graph=True` cures the message, seldom the cause.
# - Update parameters **in place, under `no_grad`**. A new tensor under an old name is not an update, and `.data`
#   has no guard.
# - `detach`, `item`, NumPy, `torch.tensor(…)` and `no_grad` cut the tape, on purpose or not. If a gradient is
#   missing, look for the cut.
#
# **What comes next.** Loss, gradient, update: you have all the parts of training. Lesson 7 puts them into *the
# loop*.
#
# **Further reading**
# - PyTorch: [Autograd mechanics](https://docs.pytorch.org/docs/stable/notes/autograd.html), with the rules for
#   leaves, saved tensors, in-place operations and the modes.
# - PyTorch: [torch.autograd.grad](https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html) and
#   [Tensor.backward](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html).
# - A. Paszke and others, *PyTorch: An Imperative Style, High-Performance Deep Learning Library*, NeurIPS 2019
#   ([arXiv:1912.01703](https://arxiv.org/abs/1912.01703)): how the tape is built, by its authors.
# - I. Goodfellow, J. Shlens, C. Szegedy, *Explaining and Harnessing Adversarial Examples*, ICLR 2015
#   ([arXiv:1412.6572](https://arxiv.org/abs/1412.6572)): the nudge of section 2.
# - A. van den Oord, O. Vinyals, K. Kavukcuoglu, *Neural Discrete Representation Learning*, NeurIPS 2017
#   ([arXiv:1711.00937](https://arxiv.org/abs/1711.00937)): a loss with two stopped gradients, as in section 5.
