# %% [markdown]
# # 7 · The training loop: five short steps, repeated
#
# The parts are on the table: a network, a loss, gradients, a step downhill. How do they go together, in which
# order, and how often? And when the loop has run, how do you know that it worked?
#
# **You will be able to**
# - write the training loop, and say what each line of it is for;
# - recognise from a curve which line is missing;
# - report a loss that is the mean over *images*, and a prediction that leaves no traces;
# - test a network in a second, before you train it for an hour;
# - judge a trained network on digits it has never seen, and look at its mistakes.
#
# About 100 minutes · 20 points · nothing is downloaded

# %% setup=true
import copy
import functools
from collections.abc import Callable

import torch
from torch import Tensor, nn

from helper import check, data, plot
from helper.fixtures import (
    GraphSpy,
    StepSpy,
    choice,
    loss_as_number,
    losses_as_numbers,
    shape_of,
    vector_of,
)

torch.set_num_threads(1)  # networks this small gain little from a second thread: lesson 10

# %% [markdown]
# ## 1. Images in, one row each
#
# We train on 3,000 handwritten digits. Another 1,000 are kept for looking while we work (*validation*), and a
# last 1,000 for one honest exam at the end (*test*).

# %%
images, labels = data.digits("train")
print("images:", tuple(images.shape), " labels:", tuple(labels.shape))
axes = plot.images(images[:16], labels[:16])

# %% [markdown]
# A `Linear` layer wants one row of numbers per image. So each image of 1 × 28 × 28 must become a row of 784.
# This can go wrong *silently*.
#
# **Predict.** Here are three images of 2 × 2 pixels. The first is all ones, the second all twos, the third all
# threes. We want three rows of four. Either `flatten(1)` or `view(4, 3).T` is right. What does the other one do?

# %%
tiny = torch.stack([torch.full((1, 2, 2), number) for number in (1.0, 2.0, 3.0)])
print("flatten(1):\n", tiny.flatten(1))
print("view(4, 3).T:\n", tiny.view(4, 3).T)

# %% [markdown]
# <details><summary>Explain</summary>
#
# Both have the right shape. But `view` only cuts one long line of numbers into new pieces: into four pieces of
# three, here. Transposing them afterwards mixes pixels of different images. Every row of the second result
# holds pixels of all three images. A network trained on such rows learns nothing that is true of one image, and
# no error is raised. Keep the batch axis first, and let everything *behind* it be joined.
# </details>

# %% [markdown]
# ## Exercise: `flatten_batch` (1 point)
#
# Make one row of each image. It must work for every batch, also for the last one of an epoch, which is often
# smaller, and for images of every size.
#
# <details><summary>Hint 1: the idea</summary>
# The batch axis stays as it is. All axes behind it become one.
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
# Do not write any size down. Ask the tensor how many images it holds, or name the axis from which to join.
# </details>


# %% exercise="flatten_batch"
def flatten_batch(images: Tensor) -> Tensor:
    """Make one row of numbers of each image.

    images: (batch, channels, height, width) of any size; it stays as it is.
    Returns (batch, channels * height * width): row i holds the pixels of image i, in their order.
    """
    ### BEGIN SOLUTION
    return images.flatten(1)
    ### END SOLUTION


# %% check="flatten_batch" points=1
@check("flatten_batch")
def _(given, expect):
    pictures = given.normal(8, 1, 14, 28)  # eight of these hold as many numbers as four of 28 x 28
    rows = flatten_batch(pictures)
    expect("one row for each image", shape_of(rows), points=0.1)
    expect("every pixel in the row of its own image", rows[:4, :392])
    expect("one image with two channels", flatten_batch(given.normal(1, 2, 5, 3))[:1, :30], points=0.3)
    as_now = {"shape": shape_of(pictures), "some pixels": pictures.flatten()[:20]}
    expect("the images as they were", as_now, points=0.1)


# %% [markdown]
# The images do not change during training, so we flatten all of them once, before the loop begins.

# %%
inputs = images.flatten(1)
print(tuple(images.shape), "->", tuple(inputs.shape))

# %% [markdown]
# ## 2. Loss and autograd together
#
# The network is the one of lesson 2: 784 inputs, hidden layers of 128 and 64 units, ten logits. The loss is
# cross-entropy, which takes logits. All parameters of a layer require gradients from the start: `nn.Linear`
# sees to that.


