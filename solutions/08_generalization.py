# %% [markdown]
# # 8 · Generalisation: does it work on digits it has never seen?
#
# Lesson 7 ended with a network that was right on nearly nine in ten new digits, after five epochs. Train it longer,
# and it gets nearly all of its own images right. Is it a better network then? How would you know? And how sure can
# you be of a number such as "93 % right"?
#
# **You will be able to**
# - split your images into three piles, and say what each pile may decide;
# - measure a network without leaving a trace in it;
# - say how sure a measured accuracy is, and when two networks really differ;
# - read the gap between own and new images, and name four things that change it;
# - stop in time, keep the best epoch, and go on tomorrow exactly where you stopped.
#
# About 110 minutes · 20 points · nothing is downloaded

# %% setup=true
import copy
import math
import random
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor, nn

from helper import check, data, plot, results
from helper.fixtures import choice, error_of, loss_as_number, vector_of

torch.set_num_threads(1)  # networks this small gain little from a second thread: lesson 10

# %% [markdown]
# ## 1. Learned, or learned by heart?
#
# Here is what lesson 7 built, in short: the network, one epoch of the loop, and a look at loss and accuracy. We
# train on 3,000 digits, and we look at 1,000 others that the network never trains on. They are called the
# **validation** images.

# %%
images, labels = data.digits("train")
inputs = images.flatten(1)
new_images, new_labels = data.digits("validation")
new_inputs = new_images.flatten(1)
criterion = nn.CrossEntropyLoss()


def make_network(seed=7):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))


def one_epoch(model, loader, optimizer):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()


def measure(model, x, y):
    """Return loss and accuracy on images that fit into one batch; the model is in training mode afterwards."""
    model.eval()
    with torch.no_grad():
        logits = model(x)
    model.train()
    return criterion(logits, y).item(), (logits.argmax(dim=1) == y).float().mean().item()


# %% [markdown]
# **Predict.** We train for 24 epochs, with a learning rate of 0.1. What will the accuracy be at the end, on the
# 3,000 images that the network trains on? And on the 1,000 new ones?

# %%
network = make_network()
optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
loader = data.batches(inputs, labels, 64, generator=torch.Generator().manual_seed(7))
own, new = [], []  # (loss, accuracy) after each epoch
for _ in range(24):
    one_epoch(network, loader, optimizer)
    own.append(measure(network, inputs, labels))
    new.append(measure(network, new_inputs, new_labels))

print("after epoch   own loss   new loss   own accuracy   new accuracy")
for epoch in (1, 4, 8, 14, 20, 24):
    (own_loss, own_right), (new_loss, new_right) = own[epoch - 1], new[epoch - 1]
    print(f"{epoch:11} {own_loss:10.2f} {new_loss:10.2f} {own_right:14.2f} {new_right:14.2f}")
axes = plot.loss_curves(
    {"own images": [loss for loss, _ in own], "new images": [loss for loss, _ in new]}, xlabel="epoch"
)

# %% [markdown]
# <details><summary>Explain</summary>
#
# On its own images it makes hardly a mistake any more, and its loss there still falls. On new images it is right
# 93 times in 100, and its loss there has stopped falling. (The jumps on the way are unlucky steps of a large
# learning rate. They hit both curves, so they say nothing about own and new.)
# </details>
#
# The distance between the two curves is the **gap**. To **generalise** is to do well on images that were not in the
# training. Only the columns of *new* images tell how well a network generalises.
#
# **A gap is not a fault.** Nearly every network that learns anything knows its own images a little better than
# others. So "is there a gap?" is a poor question. Two better ones: is the loss on *new* images still falling? And is
# it low enough for what you want to do? One speaks of **overfitting** when training goes on to pay on the own images,
# and costs something on the new ones.

# %% [markdown]
# ### Labels drawn by lot
#
# How much can a network learn by heart? We take 200 digits and give each a label *drawn by lot*. There is nothing
# to understand: a picture of a 4 may be called 7, and the next 4 is called 0.
#
# **Predict.** The same network, 100 steps. What accuracy will it reach on these 200? And on other digits, with
# their true labels?

# %%
lots = torch.randint(10, (200,), generator=torch.Generator().manual_seed(7))
parrot = make_network()
steps = torch.optim.Adam(parrot.parameters(), lr=0.003)  # lesson 9 explains Adam
learned = []
for _ in range(100):
    learned.append(measure(parrot, inputs[:200], lots)[1])
    one_epoch(parrot, [(inputs[:200], lots)], steps)

axes = plot.lines(
    range(100),
    {"200 labels drawn by lot": learned},
    levels={"guessing": 0.1},
    xlabel="step",
    ylabel="accuracy",
)
print(f"labels drawn by lot: {measure(parrot, inputs[:200], lots)[1]:.2f} right")
print(f"1,000 other digits:  {measure(parrot, new_inputs, new_labels)[1]:.2f} right")

# %% [markdown]
# <details><summary>Explain</summary>
#
# All 200, by heart. On other digits it guesses. Network, loss and loop are those that work so well with true labels;
# only the labels have changed. So a perfect score on the training images proves that the network has room and that
# the loop works. About new images it proves nothing at all.
# </details>
#
# ### What decides how large the gap is?
#
# Three things you can choose: how large the network is, how many images it gets, how long it trains. The next cell
# trains twelve networks with one hidden layer: four sizes, three piles of images. It measures each of them ten
# times on the way.

# %%
updates = [1, 2, 5, 10, 20, 40, 60, 80, 110, 140]  # how often the parameters have moved