# %%
def make_network(seed=7):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(784, 128),
        nn.ReLU(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


criterion = nn.CrossEntropyLoss()
model = make_network()
batch_inputs, batch_labels = inputs[:64], labels[:64]

logits = model(batch_inputs)
loss = criterion(logits, batch_labels)
print(f"loss of an untrained network: {loss:.3f}   (guessing among ten: ln 10 = 2.303)")

# %% [markdown]
# **Predict.** Every parameter has an attribute `.grad`. What is in `model[0].weight.grad` now? What will be in
# it after `loss.backward()`, and which shape will that have? What about the `.grad` of the *inputs*?

# %%
print("before backward:", model[0].weight.grad)
loss.backward()
print("after backward: ", tuple(model[0].weight.grad.shape))
print("the inputs:     ", batch_inputs.grad)
for name, parameter in model.named_parameters():
    print(f"  {name:9} {tuple(parameter.shape)!s:11} gradient {tuple(parameter.grad.shape)}")
print(f"numbers in all parameters: {sum(parameter.numel() for parameter in model.parameters()):,}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# Before `backward` there is no gradient at all: `None`. Afterwards every parameter holds the gradient *of the
# loss with respect to that parameter*: one number for each weight, so the shape is the parameter's own. Each
# says how fast the loss grows when this one weight grows. The inputs do not require a gradient, and get none.
# A layer's name is its place in the `Sequential`; 1 and 3 are the `ReLU`s, which have nothing to learn.
# </details>

# %% [markdown]
# Nothing has been learned so far: `backward` only *measures* slopes. Moving is the optimiser's job.
#
# ### One step, looked at closely
#
# An optimiser is given the parameters once, when it is made. After that, `optimizer.step()` reads the `.grad`
# of each and changes the parameter in place. Stochastic gradient descent, `SGD`, does what you did by hand in
# lesson 3:
#
# $$w \leftarrow w - \text{lr} \cdot \frac{\partial \text{loss}}{\partial w}$$
#
# **Predict.** If the gradient of a weight is negative, does the weight grow or shrink?

# %%
lr = 0.06
optimizer = torch.optim.SGD(model.parameters(), lr=lr)
weight, place = model[0].weight, (3, 400)  # one of the 100,352 weights of the first layer

before, slope = weight[place].item(), weight.grad[place].item()
held = [parameter.detach().clone() for parameter in model.parameters()]
optimizer.step()
print(f"weight before:       {before:+.6f}")
print(f"its gradient:        {slope:+.6f}")
print(f"before - lr * slope: {before - lr * slope:+.6f}")
print(f"weight after step(): {weight[place].item():+.6f}")
moved = sum((old != new).sum().item() for old, new in zip(held, model.parameters(), strict=True))
print(f"parameters that moved: {moved / sum(old.numel() for old in held):.0%}")
loss_after = criterion(model(batch_inputs), batch_labels)
print(f"loss of this batch:  {loss.item():.4f} before, {loss_after.item():.4f} after")

# %% [markdown]
# <details><summary>Explain</summary>
#
# Minus a negative number is plus: a negative slope means that the loss falls when the weight grows, so it grows.
# Of all 109,386 numbers, more than nine in ten took such a step at the same moment, each by its own gradient. (The
# others belong to units that were silent for all 64 images: no gradient, no step.) The loss of this batch became a
# little smaller. It is one small step; a network needs hundreds or thousands.
# </details>

# %% [markdown]
# ### Why gradients must be cleared
#
# **Predict.** The next cell runs the same batch forward and backward *twice*, without a step. How large is the
# gradient after the second time, compared with the first? And what does `zero_grad` leave in `.grad`?

# %%
optimizer.zero_grad()
criterion(model(batch_inputs), batch_labels).backward()
once = model[0].weight.grad.norm().item()
criterion(model(batch_inputs), batch_labels).backward()
twice = model[0].weight.grad.norm().item()
print(f"second / first: {twice / once:.3f}")

optimizer.zero_grad()
print("after zero_grad():                 ", model[0].weight.grad)

criterion(model(batch_inputs), batch_labels).backward()
optimizer.zero_grad(set_to_none=False)
left = model[0].weight.grad
print("after zero_grad(set_to_none=False):", tuple(left.shape), "largest:", left.abs().max().item())

# %% [markdown]
# <details><summary>Explain</summary>
#
# Twice as large: `backward` *adds* to what is in `.grad`. In lesson 5 you built this yourself: where paths meet,
# gradients add up. It is useful, too: the gradients of several small batches can be added up, in the place of a
# big batch that does not fit into memory. But in an ordinary loop it means that step number $k$ would use the sum
# of $k$ gradients, nearly all of them stale: measured where the parameters were, not where they are.
#
# In spite of its name, `zero_grad()` writes no zeros. Since PyTorch 2.0 it sets `.grad` to `None`: this saves
# memory, and an optimiser leaves a parameter without a gradient alone. With `set_to_none=False` you get zeros.
# For the loops of this lesson either will do.
# </details>

# %% [markdown]
# ### The recipe
#
# So this is the whole program. Two loops, and in them five lines for each batch:
#
# ```python
# for epoch in range(epochs):               # once through all images, and again
#     for inputs, labels in loader:         # next batch
#         optimizer.zero_grad()             # forget the gradients of the batch before
#         logits = model(inputs)            # forward
#         loss = criterion(logits, labels)  # how wrong?
#         loss.backward()                   # a gradient for every parameter
#         optimizer.step()                  # move every parameter
# ```
#
# ![A wheel with six stations, joined by arrows that run clockwise: next batch, zero_grad, forward, loss, backward, step, and on to the next batch. Beside each station stands what it does: zero_grad empties .grad, backward fills .grad, step changes the parameters.](../img/07_training_loop_wheel.png)
#
# It is a wheel, so where it begins is a matter of taste. `zero_grad` may stand first. It may also stand last,
# after `step`, if nothing was left in `.grad` before the first batch. There is one gap where it must not stand.
# Can you see which?
#
# <details><summary>Answer</summary>
# Between <code>backward</code> and <code>step</code>. There the gradients have just been measured and not been
# used yet.
# </details>

# %% [markdown]
# ## Exercise: `train_step` (4 points)
#
# Teach the model one batch, with the loss and the optimiser that are handed in. Return how wrong the model was
# on this batch *before* it moved: a plain float, not a tensor.
#
# <details><summary>Hint 1: the idea</summary>
# It is the five lines above, with their own names, and a <code>return</code>.
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
# Unpack the batch into inputs and labels. Turn the wheel once. Take the number out of the loss at the end.
# </details>
#
# <details><summary>Hint 3: almost there</summary>
# A tensor of one element has the method <code>item()</code>. Use the <code>criterion</code> and the
# <code>optimizer</code> you are given; do not make new ones.
# </details>


# %% exercise="train_step"
def train_step(
    model: nn.Module,
    batch: tuple[Tensor, Tensor],
    criterion: nn.Module,
    optimizer: torch.optim.Optimizer,
) -> float:
    """Let the model take one step on one batch, and return the batch's loss before that step.

    batch: inputs (batch, features) float, and labels (batch,) int64;
    criterion(logits, labels): a scalar tensor;
    optimizer: holds the model's parameters, none of which has a gradient before the first step.
    The parameters change once, by the gradients of this batch alone.
    """
    ### BEGIN SOLUTION
    inputs, labels = batch
    optimizer.zero_grad()
    loss = criterion(model(inputs), labels)
    loss.backward()
    optimizer.step()
    return loss.item()
    ### END SOLUTION


# %% check="train_step" points=4
@check("train_step")
def _(given, expect):
    toy = given.fill(nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3)))
    smoothed = nn.CrossEntropyLoss(label_smoothing=0.2)  # no other loss can stand in for it
    sgd = torch.optim.SGD(toy.parameters(), lr=0.5, momentum=0.9)  # an optimiser that remembers
    spy = StepSpy(toy, sgd)
    three = [(given.normal(size, 5), given.integers(3, size)) for size in (6, 4, 1)]
    first = train_step(toy, three[0], smoothed, sgd)
    expect("the loss of the batch", loss_as_number(first), points=0.5)
    expect("the parameters after one step", vector_of(toy))
    for pair in three[1:]:
        train_step(toy, pair, smoothed, sgd)
    expect("the parameters after three steps", vector_of(toy), points=2)
    steps = {"steps": len(spy.at_steps), "parameters": vector_of(toy)}
    expect("one step for each batch", steps, points=0.5)


# %% [markdown]
# ## 3. Leave one step out
#
# What does each station of the wheel contribute? Take it away and see. The function below trains a fresh network
# for five rounds through the 3,000 images, 64 at a time. It is the recipe, with an `if` at each
# station that can be left out. With `watch` it notes, every ten batches, the loss over the *same* images, the last
# 1,000, so that the curves can be compared.


# %%
def run_loop(leave_out="", lr=0.06, rounds=5, loader=None, watch=False):
    """Return the trained network, (loss, size) of each batch, and the loss over 1,000 images now and then."""
    model = make_network()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    order = torch.Generator().manual_seed(7)
    loader = loader or data.batches(inputs, labels, 64, generator=order)
    record, watched = [], []
    for _ in range(rounds):
        for x, y in loader:
            if watch and len(record) % 10 == 0:
                with torch.no_grad():
                    watched.append(criterion(model(inputs[-1000:]), labels[-1000:]).item())
            if leave_out == "next batch":
                x, y = batch_inputs, batch_labels  # always the same 64 images
            if leave_out != "zero_grad":
                optimizer.zero_grad()
            loss = criterion(model(x), y)
            if leave_out != "backward":
                loss.backward()
            if leave_out != "step":
                optimizer.step()
            record.append((loss.item(), len(y)))
    return model, torch.tensor(record), watched


# %% [markdown]
# **Predict.** For each of these four, sketch the curve before you run the cell. Which of them stays flat? Which
# looks fine at first? Does one of them do better than the complete wheel?
#
# - no *next batch*: the loop sees the same 64 images all the time;
# - no `zero_grad`;
# - no `backward`;
# - no `step`.

# %%
stations = ["next batch", "zero_grad", "backward", "step"]
networks, records, curves = {}, {}, {}
for name, station in {"the whole wheel": "", **{f"no {station}": station for station in stations}}.items():
    networks[name], records[name], curves[name] = run_loop(leave_out=station, watch=True)

batches_seen = list(range(0, 235, 10))
axes = plot.lines(batches_seen, curves, xlabel="batches seen", ylabel="loss over 1,000 images")
for name, curve in curves.items():
    print(f"{name:15} different values: {len(set(curve)):2} of {len(curve)}")
with torch.no_grad():
    silent = (networks["no zero_grad"][:4](inputs) == 0).all(dim=0).float().mean()
print(f"no zero_grad: of the second hidden layer's units, {silent:.0%} give 0 for every image")

# %% [markdown]
# <details><summary>Explain</summary>
#
# - **No `backward`**, **no `step`**: two flat lines, one on top of the other. Without `backward` there is no
#   gradient to move by; without `step` there is one and nobody uses it. A loss that repeats *to the last digit*
#   (all 24 measurements gave one value) means that no parameter moves.
# - **No `zero_grad`**: it falls even faster at first, since gradients that point the same way add up. Then one step
#   by the whole pile goes much too far. Afterwards a whole layer is silent (the last line of the printout), nothing of
#   the image gets through, no gradient comes back, and the network is left to guess.
# - **No next batch**: the network learns its 64 images by heart (section 5 watches this happen), and soon gets no
#   better on the others.
#
# The whole wheel has a bump, too: a step that is good for one batch can be bad for the rest.
# </details>

# %% [markdown]
# And without *forward* and *loss*? Here they run once, before the loop, and PyTorch stops you at the second
# `backward`.

# %% tags=["raises-exception"]
model = make_network()
optimizer = torch.optim.SGD(model.parameters(), lr=0.06)
loss = criterion(model(batch_inputs), batch_labels)  # only once: this is the mistake
for _ in data.batches(inputs, labels, 64):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# %% [markdown]
# *This error is meant to be here.* The operations recorded by a forward pass are freed when `backward` has used
# them. The second `backward` finds nothing to go back through. Every batch needs a forward pass of its own.
#
# In the next figure you can take a station out of the wheel yourself.

# %%
from helper.interactive.wheel import wheel

wheel(batches_seen, dict(zip(["", *stations], curves.values(), strict=True)))

# %% [markdown]
# ### A missing line that helps
#
# **Predict.** Now the learning rate is 0.003, twenty times smaller. Again one loop is complete and one lacks
# `zero_grad`. Which has the lower loss after five rounds?