def grow(units, count):
    """Train a network with so many hidden units on so many images; measure it on its own and on new ones."""
    torch.manual_seed(8)
    model = nn.Sequential(nn.Linear(784, units), nn.Tanh(), nn.Linear(units, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    order = torch.Generator().manual_seed(8)
    loader = data.batches(inputs[:count], labels[:count], 50, generator=order)
    measured, done = [], 0
    while True:
        for batch in loader:
            one_epoch(model, [batch], optimizer)
            done += 1
            if done in updates:
                measured.append(
                    (*measure(model, inputs[:count], labels[:count]), *measure(model, new_inputs, new_labels))
                )
            if done == updates[-1]:
                return measured


grown = {(units, count): grow(units, count) for count in (100, 500, 3000) for units in (4, 16, 64, 256)}

# %% [markdown]
# **Predict.** Of the twelve, which has the largest gap at the end? Which one is best on *new* images? And with 500
# images, is the network with the largest gap also the worst on new ones? Then move the three sliders.

# %%
from helper.interactive.generalization import generalization

generalization(updates, grown)

# %% [markdown]
# <details><summary>Explain</summary>
#
# - The three larger networks on 100 images have the largest gaps, all of about the same size. Best on new images is the
#   largest network with the most images.
# - **More images** narrow the gap, whatever the network. With 3,000 images the two curves of a small network lie
#   one on the other.
# - **A larger network** can open the gap wider. But look at 500 images: the largest network has the largest gap of
#   the four, *and* the most right answers on new images. "More parameters, so worse on new images" is no law.
# - **Longer training** lowers the loss on the own images nearly always. On new ones it helps at first; with few
#   images and a large network the loss on new ones rises again, and what was gained is partly lost.
# - The network with four hidden units and 3,000 images has no gap at all, and it is poor: too small for the task,
#   or not trained for long enough. No gap is no success, either.
# </details>

# %%
print("after 140 updates         gap in loss   new accuracy")
for units, count in ((4, 3000), (256, 3000), (4, 500), (16, 500), (256, 500), (256, 100)):
    own_loss, _, new_loss, new_right = grown[units, count][-1]
    print(f"{units:3} units, {count:5,} images {new_loss - own_loss:12.2f} {new_right:14.2f}")

# %% [markdown]
# **Now you can** tell learned from learned by heart, and read a gap for what it is.

# %% [markdown]
# ## 2. Three piles
#
# If only new images tell the truth, some images must be kept new. So the images are dealt into three piles, once and
# before anything else.
#
# ![Three piles of images. Training, the largest: moves the parameters, seen in every epoch. Validation: chooses between networks, learning rates and epochs, looked at as often as you like. Test: reports one number, opened once, at the end.](../img/08_generalization_piles.png)
#
# - The **training** pile moves the parameters.
# - The **validation** pile moves no parameter. It *chooses*: which learning rate, which network, which epoch.
# - The **test** pile neither trains nor chooses. It is opened once, at the end, for the number that you report.
#
# Why is the validation pile not enough? Section 5 shows it.
#
# How should one deal? At random: a file is often sorted, and its last fifth may hold nothing but nines. But not
# altogether at random, if a class is rare.
#
# **Predict.** A pile of 500 digits has only 25 sevens. We deal 100 images into the validation pile, at random, and do
# it a thousand times. The fair share is 5 sevens. What are the smallest and the largest number that turn up?

# %%
is_seven = torch.arange(500) < 25
dealt = torch.Generator().manual_seed(7)
sevens = [is_seven[torch.randperm(500, generator=dealt)[:100]].sum().item() for _ in range(1000)]
axes = plot.bars(
    {"": [sevens.count(n) for n in range(13)]},
    range(13),
    xlabel="sevens among the 100",
    ylabel="how often of 1,000",
)
print("fewest:", min(sevens), "  most:", max(sevens))

# %% [markdown]
# <details><summary>Explain</summary>
#
# From none at all to twice the fair share. A class that is missing from the validation pile is a
# class nobody watches. So one deals *class by class*: each pile gets its share of every class.
# </details>

# %% [markdown]
# ## Exercise: `split` (2 points)
#
# Deal the places 0, 1, 2, … of the labels into piles: class by class, and within a class at random. `shares` says in
# which proportion: `(3, 1, 1)` makes three piles, of three fifths, one fifth and one fifth of every class.
#
# Where a class cannot be divided so exactly, a pile may hold up to two images of it more or fewer than its exact
# share. No image may be lost, and none may be in two piles.
#
# Chance comes from `generator` and from nowhere else: the same state of it gives the same piles, another one
# gives others, and torch's, NumPy's and Python's own global chance stays untouched.
#
# <details><summary>Hint 1: the idea</summary>
# For one class: find its places, mix them, cut the row into pieces. Then the same for the next class.
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
# <code>(labels == c).nonzero().flatten()</code> are the places of a class, and <code>torch.randperm</code> takes a
# <code>generator</code>. Where do you cut? After the first pile's share, after the first two piles' share, and so
# on. The last piece takes whatever is left.
# </details>


# %% exercise="split"
def split(labels: Tensor, shares: Sequence[int], generator: Generator) -> tuple[Tensor, ...]:
    """Deal the places of all labels into piles, each with its share of every class.

    labels: (n,) int64, any whole numbers, some classes larger than others; shares: whole numbers, such as (3, 1, 1).
    Returns one int64 tensor of places, from 0 to n - 1, for each share, in any order within the pile.
    """
    ### BEGIN SOLUTION
    piles = [[] for _ in shares]
    for label in labels.unique():
        places = (labels == label).nonzero().flatten()
        mixed = places[torch.randperm(len(places), generator=generator)]
        begin = 0
        for number, pile in enumerate(piles, 1):
            end = len(mixed) * sum(shares[:number]) // sum(shares)
            pile.append(mixed[begin:end])
            begin = end
    return tuple(torch.cat(pile) for pile in piles)
    ### END SOLUTION


# %% check="split" points=2
@check("split")
def _(given, expect):
    sizes = [given.integer(120, 195) for _ in range(5)]  # how many images each class has
    names = torch.tensor([-2, 3, 5, 16, 208])
    classes = names.repeat_interleave(torch.tensor(sizes))
    classes = classes[given.permutation(len(classes))]
    mine, seed = classes.clone(), given.integer(1, 2**31)

    def chance_of_all():
        return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()

    def dealt(labels, shares, generator):
        return [torch.as_tensor(pile) for pile in split(labels, shares, generator)]

    before = chance_of_all()
    piles = dealt(mine, (3, 1, 1), torch.Generator().manual_seed(seed))
    untouched = before == chance_of_all()
    few = given.integer(29, 45)
    together, small = torch.cat(piles), torch.cat(dealt(classes[:few], (1, 2), given.generator()))
    everything = {"many": together.sort().values, "few": small.sort().values}
    expect("every image in one pile, and in one only", everything, points=0.2)

    once = together.bincount(minlength=len(classes)) == 1  # an image in two piles is no image of either
    counts = torch.stack([(classes[pile[once[pile]]] == names[:, None]).sum(1) for pile in piles]).double()
    exact = torch.tensor([[size * share / 5 for size in sizes] for share in (3, 1, 1)]).double()
    near = (counts - exact).abs() <= 2
    expect("every class with its share", torch.where(near, exact, counts), points=1)

    generator = torch.Generator().manual_seed(seed)
    again, later = dealt(mine, (3, 1, 1), generator), dealt(mine, (3, 1, 1), generator)
    in_both = set(later[-1].tolist()) & set(piles[-1].tolist())
    chance = {
        "images dealt once": int(once.sum()),
        "the same state, the same piles": all(map(torch.equal, piles, again)),
        "later, other piles": 0
        < len(in_both)
        < len(set(piles[-1].tolist())),  # mixed, so a few places meet again
        "chance of torch, NumPy and Python untouched": untouched,
        "labels untouched": torch.equal(mine, classes),
    }
    expect("chance from the generator, and from nowhere else", chance, points=0.8)


# %% [markdown]
# Our own piles were dealt like this, once, when the course was made: 300, 100 and 100 images of every digit.
#
# ### When a pile leaks
#
# A pile that shares images with another one no longer tells the truth. That is a **leak**. First: do ours?

# %%
piles = {name: data.Digits(name) for name in ("train", "validation", "test")}
seen = {bytes(image) for image in piles["train"].data.numpy()}
for name in ("validation", "test"):
    shared = sum(bytes(image) in seen for image in piles[name].data.numpy())
    print(
        f"{name}: {len(piles[name])} images, {shared} of them also among the {len(seen)} of the training pile"
    )

# %% [markdown]
# **Predict.** Now we make a leak on purpose. One network trains on 1,000 images. Another one trains on these *and on
# half of the validation images*. What happens to the accuracy on the validation pile? And on that half of it that did
# not leak?

# %%
print("leaked   whole validation pile   the half that never leaks")
for leaked in (0, 500):
    x = torch.cat([inputs[:1000], new_inputs[:leaked]])
    y = torch.cat([labels[:1000], new_labels[:leaked]])
    model = make_network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    mixed = data.batches(x, y, 64, generator=torch.Generator().manual_seed(1))
    for _ in range(20):
        one_epoch(model, mixed, optimizer)
    whole, half = (
        measure(model, new_inputs, new_labels)[1],
        measure(model, new_inputs[500:], new_labels[500:])[1],
    )
    print(f"{leaked:6} {whole:23.3f} {half:27.3f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# Both numbers rise, since there are more images to learn from. But the number for the whole pile rises more,
# because half of that pile was learned by heart. Nothing in the program looks wrong, there is no error, and the
# number is splendid. A leak is found by looking for it.
# </details>
#
# Leaks that are made again and again:
# - the same image twice in the file, once in each pile;
# - turned or shifted copies of an image, made *before* the piles were dealt;
# - several images of one person, one patient, one day, dealt into different piles;
# - images scaled by the mean of *all* piles. Measure mean and spread on the training pile, and use them for all;
# - the test pile asked again and again, until the network that happens to please it is found.
#
# And one thing no dealing can mend. A pile must resemble what the network will be *used* for. The file of our digits
# does not say who wrote which digit. The same hand may be in all three piles, and a stranger's digits may be harder
# than our test says.
#
# **Now you can** deal piles that tell the truth, and name what makes them lie.

# %% [markdown]
# ## 3. Measure without leaving a trace
#
# Whoever measures should change nothing. For a network that is less easy than it sounds. Two switches are often
# mistaken for one another:
#
# | | layers such as dropout behave as in use | nothing is recorded for `backward` |
# |---|---|---|
# | `model.eval()` | yes | no |
# | `torch.no_grad()` | no | yes |
#
# **Batch normalisation** is a layer that scales its inputs so that, over the batch, each has mean 0 and spread 1. In
# training mode it also keeps a running average of those means, in `running_mean`, for later use.
#
# **Predict.** `running_mean` starts at 0. We send in one batch of nothing but hundreds. It goes through in training
# mode, but under `no_grad`. Does `running_mean` change?

# %%
norm = nn.BatchNorm1d(3)
hundreds = torch.full((8, 3), 100.0)
with torch.no_grad():
    norm(hundreds)
print("no_grad, training mode:  ", norm.running_mean.tolist())

norm = nn.BatchNorm1d(3).eval()
norm(hundreds)
print("recorded, evaluation mode:", norm.running_mean.tolist())

# %% [markdown]
# <details><summary>Explain</summary>
#
# It moves by a tenth of the way, although no gradient was in sight: `running_mean` is not a parameter, and no
# optimiser is needed to change it. Only the mode protects it. So "I measured under `no_grad`" does not mean "I left
# no traces".
# </details>
#
# The third trap is the way back. Every *part* of a model has a mode of its own. One may have put a part to sleep on
# purpose.
#
# **Predict.** The second layer below is in evaluation mode, the rest in training mode. We measure, and afterwards
# say `model.train()`. Which parts are now as they were?

# %%
model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
model[1].eval()  # frozen on purpose: it shall keep its averages
print("before:", [part.training for part in model])
model.eval()
print("during:", [part.training for part in model])
model.train()
print("after: ", [part.training for part in model])

# %% [markdown]
# <details><summary>Explain</summary>
#
# `model.train()` woke the layer that was frozen. From now on its averages drift, and nobody knows why. To put things
# back one must note the mode of *every* part first. `model.modules()` goes through all parts, the model itself among
# them.
# </details>

# %% [markdown]
# ## Exercise: `evaluate` (4 points)
#
# Measure a model on all batches of a loader. Return two plain floats: the mean loss *over the images*, and the share
# of the images that are right. The last batch is often smaller than the others.
#
# You find the model in some mode, and its parts in theirs. When you are done, everything is as you found it: the mode
# of every part, parameters and running averages, whatever lies in `.grad`, and whether autograd records. Nothing of
# the measuring itself is recorded.
#
# There is no sketch this time. You have written all the pieces of it in lesson 7, for `train_epoch` and
# `predict`.
#
# <details><summary>Hint: the idea</summary>
# Note how things are. Switch. Add up what batches of different sizes contribute. Put everything back.
# </details>


# %% exercise="evaluate"
def evaluate(
    model: nn.Module, loader: torch.utils.data.DataLoader, criterion: nn.Module
) -> tuple[float, float]:
    """Return the mean loss over the images and the share that is right, measured in evaluation mode.

    loader: gives batches of inputs and labels, (batch,) int64; model(inputs): logits (batch, classes);
    criterion(logits, labels): the mean loss of the batch, a scalar tensor.
    Leaves the model, the mode of each of its parts, and the state of autograd as they were.
    """
    ### BEGIN SOLUTION
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for inputs, labels in loader:
            logits = model(inputs)
            total += criterion(logits, labels).item() * len(labels)
            right += (logits.argmax(dim=1) == labels).sum().item()
            count += len(labels)
    for part, mode in modes:
        part.training = mode
    return total / count, right / count
    ### END SOLUTION


# %% check="evaluate" points=4
@check("evaluate")
def _(given, expect):
    head = nn.Sequential(nn.Linear(9, 6), nn.BatchNorm1d(6), nn.Linear(6, 3))
    toy = nn.Sequential(nn.Linear(5, 9), nn.BatchNorm1d(9), nn.Tanh(), nn.Dropout(0.5), head)
    given.fill(toy, scale=1.0)
    toy[1].running_mean.copy_(given.normal(9))
    size, last = given.integer(8, 12), given.integer(2, 5)
    count = 2 * size + last
    rows, wrong = given.normal(count, 5), torch.zeros(count)
    wrong[: given.integer(1, 3)] = wrong[size : size + given.integer(2, 4)] = wrong[-last:] = 1
    with torch.no_grad():
        answers = toy.eval()(rows).argmax(dim=1)
    # A few of the first two batches are wrong, fewer than half in all, and the whole small last one.
    uneven = data.batches(rows, (answers + wrong.long()) % 3, size)
    smoothed = nn.CrossEntropyLoss(label_smoothing=0.2)  # no other loss can stand in for it
    for parameter in toy.parameters():
        parameter.grad = given.normal(*parameter.shape)  # left behind by a training step
    parts = list(toy.modules())
    toy.train()
    sleepy = [toy[0], toy[2], head, head[0], head[2]]
    for part in [head[1], *(sleepy[number] for number in given.permutation(5)[:2])]:
        part.training = False  # one batch normalisation is asleep, and two other parts
    modes = [part.training for part in parts]
    during, seen = [], []

    def watch(module, arguments, output):
        during.append((module.training, torch.is_grad_enabled()))
        seen.append(len(output))

    for part in (toy[1], toy[3]):
        part.register_forward_hook(watch)

    def everything():
        held = [value.detach().flatten().double() for value in toy.state_dict().values()]
        slopes = [torch.zeros(1) if p.grad is None else p.grad.flatten() for p in toy.parameters()]
        return {
            "images": min(sum(seen) // 2, count),
            "held": torch.cat(held),
            "gradients": torch.cat(slopes),
        }

    result = evaluate(toy, uneven, smoothed)
    loss, right = result if isinstance(result, tuple | list) and len(result) == 2 else (result, None)
    expect("the mean loss over the images", loss_as_number(loss), points=1.25)
    expect("the share of images that are right", loss_as_number(right), points=0.5)
    expect("parameters, gradients and running averages as they were", everything(), points=0.5, detail=True)
    awake = not during or any(training for training, _ in during)
    after = [part.training for part in parts]
    for part, mode in zip(parts, modes, strict=True):
        part.training = not mode
    states = [torch.is_grad_enabled()]
    with torch.no_grad():  # a second measuring, by somebody who does not record
        evaluate(toy, uneven, smoothed)
        states.append(torch.is_grad_enabled())
    swapped = [part.training for part in parts]
    kept = torch.tensor([awake, *after, *swapped]).int()
    expect("every part in evaluation mode, and then in its own again", kept, points=1.25)
    recorded = any(grad for _, grad in during)
    trace = {"images": min(sum(seen) // 2, 2 * count), "recorded": recorded, "autograd": states}
    expect("nothing recorded, and autograd as it was", trace, points=0.5, detail=True)


# %% [markdown]
# What does forgetting `eval()` cost? A network with dropout, measured three times on the same images.

# %%
forgetful = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 10))
with torch.no_grad():
    torch.manual_seed(7)
    noisy = [criterion(forgetful(new_inputs), new_labels).item() for _ in range(3)]
    forgetful.eval()
    quiet = [criterion(forgetful(new_inputs), new_labels).item() for _ in range(3)]
print("training mode:  ", [f"{loss:.4f}" for loss in noisy])
print("evaluation mode:", [f"{loss:.4f}" for loss in quiet])

# %% [markdown]
# Two measurements of the same thing that differ: the surest sign that something is awake that should sleep.
#
# **Now you can** measure any network at any time, in the middle of its training, and it will not notice.

# %% [markdown]
# ## 4. How sure is an accuracy?
#
# `network` from section 1 is right on 93 of 100 validation images. Would it be 93 with another thousand images?
#
# **Predict.** We have noted for each of the 1,000 images whether the answer was right. Draw 100 of them at random and
# count: that is the accuracy one would have seen with a pile of 100. We do it 2,000 times. Between which numbers do
# most of these accuracies lie?

# %%
with torch.no_grad():
    right = (network.eval()(new_inputs).argmax(dim=1) == new_labels).double()
drawn = torch.Generator().manual_seed(7)
small_piles = [right[torch.randint(1000, (100,), generator=drawn)].mean().item() for _ in range(2000)]
counts = [sum(round(100 * score) == percent for score in small_piles) for percent in range(84, 101)]
axes = plot.bars({"": counts}, range(84, 101), xlabel="% right of 100 images", ylabel="how often of 2,000")
print(f"mean {np.mean(small_piles):.3f}   spread (standard deviation) {np.std(small_piles):.3f}")

# %% [markdown]
# The network is always the same. Only the images differ, and with them the number. The spread can be calculated. Let
# $a$ be the accuracy and $n$ the number of images. The **standard error** is
#
# $$s = \sqrt{\frac{a\,(1-a)}{n}}$$
#
# About 95 times in 100, the measured accuracy lies within two standard errors of the true one, the one that endlessly
# many such images would show. Here is the formula, beside what we have just seen.

# %%
accuracy = right.mean().item()
print("images   two standard errors")
for count in (100, 1000, 10000):
    print(f"{count:6,}   ± {2 * math.sqrt(accuracy * (1 - accuracy) / count):.4f}")
by_formula = math.sqrt(accuracy * (1 - accuracy) / 100)
within = np.mean([abs(score - accuracy) < 2 * by_formula for score in small_piles])
print(f"\nfor 100 images: formula {by_formula:.3f}, counted above {np.std(small_piles):.3f}")
print(f"piles of 100 within two standard errors: {within:.2f}")

# %% [markdown]
# Ten times the certainty costs a hundred times the images. Here is the curve of section 1, with its band of two
# standard errors for three sizes of pile.

# %%
curve = np.array([accuracy for _, accuracy in new])
epochs = np.arange(1, 25)
axes = plot.lines(epochs, {"accuracy on new images": curve}, xlabel="epoch", ylabel="accuracy")
for count, colour in ((100, "light"), (1000, "sky"), (10000, "blue")):
    band = 2 * np.sqrt(curve * (1 - curve) / count)
    axes.fill_between(
        epochs,
        curve - band,
        curve + band,
        color=plot.PALETTE[colour],
        alpha=0.45,
        linewidth=0,
        label=f"counted on {count:,}",
    )
legend = axes.legend(loc="lower right")
limits = axes.set_ylim(0.55, 1)

# %% [markdown]
# Counted on 1,000 images, the last epochs all lie within each other's bands. Which of them is "the best" is mostly
# luck.
#
# And when do two networks differ? Each accuracy has its own error. If each was counted on images of its own, the
# errors combine like the sides of a right angle: the **standard error of the difference** is
#
# $$s_{\text{diff}} = \sqrt{s_a^2 + s_b^2}$$
#
# A difference of more than two of these is called *distinguishable* here. (If both are counted on the *same* images,
# as is usual, they often fail on the same ones. Then the difference is surer than this formula says, and one counts
# the images on which only one of the two is right. The formula errs on the careful side.)

# %% [markdown]
# ## Exercise: `distinguishable` (1 point)
#
# Given two accuracies, each counted on `n` images of its own: return the standard error of their difference, and
# whether they differ by more than two of them.
#
# <details><summary>Hint: the idea</summary>
# Three lines: one error, the other error, their combination. Either network may be the better one.
# </details>


# %% exercise="distinguishable"
def distinguishable(a: float, b: float, n: int) -> tuple[float, bool]:
    """Return the standard error of the difference of two accuracies, and whether they differ by more than two.

    a, b: accuracies from 0 to 1, each with a standard error of its own; n: on how many images each was counted.
    """
    ### BEGIN SOLUTION
    error = math.sqrt(a * (1 - a) / n + b * (1 - b) / n)
    return error, abs(a - b) > 2 * error
    ### END SOLUTION


# %% check="distinguishable" points=1
@check("distinguishable")
def _(given, expect):
    pairs = []
    for place in [*given.permutation(8).tolist(), *given.permutation(8).tolist()]:
        a, n = given.number(0.5, 0.93), given.integer(300, 900)
        error = math.sqrt(2 * a * (1 - a) / n)
        apart = (-3.0, -2.3, -1.8, -1.5, 0.7, 1.75, 2.2, 2.5)[place] * error
        pairs.append((a, a + apart, n))
    answers = [distinguishable(*pair) for pair in pairs]
    errors = torch.tensor([float(error) for error, _ in answers])
    expect("the standard error of the difference", errors, points=0.5, tolerance=1e-5)
    expect(
        "whether it is more than two of them",
        torch.tensor([int(bool(differ)) for _, differ in answers]),
        points=0.5,
    )


# %% [markdown]
# The table of lesson 7 has such a band in its last column. How far must two accuracies near 0.93 lie apart?

# %%
print("images   smallest distinguishable difference near 0.93")
for count in (100, 1000, 10000):
    print(f"{count:6,}   {2 * math.sqrt(2 * 0.93 * 0.07 / count):.4f}")

# %% [markdown]
# Whoever reports that 0.931 "beats" 0.927 on 1,000 images reports the weather. And this is the chance of the images
# alone: training has a chance of its own, the random seed. Only several seeds show it.
#
# **Now you can** put an honest "±" behind every accuracy.

# %% [markdown]
# ## 5. The best of many looks too good
#
# A thousand people each flip a coin for 200 questions, "yes" or "no". Nobody knows anything. We take the one
# who got most of them right.
#
# **Predict.** How many of the 200 has the winner right: 51 %, 60 %, or 80 %? And then the winner answers 2,000 *new*
# questions. How many of those?

# %%
coins = torch.Generator().manual_seed(8)


def questions():
    return torch.randint(2, (200,), generator=coins)


truth = questions()
scores = [int((questions() == truth).sum()) for _ in range(1000)]
winner = max(scores)
once_more = [int((questions() == questions()).sum()) for _ in range(10)]  # new flips, 2,000 new questions
axes = plot.bars(
    {"": [scores.count(n) + scores.count(n + 1) for n in range(70, 130, 2)]},
    [n if n % 10 == 0 else "" for n in range(70, 130, 2)],
    xlabel="right answers of 200",
    ylabel="how many people",
)
print(
    f"mean {np.mean(scores) / 200:.3f}   winner {winner / 200:.3f}   winner on new questions {np.mean(once_more) / 200:.3f}"
)

# %% [markdown]
# <details><summary>Explain</summary>
#
# Among a thousand, somebody is lucky. The winner's score is no lie: it was counted correctly. But the winner was
# *chosen by it*, and a number by which something was chosen is too good afterwards. New questions bring the truth.
# </details>
#
# Networks do know something, but the same happens to them. Whoever tries 60 learning rates and keeps the best one
# keeps some luck with it. So the validation score of what was chosen is a little too good, and the more so the more
# was tried and the smaller the pile. That is why there is a third pile, and why it is opened *once*. Choose by the
# test pile, and it has become a second validation pile: then nobody knows the truth any more.
#
# **Now you can** say which of your numbers may stand in a report.

# %% [markdown]
# ## 6. Dropout
#
# What helps against learning by heart? More images, if you can have them. A smaller network, or shorter training. Or
# a disturbance that makes learning by heart hard: during training, **dropout** sets each number that passes to zero
# with a chance of $p$. Every time others. No unit can count on any other one being there.
#
# On average, then, less gets through. So the numbers that stay are made larger, by the factor $1/(1-p)$, and the
# mean stays what it was. In use nothing is dropped and nothing is scaled.
#
# **Predict.** $p$ is 0.75, the inputs are ones. Which values can come out in training mode, and how often each?

# %%
torch.manual_seed(7)
drop, ones = nn.Dropout(0.75), torch.ones(6, 8)
print(drop(ones))
many = drop(torch.ones(100_000))
print(f"zeros: {(many == 0).double().mean():.2f}   mean: {many.mean():.2f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# Three in four become 0, the others 4: $1/(1-0.75)$. The mean is still 1. Every row has zeros in other places: each
# image of a batch gets a draw of its own.
# </details>

# %% [markdown]
# ## Exercise: `dropout` (3 points)
#
# Write it yourself: PyTorch's own dropout, in all its forms, is off limits. Each number is dropped for itself, by a
# draw from `generator`, which is the only source of chance. Where `training` is false, `x` passes as it is. `p` may
# be anything from 0 to 1, also 0 or 1 themselves, and no NaN comes out. `x` is not changed, and gradients flow
# through the numbers that stay.
#
# <details><summary>Hint 1: the idea</summary>
# A mask of zeros and ones in the shape of <code>x</code>, and one factor.
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
# Numbers spread evenly over 0 to 1 lie below 0.3 three times in ten. What happens to the factor at p = 1, and what
# should come out then?
# </details>


# %% exercise="dropout" without=["dropout", "Dropout", "dropout_", "Dropout1d", "Dropout2d", "Dropout3d", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "AlphaDropout", "feature_dropout", "native_dropout"]
def dropout(x: Tensor, p: float, training: bool, generator: Generator) -> Tensor:
    """Set each number of `x` to zero with the chance `p`, and scale the others so that the mean stays.

    x: any shape, float; p: from 0 to 1, both included. Returns the same shape; `x` itself where not training.
    """
    ### BEGIN SOLUTION
    if not training or p == 0:
        return x
    if p == 1:
        return torch.zeros_like(x)
    stays = torch.rand(x.shape, generator=generator) >= p
    return x * stays / (1 - p)
    ### END SOLUTION


# %% check="dropout" points=3
@check("dropout")
def _(given, expect):
    p, rows, columns = given.number(0.2, 0.45), given.integer(180, 220), given.integer(480, 520)
    x = given.number(1, 3) * given.uniform(rows, columns, low=0.5, high=1.5)
    source, global_chance = given.generator(), torch.get_rng_state()
    start, leaf = source.get_state(), x.clone().requires_grad_()
    out = dropout(leaf, p, True, source)
    (slope,) = torch.autograd.grad(out.sum(), leaf, allow_unused=True) if out.requires_grad else (None,)
    out = out.detach()
    stays = out != 0
    expect("the share of zeros", (~stays).double().mean().item(), points=0.15, tolerance=0.08)
    expect("the mean as it was", out.double().mean().item(), points=0.65, tolerance=0.03)
    factors = (out / x)[stays]
    slopes = torch.zeros(1) if slope is None else slope[stays]
    extremes = torch.stack([value for pair in (factors, slopes) for value in (pair.min(), pair.max())])
    expect("the factor of what stays, and its gradient", extremes, points=0.85)
    masks = {"rows": len(stays.unique(dim=0)), "columns": len(stays.t().unique(dim=0))}
    masks["not always equally many"] = len(stays.sum(dim=1).unique()) > 3
    expect("a draw of its own for each number", masks, points=0.4)
    expect("x itself outside training", dropout(x[:3, :40], p, False, source), points=0.3)
    ends = torch.stack([dropout(x[3:5, :30], end, True, source) for end in (0.0, 1.0)])
    expect("p = 0 and p = 1", ends, points=0.2, detail=True)
    source.set_state(start)
    again = dropout(x, p, True, source)
    later = dropout(x, p, True, source)
    chance = {
        "rows": rows,
        "the same generator, the same zeros": torch.equal(again, out),
        "later, other zeros": not torch.equal(later, out),
        "global chance untouched": torch.equal(global_chance, torch.get_rng_state()),
        "x untouched": torch.equal(x, leaf.detach()),
    }
    expect("chance from the generator alone, and x untouched", chance, points=0.45, detail=True)


# %% [markdown]
# Does it help? The same network on 500 images, with and without.
#
# **Predict.** Which of the two will have the lower loss on its *own* images? Which on new ones?


# %%
def with_dropout(p):
    """Train for 40 epochs; return the loss on the own images and the logits of the new ones after every second."""
    torch.manual_seed(7)
    model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Dropout(p), nn.Linear(256, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    loader = data.batches(inputs[:500], labels[:500], 64, generator=torch.Generator().manual_seed(7))
    own_losses, logits_of_new = [], []
    for epoch in range(1, 41):
        one_epoch(model, loader, optimizer)
        if epoch % 2 == 0:
            own_losses.append(measure(model, inputs[:500], labels[:500])[0])
            with torch.no_grad():
                logits_of_new.append(model.eval()(new_inputs))
    return own_losses, logits_of_new


curves, at_new = {}, {}
for name, p in (("no dropout", 0.0), ("p = 0.5", 0.5)):
    curves[f"{name}: own"], at_new[name] = with_dropout(p)
    curves[f"{name}: new"] = [criterion(logits, new_labels).item() for logits in at_new[name]]
    accuracy = (at_new[name][-1].argmax(dim=1) == new_labels).double().mean()
    print(
        f"{name:10}  lowest new loss {min(curves[f'{name}: new']):.2f}   new accuracy at the end {accuracy:.3f}"
    )
axes = plot.lines(range(2, 41, 2), curves, xlabel="epoch", ylabel="loss")
limits = axes.set_ylim(0, 1.5)

# %% [markdown]
# <details><summary>Explain</summary>
#
# Dropout learns its own images more slowly, and its loss on new ones is lower and rises less. The accuracies differ
# by about a hundredth. Section 4 tells you what to think of that: on 1,000 images it is not distinguishable. Dropout
# is one help among several, and no cure.
# </details>
#
# ### When the training loss is the higher one
#
# Most training programs print the loss that the batches had *during* the epoch, beside the loss on new images after
# it. Beginners are alarmed when the first is higher. **Predict.** Which of the four numbers below is the largest?

# %%
torch.manual_seed(7)
model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
loader = data.batches(inputs, labels, 64, generator=torch.Generator().manual_seed(7))
for _ in range(2):
    during = []
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        during.append(loss.item())
with torch.no_grad():
    awake = criterion(model(inputs), labels).item()
print(f"own images, during the epoch:            {np.mean(during):.3f}")
print(f"own images, after it, dropout awake:     {awake:.3f}")
print(f"own images, after it, evaluation mode:   {measure(model, inputs, labels)[0]:.3f}")
print(f"new images, after it, evaluation mode:   {measure(model, new_inputs, new_labels)[0]:.3f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# The first number is the highest, higher than the loss on new images, and nothing is wrong. Three things can do that,
# and two of them are at work here:
#
# 1. the batches were measured while the weights were still worse: first line to second;
# 2. dropout was awake: second line to third;
# 3. not here: the new images may simply be easier, or the own ones made harder on purpose.
#
# The last two lines were measured in the same way. Only such numbers can be compared, and their difference is the
# gap.
# </details>
#
# **Now you can** build dropout from a mask and a factor, and you will not be alarmed by a training loss that is
# higher.

# %% [markdown]
# ## 7. When to stop, and what to keep
#
# The loss on new images falls, and later it may rise. Then why go on? **Early stopping** watches the validation loss
# and stops when it has not become better for a while. How long a while? That number is called **patience**.
#
# **Predict.** Here are the validation losses of section 1, the epochs counted from 0. Somebody stops at the *first*
# epoch that is worse than the one before. How good would the network be?

# %%
losses = [loss for loss, _ in new]
print([round(loss, 2) for loss in losses])
first_rise = next(epoch for epoch in range(1, 24) if losses[epoch] > losses[epoch - 1])
best = min(range(24), key=losses.__getitem__)
print(f"first rise in epoch {first_rise}: best loss until then {min(losses[:first_rise]):.2f}")
print(f"best of all, in epoch {best}:   {losses[best]:.2f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# Far from the best. The losses jump, and a single bad epoch means little. So one is patient, and lets a few epochs
# pass.
# </details>
#
# Stopping early is one way among several. Others train for a fixed number of epochs, keep what each epoch left
# behind, and choose afterwards: that costs more time, and nothing is missed. In both cases the validation pile has
# *chosen* the epoch, so its loss there is a little too good (section 5).

# %% [markdown]
# ## Exercise: `stop_at` (2 points)
#
# The losses of all epochs are known here, so you can replay when training would have stopped. Epochs count from 0.
#
# - An epoch is *better* if its loss is lower than that of the best epoch so far, by more than `min_delta`. A tie is
#   not better. NaN is never better, and neither is infinity. The first epoch with a finite loss is better than
#   nothing.
# - `patience` is the number of epochs in a row, none of them better, that are put up with. One more, and training
#   stops at that epoch. With patience 0 it stops at the first epoch that is not better.
# - If it never comes to that, training stops at the last epoch.
#
# Return the epoch at which it stops, and the best epoch. What lies beyond the stop does not exist: nobody trained it.
#
# <details><summary>Hint: the idea</summary>
# Go through the epochs. Remember which was best, and how many came since.
# </details>


# %% exercise="stop_at"
def stop_at(losses: Sequence[float], patience: int, min_delta: float = 0.0) -> tuple[int, int]:
    """Return the epoch at which training stops, and the best epoch until then, both counted from 0.

    losses: the validation loss after each epoch; the first may be NaN or infinite, but a finite one comes before
    patience ends; patience, min_delta: at least 0.
    """
    ### BEGIN SOLUTION
    best, lowest, waited = None, math.inf, 0
    for epoch, loss in enumerate(losses):
        if loss < lowest - min_delta:
            best, lowest, waited = epoch, loss, 0
        else:
            waited += 1
        if waited > patience:
            return epoch, best
    return len(losses) - 1, best
    ### END SOLUTION


# %% check="stop_at" points=2
@check("stop_at")
def _(given, expect):

    def fall(lead):
        return [6.0 + (lead - number) / 4 for number in range(lead)]  # every one is better than the last

    falling = fall(given.integer(3, 500))
    low = falling[-1]

    def answers(*runs):
        return torch.tensor([[int(number) for number in stop_at(*run)] for run in runs])

    hill = [*falling, low + 1, low + 0.5, low - 1, low + 2, low + 1.9, low + 1.8, low + 1.7, low - 5]
    curves = answers((list(hill), 1), (list(hill), 2), (list(hill), 3), (list(hill), 9))
    expect("a curve that rises and falls", curves, points=0.75)
    level = [*falling, low, *(low - number / 10 for number in range(1, 7)), low - 2, low - 2]
    small = answers((level, 0, 0.0), (level, 2, 0.35), (level, 1, 0.25))
    expect("ties and gains too small", small, points=0.5)
    lead, nan, infinite = given.integer(3, 500), float("nan"), float("inf")
    falling = fall(lead)
    low = falling[-1]
    broken = [*falling, nan, low - 1, nan, infinite, nan, nan, low - 3]
    odd = answers((broken, 3), (broken, 2), ([nan, infinite, *broken], 2))
    expect("NaN and infinity", odd, points=0.5, detail=True)
    first, last = [1.0, *(7.0 + value for value in falling)], [*falling, low + 1, low - 1]
    edges = answers((first, lead - 1), (first, lead), (last, 1), (falling, 0), (first, 0))
    expect("the first epoch best, or the last, and no patience", edges, points=0.25, detail=True)


# %% [markdown]
# ### A rising loss, and no more mistakes than before
#
# **Predict.** Look at the network without dropout from section 6. Its loss on new images has risen since its
# best epoch. Has it become wrong more often?

# %%
print("after epoch   new loss   new accuracy   loss of the wrong ones")
for epoch in (10, 20, 30, 40):
    logits = at_new["no dropout"][epoch // 2 - 1]
    each = nn.functional.cross_entropy(logits, new_labels, reduction="none")
    wrong = logits.argmax(dim=1) != new_labels
    print(f"{epoch:11} {each.mean():10.2f} {1 - wrong.double().mean():14.3f} {each[wrong].mean():24.1f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# The accuracy hardly moves. What grows is the loss of the images that are wrong: the network becomes ever more
# certain of its mistakes. A mean is easily moved by a few very large losses. So decide what you need: if only the
# answers count, watch the accuracy. If somebody relies on the *probabilities*, watch the loss.
# </details>
#
# ### What to keep
#
# When training stops, the model holds the parameters of the *last* epoch. You want those of the best one, so they
# must be kept when they are there. `model.state_dict()` is a dictionary of all parameters and running averages.
#
# **Predict.** We keep `state_dict()` in a variable, and train one more epoch. Is the weight in the variable still the
# old one?

# %%
model = make_network()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
kept, copied = model.state_dict(), copy.deepcopy(model.state_dict())
one_epoch(model, data.batches(inputs, labels, 64, generator=torch.Generator().manual_seed(7)), optimizer)
print("the kept weight equals the model's new one:  ", torch.equal(kept["0.weight"], model[0].weight))
print("the copied weight equals the model's new one:", torch.equal(copied["0.weight"], model[0].weight))

# %% [markdown]
# <details><summary>Explain</summary>
#
# The dictionary is new, the tensors in it are the model's own. When the optimiser changes them in place, the "kept"
# ones change along. Whoever keeps `state_dict()` without a copy always keeps the last epoch, and no error says so.
# </details>

# %% [markdown]
# ## Exercise: `keep_best` (2 points)
#
# Train for so many epochs, and leave the model with what it held after its best one: parameters *and* running
# averages. After each epoch, `validate(model)` gives the loss. The lowest is best, the earlier one in a tie; NaN is
# never best. Return the number of the best epoch, counted from 0.
#
# Others hold on to `model`, an optimiser for instance. So it must be this model, with these tensors, that holds the
# best in the end.
#
# <details><summary>Hint: the idea</summary>
# Copy what is best at the moment it is best. At the end, put the copy back.
# </details>


# %% exercise="keep_best"
def keep_best(
    model: nn.Module,
    train_epoch: Callable[[nn.Module], None],
    validate: Callable[[nn.Module], float],
    epochs: int,
) -> int:
    """Train for all epochs, leave the model as it was after the best one, and return that epoch's number.

    train_epoch(model): one epoch of training, changes the model in place; validate(model): a float, which may be NaN, though
    not in all epochs. Both are called once per epoch, in this order; epochs: at least 1.
    """
    ### BEGIN SOLUTION
    best, lowest, kept = None, math.inf, None
    for epoch in range(epochs):
        train_epoch(model)
        loss = validate(model)
        if loss < lowest:
            best, lowest, kept = epoch, loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    return best
    ### END SOLUTION


# %% check="keep_best" points=2
@check("keep_best")
def _(given, expect):
    toy = given.fill(nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 3)))
    nan = float("nan")
    lead = given.integer(2, 26)  # epochs before the best one
    script = [nan, *(5.0 - number / 9 for number in range(lead)), 1.5, 1.5, 3.0 + given.number(), nan, 2.5]
    holders = dict(toy.named_parameters())  # as an optimiser holds them
    calls, put_back, at_best, moves = [], [], [], given.normal(len(script), 4)
    toy.register_load_state_dict_post_hook(lambda *_: put_back.append(True))

    def train(model):
        calls.append("train")
        with torch.no_grad():
            for number, (_, value) in enumerate(sorted(model.state_dict().items())):
                if value.is_floating_point():
                    value += moves[len(calls) // 2 % len(script), number % 4]

    def look(model):
        calls.append("look")
        if len(calls) == 2 * (lead + 2):
            at_best.append(vector_of(model))
        return script[(len(calls) // 2 - 1) % len(script)]

    best = keep_best(toy, train, look, len(script))
    # What an optimiser holds is still the model's: both are looked at.
    held = torch.cat([value.detach().flatten() for value in holders.values()])
    weights = {"model": vector_of(toy), "held": held}
    best_again = any(torch.equal(vector, vector_of(toy)) for vector in at_best)
    weights["put back, but something else"] = bool(put_back) and not best_again
    expect("the parameters of the best epoch, in the model itself", weights, points=1)
    averages = torch.cat([toy[1].running_mean, toy[1].running_var])
    expect("the running averages of the best epoch", averages, points=0.25, detail=True)
    order = {"trained": calls.count("train"), "in turn": calls == ["train", "look"] * (len(calls) // 2)}
    expect("every epoch, each followed by a look", order, points=0.25)
    number = best if calls else "before any epoch"
    expect("the number of the best epoch", number, points=0.5, detail=True)


# %% [markdown]
# **Now you can** stop with patience, and come home with the best epoch and not the last.

# %% [markdown]
# ## 8. Stop today, go on tomorrow
#
# Long training is interrupted: by a crash, by a bill, by the night. A **checkpoint** is a file from which it goes on
# *as if nothing had happened*. The parameters alone are not enough.
#
# **Predict.** `Adam` keeps two running averages for each parameter. We train 20 steps, stop, and go on for 10. Once
# with Adam's averages, once with a new Adam. How far apart are the results?

# %%
x, y = inputs[:64], labels[:64]


def steps_on(model, optimizer, count):
    for _ in range(count):
        one_epoch(model, [(x, y)], optimizer)
    return vector_of(model)


first = make_network()
adam = torch.optim.Adam(first.parameters(), lr=0.01)
steps_on(first, adam, 20)
second, third = copy.deepcopy(first), copy.deepcopy(first)
adam_again = torch.optim.Adam(second.parameters(), lr=0.01)
adam_again.load_state_dict(copy.deepcopy(adam.state_dict()))
new_adam = torch.optim.Adam(third.parameters(), lr=0.01)

never_stopped = steps_on(first, adam, 10)
went_on, began_anew = steps_on(second, adam_again, 10), steps_on(third, new_adam, 10)
print("with Adam's averages: the same, bit for bit?", torch.equal(went_on, never_stopped))
print(
    f"with a new Adam:      largest difference of a parameter {(began_anew - never_stopped).abs().max():.2f}"
)

# %% [markdown]
# <details><summary>Explain</summary>
#
# Exactly the same, or another network. What belongs to a checkpoint:
#
# - the parameters and running averages: <code>model.state_dict()</code>;
# - the memory of the optimiser: <code>optimizer.state_dict()</code>;
# - the epoch;
# - the state of the generator that shuffles: <code>generator.get_state()</code>;
# - the sizes from which the network can be built anew, and the mode it was in.
# </details>
#
# `torch.save(something, path)` writes a dictionary of such things, and `torch.load(path)` reads it. By default
# `torch.load` reads only tensors and plain values, no objects of your own classes, not even a whole model: a file
# that may contain any object may also contain a program, and would run it. (On a machine without the GPU on which a
# file was written, say `map_location="cpu"` as well.)

# %%
with tempfile.TemporaryDirectory() as folder:
    torch.save(make_network(), Path(folder) / "whole.pt")  # the whole model, not its state_dict
    try:
        torch.load(Path(folder) / "whole.pt")
    except Exception as error:
        print(type(error).__name__, "-", str(error).split(".")[0])

# %% [markdown]
# ## Exercise: `save_checkpoint` and `load_checkpoint` (3 points)
#
# Write both. A training that goes on from the file must equal one that never stopped, bit for bit. The program that
# loads knows only how to make a network from its sizes and an optimiser from parameters; everything else must come
# from the file.
#
# `torch.load` must be able to read the file without being told to trust it. And a file that does not fit the
# network is an error, which you let happen.
#
# <details><summary>Hint 1: the idea</summary>
# One dictionary with everything that has a state. On the way back: build, then fill.
# </details>
#
# <details><summary>Hint 2: a sketch</summary>
# What has a <code>state_dict</code> also has a <code>load_state_dict</code>, which works in place. What has a
# <code>get_state</code> also has a <code>set_state</code>.
# </details>


# %% exercise="save_checkpoint"
def save_checkpoint(
    path: Path,
    epoch: int,
    sizes: list[int],
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    generator: Generator,
) -> None:
    """Write all that is needed to go on: epoch, sizes, the state of the model and its mode, optimiser, generator.

    sizes: whole numbers, from which a network of this form can be made; the model is in one mode with all its parts.
    """
    ### BEGIN SOLUTION
    state = {
        "epoch": epoch,
        "sizes": sizes,
        "model": model.state_dict(),
        "training": model.training,
        "optimizer": optimizer.state_dict(),
        "generator": generator.get_state(),
    }
    torch.save(state, path)
    ### END SOLUTION


def load_checkpoint(
    path: Path,
    make_model: Callable[[list[int]], nn.Module],
    make_optimizer: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer],
    generator: Generator,
) -> tuple[int, nn.Module, torch.optim.Optimizer]:
    """Return the epoch, a new model and its new optimiser as they were saved; the generator gets its state back.

    make_model(sizes): a new network, in training mode; make_optimizer(parameters): a new optimiser.
    Raises what PyTorch raises if the file does not fit the network.
    """
    ### BEGIN SOLUTION
    state = torch.load(path)
    model = make_model(state["sizes"])
    model.load_state_dict(state["model"])
    model.train(state["training"])
    optimizer = make_optimizer(model.parameters())
    optimizer.load_state_dict(state["optimizer"])
    generator.set_state(state["generator"])
    return state["epoch"], model, optimizer
    ### END SOLUTION


# %% check="save_checkpoint" points=3
@check("save_checkpoint")
def _(given, expect):
    def make(sizes):
        first, second, third = sizes
        return nn.Sequential(nn.Linear(first, second), nn.Tanh(), nn.Dropout(0.5), nn.Linear(second, third))

    def other(sizes):
        first, second, third = sizes
        return nn.Sequential(nn.Linear(first, second), nn.Tanh(), nn.Linear(second, third))

    def adam(parameters):
        return torch.optim.Adam(parameters, lr=0.05)

    def go_on(model, optimizer, shuffler, epochs):
        model.eval()  # no dropout: what chance there is comes from the generator
        for _ in range(epochs):
            for chosen in torch.randperm(13, generator=shuffler).split(5):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(rows[chosen]), targets[chosen]).backward()
                optimizer.step()

    sizes = [given.integer(4, 7), given.integer(5, 9), 3]
    rows, targets = given.normal(13, sizes[0]), given.integers(3, 13)
    toy, shuffler = given.fill(make(sizes)), given.generator()
    optimizer = adam(toy.parameters())
    go_on(toy, optimizer, shuffler, 3)
    epoch = given.integer(3, 90)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint.pt"
        save_checkpoint(path, epoch, list(sizes), toy, optimizer, shuffler)
        go_on(toy, optimizer, shuffler, 3)
        save_checkpoint(Path(folder) / "later.pt", epoch + 3, list(sizes), toy, optimizer, shuffler)
        path = path.rename(Path(folder) / "first.pt")  # what counts is in the file, not where it lies
        again = torch.Generator().manual_seed(given.integer(0, 2**31 - 1))
        loaded, model, its_optimizer = load_checkpoint(path, make, adam, again)
        answers = {"epoch": loaded, "answers": model(rows)}  # in evaluation mode, if that was kept
        as_loaded = vector_of(model)
        expect("the epoch, and a model that answers as it did", answers, points=0.75)
        go_on(model, its_optimizer, again, 3)
        expect("three more epochs, as if it had never stopped", vector_of(model), points=1.5)
        try:
            plain = torch.load(path, weights_only=True) is not None
        except Exception:
            plain = False
        refused = error_of(load_checkpoint, path, other, adam, torch.Generator()) != "no error"
        save_checkpoint(path, epoch, list(sizes), toy.train(), optimizer, shuffler)
        awake = [part.training for part in load_checkpoint(path, make, adam, torch.Generator())[1].modules()]
        file = {"weights": as_loaded, "safe": plain, "refused": refused, "in training again": all(awake)}
        expect("a file that is safe to read, and refused where it does not fit", file, points=0.75)


# %% [markdown]
# **Now you can** pull the plug at any time.

# %% [markdown]
# ## 9. What it gained
#
# Time for the next line of our table. The same network as in lesson 7; but it trains for 20 epochs, and the
# validation pile chooses the epoch that is kept. In this lesson nothing has been measured on the test pile so far. All
# choices are made: now we open it.
#
# **Predict.** Look up lesson 7's row. What will this lesson's be?

# %%
test_images, test_labels = data.digits("test")
accuracies, chosen = [], []
for seed in range(5):
    model = make_network(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = data.batches(inputs, labels, 64, generator=torch.Generator().manual_seed(seed))
    lowest = math.inf
    for epoch in range(20):
        one_epoch(model, loader, optimizer)
        loss = measure(model, new_inputs, new_labels)[0]
        if loss < lowest:
            lowest, best_epoch, kept = loss, epoch, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    chosen.append(best_epoch)
    accuracies.append(measure(model, test_images.flatten(1), test_labels)[1])

print("best epochs, counted from 0:", chosen)
results.add("08 20 epochs at lr 0.1, the best epoch kept", accuracies, images=len(test_labels))
results.show()

# %% [markdown]
# Is the difference real? It is far more than two standard errors, and the five seeds of one row lie above all five of
# the other. What brought it, the longer training, the larger learning rate or the choice of the epoch, this table
# cannot say: that would take a row for each, with everything else kept as it was.

# %% [markdown]
# ## 10. Repair this measurement
#
# A colleague measures like this after every epoch. She wonders why her numbers jump, and why dropout has had no
# effect on her training since. Find the six faults before you open the answer.


# %%
def validate(model, loader):
    criterion = nn.CrossEntropyLoss()
    total, right = 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            total += criterion(logits, y)
            right += (logits.argmax(dim=1) == y).float().mean()
    model.eval()
    return total / len(loader), right / len(loader) * 100


torch.manual_seed(7)
model = nn.Sequential(nn.Linear(784, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 10))
print(
    "mode before:", model.training, "  running averages moved:", model[1].running_mean.abs().max().item() > 0
)
numbers = validate(model, data.batches(new_inputs[:100], new_labels[:100], 64))
print(
    "mode after: ", model.training, "  running averages moved:", model[1].running_mean.abs().max().item() > 0
)
print("returned:", " and ".join(type(number).__name__ for number in numbers))

# %% [markdown]
# <details><summary>The faults</summary>
#
# 1. <code>eval()</code> comes after the measuring instead of before it. So dropout is awake while it counts, and
#    the running averages move, by images that should move nothing. <code>no_grad</code> prevents neither.
# 2. The mode is not put back: from the second epoch on, training runs in evaluation mode, and nothing is dropped.
# 3. <code>total / len(loader)</code> is the mean of the batches' means: the last batch, of 36 images, counts like
#    one of 64.
# 4. The accuracy has the same fault.
# 5. It is a percentage, too, where a fraction was agreed on.
# 6. Both numbers are tensors. <code>.item()</code>, before adding, makes plain numbers of them.
# </details>

# %% [markdown]
# ## Exit questions
#
# Write the letter of your answer, in quotes.
#
# ### Exit question: which of the two networks do you hand out? `exit_epoch` (1 point)
#
# You trained on few images. After epoch 18 the training loss is 0.31 and the validation loss 0.52. After epoch 200
# they are 0.01 and 1.00. Both times, 86 % of the validation images are right. The network will be used by people who
# rely on its *probabilities*. Which epoch, and why?
#
# - **a)** Epoch 200: its training loss is thirty times lower, so it knows the digits better.
# - **b)** Epoch 18: equally many right answers, and it is less certain of its mistakes.
# - **c)** Either: the same accuracy means that they give the same answers and probabilities.
# - **d)** Neither: there is a gap in both, so both are overfitted and worthless.

# %% exercise="exit_epoch"
exit_epoch = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_epoch = "b"
### END SOLUTION


# %% check="exit_epoch" points=1
@check("exit_epoch")
def _(given, expect):
    expect("the choice", choice(exit_epoch))


# %% [markdown]
# ### Exit question: what do you promise your customer? `exit_report` (1 point)
#
# You tried 60 learning rates and sizes. The best network has 0.952 on the 1,000 validation images; two standard
# errors are 0.014. The test pile has not been opened. What do you expect on new images, and what do you do?
#
# - **a)** 0.952: it was counted correctly, on images that moved no parameter.
# - **b)** Something between 0.938 and 0.966, the middle being the likeliest: that is what the standard error says.
# - **c)** Probably a little less than 0.952. Measure this one network on the test pile, once, and report that.
# - **d)** Measure all 60 on the test pile, and report the best of them: that number is clean.

# %% exercise="exit_report"
exit_report = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_report = "c"
### END SOLUTION


# %% check="exit_report" points=1
@check("exit_report")
def _(given, expect):
    expect("the choice", choice(exit_report))


# %% [markdown]
# ### Exit question: why do two measurements differ? `exit_twice` (1 point)
#
# The network has dropout, and no batch normalisation. You measure its loss twice in a row, on the same images, inside
# `with torch.no_grad():`, and get 0.412 and 0.437. A colleague says: "Strange. `no_grad` switches dropout off."
#
# - **a)** She is right about `no_grad`. So the first measuring must have moved the parameters a little.
# - **b)** `no_grad` holds for the first call only; the second one was recorded.
# - **c)** That is the standard error: on so few images, every measurement comes out differently.
# - **d)** Dropout was awake. `no_grad` stops the recording and nothing else; `eval()` was missing.

# %% exercise="exit_twice"
exit_twice = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_twice = "d"
### END SOLUTION


# %% check="exit_twice" points=1
@check("exit_twice")
def _(given, expect):
    expect("the choice", choice(exit_twice))


# %% [markdown]
# ## Summary
#
# - Only images that took no part in training tell how good a network is. It can learn anything else by heart, even
#   labels drawn by lot.
# - A gap is normal. Watch whether the loss on new images still falls.
# - Training moves parameters, validation chooses, test reports, once. What chose is too good afterwards.
# - Measure in evaluation mode *and* unrecorded, over images and not over batches, and put every part back.
# - An accuracy $a$ on $n$ images is sure to about $\pm 2\sqrt{a(1-a)/n}$.
# - More images help. Dropout, shorter training, a smaller network can help. Longer training, with the best
#   epoch kept, helped here.
# - Keep copies, not references. A checkpoint holds everything that has a state.
#
# **What comes next.** Twenty epochs with one learning rate: can one get there faster? Lesson 9 looks at the step
# itself: momentum, Adam, and learning rates that change on the way.
#
# **Further reading**
# - M. Nielsen, [Neural Networks and Deep Learning](http://neuralnetworksanddeeplearning.com/chap3.html), chapter 3:
#   overfitting, told along one experiment.
# - C. Zhang and others, [Understanding deep learning requires rethinking
#   generalization](https://arxiv.org/abs/1611.03530) (2017): labels drawn by lot, on large networks.
# - M. Valdenegro-Toro, M. Sabatelli, [Machine Learning Students Overfit to
#   Overfitting](https://arxiv.org/abs/2209.03032) (2022): what is often understood wrongly about this lesson's
#   topic.
# - [Saving and Loading Models](https://docs.pytorch.org/tutorials/beginner/saving_loading_models.html): PyTorch's
#   own guide to checkpoints.