# %%
_, slow_record, slow_curve = run_loop(lr=0.003, watch=True)
_, _, piled_up_curve = run_loop(leave_out="zero_grad", lr=0.003, watch=True)
small = {"the whole wheel": slow_curve, "no zero_grad": piled_up_curve}
plot.lines(batches_seen, small, xlabel="batches seen", ylabel="loss over 1,000 images")
for name, losses in small.items():
    print(f"{name:16} {losses[-1]:.1f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# The broken one, by far! With a tiny learning rate, a growing sum of gradients works like a growing learning
# rate (and a little like *momentum*, which lesson 9 introduces on purpose). This is why "my loss falls" proves so
# little. A loop can be wrong and learn. So the checks in this lesson never look at accuracy: they compare the
# *parameters* after a few steps with those of a right loop.
# </details>

# %% [markdown]
# **Now you can** read off a curve which line is missing, and when a curve cannot tell.
#
# ## 4. An epoch
#
# One pass through all training images is an **epoch**. With 3,000 images and batches of 64 that makes 47
# batches, so 47 steps of the optimiser: 46 full batches, and a last one with the 56 images that remain.

# %%
loader = data.batches(inputs, labels, 64, generator=torch.Generator().manual_seed(7))
sizes = [len(y) for x, y in loader]
print(len(sizes), "batches; the last three hold", sizes[-3:], "images; together", sum(sizes))

# %% [markdown]
# During an epoch one likes to know the mean loss *over the images*. The criterion gives the mean over a batch.
#
# **Predict.** Three batches hold 5, 5 and 2 images. Their losses are 1.0, 1.0 and 2.5. Which of these is the mean
# over the twelve images: 1.25, 1.5, or 4.5?

# %%
batch_losses, batch_sizes = torch.tensor([1.0, 1.0, 2.5]), torch.tensor([5, 5, 2])
mean = (batch_losses * batch_sizes).sum() / batch_sizes.sum()
print(f"sum of the losses:          {batch_losses.sum():.2f}")
print(f"mean of the batches' means: {batch_losses.mean():.2f}")
print(f"mean over all images:       {mean:.2f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# 1.25. In the mean of the means, each of the last two images counts two and a half times as much as each of the
# first ten. A batch's loss must count as often as the batch has images. With 46 batches of 64 and one of 56 the
# difference is small. It is still an error, and with other numbers it is a large one.
# </details>

# %% [markdown]
# Two more things belong to a careful epoch.
#
# **Take the number, leave the graph.** A loss is a tensor with a graph behind it.

# %%
loss = criterion(model(batch_inputs), batch_labels)
print("a total of tensors:", 0.0 + loss)
print("a total of numbers:", round(0.0 + loss.item(), 4))

# %% [markdown]
# A `grad_fn` means that the graph is still attached. Adding such tensors up over an epoch keeps a part of every
# batch's graph in memory. `loss.item()` is a plain number and keeps nothing. `loss.detach()` is a tensor that has let
# go of its graph; it will do as well.
#
# **Say that you are training.** Some layers behave differently in training and in use. Every module carries a
# flag for it, and `model.train()` and `model.eval()` set this flag in all parts of a model. Dropout, which
# lesson 8 explains, is such a layer: during training it sets some of the numbers to zero, at random, and makes the
# others larger to make up for it.

# %%
torch.manual_seed(7)
dropout, ones = nn.Dropout(0.5), torch.ones(8)
dropout.train()
print("train():", dropout(ones))
dropout.eval()
print("eval(): ", dropout(ones))

# %% [markdown]
# Our network has no such layer yet. The next one may. A training function that begins with `model.train()`
# works for both, even if somebody left the model in evaluation mode.

# %% [markdown]
# ## Exercise: `train_epoch` (4 points)
#
# Train for one epoch, in training mode, and return the mean loss over the images. You may call your
# `train_step`, or write everything anew.
#
# <details><summary>Hint 1: the idea</summary>
# The inner loop of the recipe. Beside it you keep two running totals.
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
# Set the mode. For each batch: turn the wheel once; add the batch's loss times its size to one total and its
# size to the other. After the loop, and not in it, divide.
# </details>
#
# <details><summary>Hint 3: almost there</summary>
# The size of a batch is <code>len(labels)</code>: ask every batch for its own.
# </details>


# %% exercise="train_epoch"
def train_epoch(
    model: nn.Module,
    loader: torch.utils.data.DataLoader,
    criterion: nn.Module,
    optimizer: torch.optim.Optimizer,
) -> float:
    """Train the model for one epoch, in training mode, and return the mean loss over all images.

    loader: gives batches of inputs (batch, features) and labels (batch,), the last one often smaller;
    criterion(logits, labels): the mean loss of a batch;
    optimizer: holds the model's parameters, none of which has a gradient before the first batch.
    Takes one step for each batch. Returns a plain float: the mean, over the images, of the losses
    that the batches had when it was their turn.
    """
    ### BEGIN SOLUTION
    model.train()
    total, count = 0.0, 0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        count += len(labels)
    return total / count
    ### END SOLUTION


# %% check="train_epoch" points=4
@check("train_epoch")
def _(given, expect):
    # Like dropout, BatchNorm behaves differently in training, and thereby betrays the mode, but without chance.
    toy = nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), nn.Tanh(), nn.Linear(7, 3))
    given.fill(toy)
    uneven = data.batches(given.normal(12, 5), given.integers(3, 12), 5)  # 5, 5 and 2
    smoothed = nn.CrossEntropyLoss(label_smoothing=0.2)
    sgd = torch.optim.SGD(toy.parameters(), lr=0.1, momentum=0.9)
    losses_of_epochs = [train_epoch(toy, uneven, smoothed, sgd) for _ in range(3)]
    expect("the mean loss over the images, in each of three epochs", losses_as_numbers(losses_of_epochs))
    expect("the parameters after three epochs", vector_of(toy))
    toy.eval()
    train_epoch(toy, uneven, smoothed, sgd)
    expect("training mode, whatever the mode before", vector_of(toy))
    spy = GraphSpy(given.fill(nn.Linear(5, 3)))
    six = data.batches(given.normal(11, 5), given.integers(3, 11), 2)
    train_epoch(spy, six, smoothed, torch.optim.SGD(spy.parameters(), lr=0.5))
    piled_up = max(spy.most_alive - 3, 0)  # those of one batch and of the one before are as it should be
    memory = {"graphs piled up": piled_up, "parameters": vector_of(spy)}
    expect("memory that does not grow with every batch", memory, points=0.7, detail=True)


# %% [markdown]
# What the five epochs of the whole wheel in section 3 show: the loss of each batch, which jumps about because no two
# batches are alike, and the means over the images of each epoch, which tell the trend.


# %%
def means_of(record, batches):
    """Return the mean loss over the images for each block of so many batches."""
    means = []
    for block in record.split(batches):
        losses, sizes = block[:, 0], block[:, 1]
        means.append((losses * sizes).sum().item() / sizes.sum().item())
    return means


trained, record = networks["the whole wheel"], records["the whole wheel"]
epoch_means = means_of(record, 47)
ax = plot.loss_curves({"one batch": record[:, 0]}, xlabel="batches seen", ylabel="loss")
middles = range(24, 235, 47)
ax.plot(middles, epoch_means, "o-", color=plot.PALETTE["orange"], label="mean over the epoch")
ax.legend(frameon=False)
print("means of the five epochs:", [round(mean, 2) for mean in epoch_means])

# %% [markdown]
# ## 5. Before the long run: one batch, by heart
#
# In section 3 it was a fault to see the same 64 images all the time: the network learned them by heart. Now it
# becomes a test. With a suitable learning rate and enough steps, a sound network in a sound loop learns a handful of
# images by heart, down to a loss near zero. If it does not, look for what is broken: a larger data set will not mend
# it. The test takes a fraction of a second, so run it before every long training.
#
# A worked example on 32 digits. `Adam` is an optimiser that lesson 9 explains; here it saves us the search for
# a learning rate.


# %%
def losses_by_heart(network, steps=100):
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = criterion(network(inputs[:32]), labels[:32])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


sound = losses_by_heart(make_network())
print(f"loss at step 1: {sound[0]:.2f}, at step 50: {sound[49]:.2f}, at step 100: {sound[99]:.2f}")

# %% [markdown]
# **Predict.** Three networks with a fault. How far down does each of them get?
#
# - *softmax first*: a `Softmax` as last layer, in front of a loss that applies softmax itself;
# - *all zeros*: every weight and bias starts at 0;
# - *dead*: the biases of the first layer start at −100, so that its `ReLU` gives 0 for every image.

# %%
softmax_first = nn.Sequential(make_network(), nn.Softmax(dim=1))
all_zeros, dead = make_network(), make_network()
with torch.no_grad():
    for parameter in all_zeros.parameters():
        parameter.zero_()
    dead[0].bias.fill_(-100)
faulty = {"softmax first": softmax_first, "all zeros": all_zeros, "dead": dead}
ax = plot.loss_curves(
    {"sound": sound, **{name: losses_by_heart(network) for name, network in faulty.items()}},
    levels={"": 1.4612},
    ylabel="loss on 32 digits",
)
ax.legend(loc=(0.68, 0.12), frameon=False)
note = ax.text(100, 1.42, "softmax twice, at best", ha="right", va="top")

# %% [markdown]
# <details><summary>Explain</summary>
#
# - *Softmax first* cannot get below 1.46, however long it trains: lesson 2 showed this floor.
# - *All zeros* and *dead* are nearly flat. Both give the same answer to every image, so all they can learn is how
#   frequent each class is. The value need not be zero: start *all* weights and biases of a network at one value,
#   whatever it is, and the units of a hidden layer get the same gradient at every step. They stay twins forever.
#   That is why weights start at random.
#
# The test has its limits. It finds what *cannot* learn. A network that mixes the pixels of different images can
# still learn 32 of them by heart: lesson 11 has more tests.
# </details>

# %% [markdown]
# A look at the *first* loss costs even less. Ten classes and no knowledge should give about $\ln 10 = 2.3$.
#
# **Predict.** Weights should start at random, but how large? Here every weight of the network is drawn from a normal
# distribution with standard deviation 1. What is its first loss?

# %%
loud = make_network()
for layer in (loud[0], loud[2], loud[4]):
    nn.init.normal_(layer.weight)
print(f"first loss, as PyTorch starts: {criterion(make_network()(inputs[:32]), labels[:32]).item():.1f}")
print(f"first loss, weights N(0, 1):   {criterion(loud(inputs[:32]), labels[:32]).item():.0f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# More than a thousand. Sums of 784 such weights are large, and each layer makes them larger. The logits are huge,
# so the network is utterly sure of itself, and nearly always wrong. PyTorch starts with weights that are the
# smaller, the more of them are added up.
# </details>

# %% [markdown]
# The next fault does not get as far as a first loss:


# %% tags=["raises-exception"]
class InAList(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10)]  # a plain Python list

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


losses_by_heart(InAList())

# %% [markdown]
# *This error is meant to be here.* A module finds the layers that are its own attributes. It does not look into
# a plain list, so it has no parameters to offer, and the optimiser says so. `nn.Sequential` or `nn.ModuleList`
# hold layers where they can be found. Had there been one more layer outside the list, there would have been no
# error: that layer alone would have learned, and all others would have stayed as they were.

# %% [markdown]
# ## Exercise: `can_overfit_one_batch` (2 points)
#
# Turn the test into a function. You get a function that *makes* a network, so that the test never touches the
# one you want to keep.
#
# <details><summary>Hint 1: the idea</summary>
# The worked example, with the learning rate of the docstring and one question at its end.
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
# Call <code>make_model</code> once. The optimiser must hold the parameters of <em>that</em> network. After 100
# steps, ask whether the loss is below 0.1. That it fell is not enough: the faulty ones fall a little, too.
# </details>


# %% exercise="can_overfit_one_batch"
def can_overfit_one_batch(make_model: Callable[[], nn.Module], batch: tuple[Tensor, Tensor]) -> bool:
    """Say whether a fresh network can learn one batch by heart.

    make_model(): returns a new network, the one to train, and is called once;
    batch: inputs (batch, features) and labels (batch,).
    Trains for 100 steps of Adam with lr=0.01 on cross-entropy, always on the whole batch.
    Returns True if the loss gets below 0.1, else False.
    """
    ### BEGIN SOLUTION
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    criterion = nn.CrossEntropyLoss()
    inputs, labels = batch
    for _ in range(100):
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
    return loss.item() < 0.1
    ### END SOLUTION


# %% check="can_overfit_one_batch" points=2
@check("can_overfit_one_batch")
def _(given, expect):
    pair = given.normal(8, 20), given.permutation(8) % 4
    sound = nn.Sequential(nn.Linear(20, 24), nn.ReLU(), nn.Linear(24, 4))
    given.fill(sound, scale=0.1)
    softmax_first = nn.Sequential(copy.deepcopy(sound), nn.Softmax(dim=1))
    zeros, dead = copy.deepcopy(sound), copy.deepcopy(sound)
    for parameter in zeros.parameters():
        nn.init.zeros_(parameter)
    nn.init.constant_(dead[0].bias, -100.0)
    made = []

    def make(network):
        made.append(copy.deepcopy(network))
        return made[-1]

    answers = [
        loss_as_number(can_overfit_one_batch(functools.partial(make, network), pair))
        for network in (sound, softmax_first, zeros, dead)
    ]
    right, twice, at_zero, no_life = answers
    expect("a sound network told from one that applies softmax twice", [right, twice])
    expect("a sound network told from two that cannot learn", [right, at_zero, no_life])
    trained = vector_of(made[1]) if len(made) == 4 else torch.tensor(len(made))
    expect("one network made for each test, and 100 steps of it", trained, points=0.8, tolerance=1e-3)


# %% [markdown]
# ## 6. Training for real
#
# Everything is there. An epoch is a loop over batches; training is a loop over epochs around it. What must be
# made once goes in front of both loops: the criterion and the optimiser. What must begin anew in every epoch goes
# between them: the running totals.

# %% [markdown]
# ## Exercise: `fit` (3 points)
#
# Train with SGD on cross-entropy for a number of epochs. Return the history: a list with the mean loss over the
# images for each epoch. You may call your `train_epoch`.
#
# <details><summary>Hint 1: the idea</summary>
# If your <code>train_epoch</code> works: three lines before the loop (one of them an empty history), one line in
# it, and the <code>return</code>.
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
# Go through the <em>loader itself</em>, once in every epoch. It shuffles anew each time it is started; a list made
# of it once would have the same order forever.
# </details>


# %% exercise="fit"
def fit(model: nn.Module, loader: torch.utils.data.DataLoader, epochs: int, lr: float) -> list[float]:
    """Train the model with SGD on cross-entropy, and return each epoch's mean loss over the images.

    loader: gives batches of inputs (batch, features) and labels (batch,), shuffled anew in each
    epoch, the last batch often smaller; lr: the learning rate.
    Trains in training mode, and goes through the loader once in each epoch. Returns `epochs` plain floats.
    """
    ### BEGIN SOLUTION
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    model.train()
    history = []
    for _ in range(epochs):
        total, count = 0.0, 0
        for inputs, labels in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), labels)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
            count += len(labels)
        history.append(total / count)
    return history
    ### END SOLUTION


# %% check="fit" points=3
@check("fit")
def _(given, expect):
    few, classes, order = given.normal(11, 5), given.integers(3, 11), given.generator()
    uneven = data.batches(few, classes, 4, generator=order)  # 4, 4 and 3, shuffled
    toy = nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), nn.Tanh(), nn.Linear(7, 3))
    given.fill(toy)
    expect("the history of three epochs", losses_as_numbers(fit(toy, uneven, 3, 0.2)))
    expect("the parameters after three epochs", vector_of(toy))
    fit(toy.eval(), uneven, 2, 0.2)
    expect("training mode, whatever the mode before", vector_of(toy))


# %% [markdown]
# ### Count updates, not epochs
#
# A classical recipe for this very network trains on all of MNIST, 60,000 images, with SGD, batches of 64, a
# learning rate of 0.003, for five epochs. The mean loss of the epochs falls from about 1.9 in the first to 0.39 in
# the fifth.
#
# **Predict.** We have 3,000 images. Same network, same batches, same learning rate, five epochs. Where will the
# loss be after five epochs: near 0.39, near 1, or near 2.2?

# %%
# Section 3 has made this very run: the whole wheel at the learning rate 0.003.
print("five epochs:", [round(mean, 2) for mean in means_of(slow_record, 47)])
print("updates here:        5 epochs x", len(slow_record) // 5, "batches =", len(slow_record))
print("updates on all MNIST: 5 epochs x", -(-60_000 // 64), "batches =", 5 * -(-60_000 // 64))

# %% [markdown]
# <details><summary>Explain</summary>
#
# Near 2.2: hardly better than guessing. Nothing is broken. A network learns in *updates*, and it got 235 of them
# instead of 4,690, twenty times fewer. "Five epochs" says nothing unless you know how many updates there are in
# an epoch.
# </details>

# %% [markdown]
# If this is the explanation, then twenty of our epochs, 940 updates, must bring the loss as far down as one epoch of the
# full MNIST, 938 updates, though the network sees only 3,000 different images. The recipe's first epoch had a mean
# loss of 1.94. And ours?

# %%
_, long_record, _ = run_loop(lr=0.003, rounds=20)  # rounds=100 brings back a whole column of the table below
for number, mean in enumerate(means_of(long_record, 20 * 47), 1):
    print(f"up to update {940 * number}: mean loss {mean:.2f}")

# %% [markdown]
# What happens when both go on:
#
# | up to update | 3,000 images, 100 epochs | 60,000 images, 5 epochs |
# |---|---|---|
# | 940 | 1.96 | 1.94 |
# | 1,880 | 0.85 | 0.91 |
# | 2,820 | 0.49 | 0.54 |
# | 3,760 | 0.38 | 0.44 |
# | 4,700 | 0.32 | 0.39 |
#
# The two columns begin alike. Later our network has seen each of its images dozens of times and begins to learn
# them by heart, so *its* training loss falls further. That is no advantage: lesson 8 is about it.
#
# The table is recorded, not run here: the left column by the cell above with `rounds=100`, the right one by this
# lesson's own `fit` on all 60,000 images, on one thread a matter of seconds. `make bench` repeats both, the right one
# where the full MNIST is at hand. With other random seeds the first two numbers of a column move by up to 0.1, the
# last three by up to 0.03.
#
# With few updates, each must count for more. Twenty times fewer updates, a learning rate twenty times as large:
# $0.003 \cdot 20 = 0.06$. That is where the 0.06 of this lesson comes from. It is a rule of thumb that holds as
# long as the steps stay small enough, so look at its neighbours, too.

# %%
at_rate = {0.003: slow_record, 0.06: record}  # these two have run already
for rate in (0.2, 1.0):
    _, at_rate[rate], _ = run_loop(lr=rate)
axes = plot.lines(
    range(5, 236, 5),
    {f"lr {rate}": means_of(losses, 5) for rate, losses in at_rate.items()},
    xlabel="updates",
    ylabel="mean loss of five batches",
)
limits = axes.set_ylim(0, 4)

# %% [markdown]
# | learning rate | curve | name for it |
# |---|---|---|
# | 0.003 | a slow, straight line that has not arrived | too small for so few updates |
# | 0.06 | falls quickly, then flattens | good |
# | 0.2 | hesitates and jumps, then falls | at the edge |
# | 1.0 | shoots up, then stays at guessing | too large: it *diverged* |
#
# A learning rate is not "right" in itself. It fits a network, a batch size, and a number of updates.
#
# **Now you can** say why a recipe from elsewhere fails with your own data.
#
# ### And why does the loader shuffle?
#
# **Predict.** The same loop with the good learning rate. But now the images come sorted by class, zeros first,
# and nobody shuffles. What accuracy will it reach on digits it has not seen?

# %%
seen_inputs, seen_labels = data.digits("validation")
seen_inputs = seen_inputs.flatten(1)


def share_right(network):
    with torch.no_grad():
        return (network(seen_inputs).argmax(dim=1) == seen_labels).float().mean().item()


by_class = labels.argsort(stable=True)
sorted_loader = data.batches(inputs[by_class], labels[by_class], 64)  # no generator, no shuffling
unshuffled, _, _ = run_loop(loader=sorted_loader)
with torch.no_grad():
    answers = unshuffled(seen_inputs).argmax(dim=1)
print(f"shuffled: {share_right(trained):.2f}   sorted: {share_right(unshuffled):.2f}")
print("the sorted one's most frequent answer:", answers.mode().values.item())

# %% [markdown]
# <details><summary>Explain</summary>
#
# Guessing, once more. For a while every batch says "the answer is 0", then "the answer is 1". At the end of each
# epoch come nothing but nines, so "9" is what it answers last. A gradient of one batch stands for the gradient of
# all images only if the batch is a fair sample of them.
# </details>

# %% [markdown]
# ## 7. What has it learned?
#
# The mean loss of the last epoch of `trained` was 0.45. Is that good? The number alone does not say. So we let the
# network *predict*, and look.
#
# Predicting differs from training in two ways. They are independent of each other, and a careful function sees to
# both:
#
# - `model.eval()` makes layers such as dropout behave as they should in use. It does **not** stop autograd.
# - `torch.no_grad()` stops autograd from recording. It does **not** change the mode.
#
# And like a good guest it leaves things as it found them: a model that was in training mode before is in training
# mode afterwards, else dropout would be off for the rest of the training.

# %% [markdown]
# ## Exercise: `predict` (3 points)
#
# Return the class probabilities of each image.
#
# <details><summary>Hint 1: the idea</summary>
# Remember the mode, set the mode, predict without recording, restore the mode.
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
# A model says in <code>model.training</code> which mode it is in, and <code>model.train(flag)</code> sets it to
# either. The model gives logits; what turns them into probabilities, and along which axis?
# </details>


# %% exercise="predict"
def predict(model: nn.Module, images: Tensor) -> Tensor:
    """Return the probabilities of the classes for each image, predicted in evaluation mode.

    images: (batch, features) float, as the model wants them; it returns logits (batch, classes).
    Returns (batch, classes): positive, each row sums to 1. Nothing is recorded for a backward pass,
    and the model is in the same mode afterwards as before.
    """
    ### BEGIN SOLUTION
    was_training = model.training
    model.eval()
    with torch.no_grad():
        probabilities = torch.softmax(model(images), dim=1)
    model.train(was_training)
    return probabilities
    ### END SOLUTION


# %% check="predict" points=3
@check("predict")
def _(given, expect):
    toy = nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), nn.Tanh(), nn.Linear(7, 3))
    given.fill(toy, scale=1.0)
    few, seen = given.normal(6, 5), []  # seen: in which mode the model ran, and whether it was recorded
    toy.register_forward_hook(lambda module, *_: seen.append((module.training, torch.is_grad_enabled())))
    answer = predict(toy, few)
    expect("the probabilities, in evaluation mode", answer, points=1.5)
    recorded = [any(grad for _, grad in seen), getattr(answer, "requires_grad", False)]
    traces = [len(seen) > 0, *recorded, not torch.is_grad_enabled()]
    with torch.no_grad():  # asked by somebody who does not record
        predict(toy, few)
        traces.append(torch.is_grad_enabled())
    traces += [not parameter.requires_grad for parameter in toy.parameters()]
    expect("nothing recorded, and autograd as it was", torch.tensor(traces).int())
    modes = [part.training for part in toy.modules()]
    predict(toy.eval(), few)
    modes += [part.training for part in toy.modules()]
    predicted = len(seen) > 0 and not any(mode for mode, _ in seen)
    expect("the mode as it was, in all parts", torch.tensor([predicted, *modes]).int())


# %% [markdown]
# Now to our network and a digit it has never seen. The digits of the *test* part have played no role so far: we
# did not train on them, nor choose a learning rate by looking at them. This is the one time we open them.

# %%
test_images, test_labels = data.digits("test")
with torch.no_grad():
    beliefs = torch.softmax(trained(test_images.flatten(1)), dim=1)
least_sure = beliefs.max(dim=1).values.argmin()
for number in (0, least_sure):
    plot.classification(test_images[number], beliefs[number], label=test_labels[number].item())

# %% [markdown]
# The first test digit, and the one that the network is least sure about. The dark bar is its answer. Two digits
# prove nothing; a thousand say something. And a number needs another number to compare it with: what would the
# laziest answer score, always the same class?

# %%
answers = beliefs.argmax(dim=1)
right = (answers == test_labels).float().mean().item()
lazy = test_labels.bincount().max().item() / len(test_labels)
print(f"accuracy on 1,000 unseen digits: {right:.2f}    always the same answer: {lazy:.2f}")

# %% [markdown]
# Nearly nine in ten after a fraction of a second of training. No reason to call it brilliant: the best networks
# make two or three mistakes in a thousand. Which digits does ours confuse?
#
# **Predict.** Name two digits that you would expect to be taken for each other. Then look them up.

# %%
confusion = torch.zeros(10, 10, dtype=torch.int64)
for truth, answer in zip(test_labels, answers, strict=True):
    confusion[truth, answer] += 1
axes = plot.confusion(confusion)

# %% [markdown]
# Each row holds the 100 test images of one digit. What lies on the diagonal is right; the darker a place beside it,
# the more frequent the confusion. This says much more than one accuracy: a 0 is nearly always recognised, while 3
# and 5 are often taken for each other.
#
# ### The most confident mistakes
#
# Most worth looking at are the images where the network is wrong *and sure*. They show what it has not
# understood, and at times a label that a person would doubt, too.

# %%
confidence, _ = beliefs.max(dim=1)
wrong = (answers != test_labels).nonzero().flatten()
worst = wrong[confidence[wrong].argsort(descending=True)[:8]]
axes = plot.images(
    test_images[worst],
    [f"{test_labels[i]} as {answers[i]}\n{100 * confidence[i]:.0f} %" for i in worst],
    size=1.2,
)

# %% [markdown]
# ### What training added to the first layer
#
# Each unit of the first layer has 784 weights, one per pixel: we can draw them as an image. The weights began as
# noise. What has the training added? We subtract where they started.

# %%
start, now = make_network()[0].weight.detach(), trained[0].weight.detach()
moved = now - start
strongest = moved.norm(dim=1).argsort(descending=True)[:16]
axes = plot.images(moved[strongest], size=0.9)

# %% [markdown]
# Brighter than the margin: ink at this pixel now speaks for the unit more than at the start; darker: against it. (You
# see the change, not the weight itself.) Nobody told the network about strokes, yet the change is no noise: pixels
# that lie side by side moved together, in patches about as wide as a stroke.

# %% [markdown]
# ## 8. Repair this loop
#
# A colleague sends you this function, in need of repair. It stops with an error, and that is the smallest of its
# five faults.
# Find them all before you open the answer.


# %% tags=["raises-exception"]
def train(model, loader, epochs):
    criterion = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.06, momentum=0.9)
        optimizer.zero_grad()
        total = 0
        for x, y in loader:
            loss = criterion(model(x.view(64, 784)), y)
            loss.backward()
            optimizer.step()
            total += loss
        print(f"epoch {epoch}: {total / len(loader):.3f}")


train(make_network(), data.batches(inputs, labels, 64, generator=torch.Generator().manual_seed(7)), epochs=2)

# %% [markdown]
# <details><summary>The faults</summary>
#
# 1. <code>x.view(64, 784)</code>: the last batch has 56 images, and 56 · 784 = 43,904 numbers do not make 64 rows.
#    Never write a batch size down where you can ask for it. This is the error you saw.
# 2. <code>zero_grad</code> runs once per epoch, so the gradients of all batches pile up: section 3.
# 3. <code>total += loss</code> adds tensors and keeps a part of every batch's graph: <code>.item()</code>.
# 4. <code>total / len(loader)</code> is the mean of the batches' means, not the mean over the images.
# 5. The optimiser is made anew in every epoch. Plain SGD would not mind. With momentum it forgets, at the start of
#    each epoch, in which direction it was moving.
#
# And <code>model.train()</code> is missing: no fault for this network, but one for the next that has dropout.
# </details>

# %% [markdown]
# ## Exit questions
#
# Write the letter of your answer, in quotes.
#
# ### Exit question: why does a copied recipe fail? `exit_updates` (1 point)
#
# A course trains for five epochs on 60,000 images with batches of 64, and gets a loss of 0.39. You copy
# everything, but train on your own 3,000 images. After five epochs your loss is 2.2 and has fallen a little in
# every epoch. What do you try first?
#
# - **a)** Look for the bug: with right code, five epochs must give a similar loss.
# - **b)** A larger learning rate or many more epochs: the network got twenty times fewer updates.
# - **c)** A larger network: this one cannot learn the digits.
# - **d)** Larger batches: they make every epoch learn more.

# %% exercise="exit_updates"
exit_updates = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_updates = "b"
### END SOLUTION


# %% check="exit_updates" points=1
@check("exit_updates")
def _(given, expect):
    expect("the choice", choice(exit_updates))


# %% [markdown]
# ### Exit question: how do four small batches make a large one? `exit_accumulate` (1 point)
#
# Your memory holds 16 images, and you want the step that a batch of 64 would give. So for each step you send four
# batches of 16 forward and backward, and then call `step` once. The criterion gives the mean of a batch. What
# else is needed?
#
# - **a)** Nothing: the mean of a batch is a mean already.
# - **b)** `zero_grad` before each of the four backward passes.
# - **c)** Each loss must be divided by 4 before its backward pass; `zero_grad` once per step.
# - **d)** Each loss must be multiplied by 4, since each batch is only a quarter.

# %% exercise="exit_accumulate"
exit_accumulate = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_accumulate = "c"
### END SOLUTION


# %% check="exit_accumulate" points=1
@check("exit_accumulate")
def _(given, expect):
    expect("the choice", choice(exit_accumulate))


# %% [markdown]
# ### Exit question: which fault fits everything you see? `exit_stuck` (1 point)
#
# A loop trains a sound network with a good learning rate. Its epochs show 2.308, 2.302, 2.299, 2.295, 2.290, and
# the weights do change. On new digits it is right in one case out of ten. Which fault fits *all* of this?
#
# - **a)** `optimizer.step()` is missing.
# - **b)** The images were shuffled, and then the labels, with another permutation.
# - **c)** A softmax stands in front of `CrossEntropyLoss`.
# - **d)** `model.eval()` was forgotten before predicting.

# %% exercise="exit_stuck"
exit_stuck = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_stuck = "b"
### END SOLUTION


# %% check="exit_stuck" points=1
@check("exit_stuck")
def _(given, expect):
    expect("the choice", choice(exit_stuck))


# %% [markdown]
# ## A table that grows
#
# One accuracy of one run is a number with luck in it. So once more from the top, with five random seeds: other
# weights at the start, another order of the images. From here on, each lesson adds a line to this table: the same
# 3,000 digits to train with, the same 1,000 to count on.

# %%
from helper import results

accuracies = []
for seed in range(5):
    network = make_network(seed)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.06)
    shuffled = data.batches(inputs, labels, 64, generator=torch.Generator().manual_seed(seed))
    for _ in range(5):
        for x, y in shuffled:
            optimizer.zero_grad()
            criterion(network(x), y).backward()
            optimizer.step()
    with torch.no_grad():
        answers = network(test_images.flatten(1)).argmax(dim=1)
    accuracies.append((answers == test_labels).float().mean().item())

results.add("07 the plain loop, 5 epochs at lr 0.06", accuracies, images=len(test_labels))
results.show()

# %% [markdown]
# The last column is what chance alone does to an accuracy that was counted on so few images. Lesson 8 shows where
# it comes from.
#
# ## Summary
#
# - The wheel: next batch, `zero_grad`, forward, loss, `backward`, `step`. `backward` fills `.grad` and *adds*;
#   `step` changes the parameters; `zero_grad` empties `.grad`.
# - A falling loss does not prove a right loop. Compare with something: a loss repeated to the last digit, a batch
#   that cannot be learned by heart, a baseline.
# - The loss of an epoch is a mean over images. Keep numbers, not graphs.
# - Networks learn in updates. Count them before you compare learning rates or epochs.
# - `train()` and `eval()` set the mode, `no_grad()` stops the recording: two different things.
# - Judge on images that took no part in training, beside a baseline, and look at the mistakes.
#
# **What comes next.** Our network scores a little under 0.9 on new digits. Train it long enough and it gets *all*
# its training images right, but not all new ones. Lesson 8 measures this gap, and what helps against it. There you also
# stop a training and go on with it later; lesson 10 takes it to other devices.
#
# **Further reading**
# - [torch.optim](https://docs.pytorch.org/docs/stable/optim.html): how PyTorch's optimisers are built and used.
# - [Optimizer.zero_grad](https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html):
#   what `set_to_none` changes.
# - Y. LeCun, L. Bottou, G. Orr, K.-R. Müller, *Efficient BackProp* (1998): why one shuffles, and much else that is
#   still true.
# - A. Karpathy, [A Recipe for Training Neural Networks](https://karpathy.github.io/2019/04/25/recipe/) (2019): the
#   habit of testing on one batch, among many others.
