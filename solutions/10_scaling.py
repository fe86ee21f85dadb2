# %% [markdown]
# # 10 · Scaling: how does training grow without going wrong?
#
# The loop is right, the optimiser is fast. Now comes more: more images, larger networks, more machines,
# and fewer bits for each number. Each of these promises speed. Each can also change, silently, *what* is computed.
# How do you find out what is worth speeding up, and how do you make sure that the result stays the same?
#
# **You will be able to**
# - measure where the time of an epoch goes, and say beforehand what a change can save at most;
# - count the memory that training needs, and get a large batch out of a small memory;
# - say what float16 and bfloat16 lose, and train with them without losing it;
# - write what data parallel training computes, and compare it with the one big batch that it stands for;
# - count how often a compiler has to give up.
#
# About 110 minutes · 20 points · nothing is downloaded · no GPU needed

# %% setup=true
import time
from typing import Any

import torch
from torch import Tensor, nn

from helper import check, data, plot, results
from helper.fixtures import GraphSpy, choice, loss_as_number, losses_as_numbers, vector_of

torch.set_num_threads(1)

# %% [markdown]
# ## 1. Where does the time go?
#
# The digits and the network of lesson 7, once more. `make_loader` gives the 3,000 images in batches of 64 in two
# ways. One way is the usual one: a data set that hands out one image at a time. Each is opened, turned into a
# tensor and normalised when it is asked for, and 64 of them are stacked. The other way prepared everything once,
# and picks each batch out of one large tensor in memory.

# %%
from torch.utils.data import DataLoader
from torchvision import transforms

images, labels = data.digits("train")
inputs = images.flatten(1)
prepare = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,)), torch.flatten])
criterion = nn.CrossEntropyLoss()


def make_loader(way, seed=10):
    order = torch.Generator().manual_seed(seed)
    if way == "one by one":
        return DataLoader(data.Digits("train", prepare), 64, shuffle=True, generator=order)
    return data.batches(inputs, labels, 64, generator=order)


def make_network(seed=7):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(784, 128),
        nn.ReLU(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


pairs = zip(make_loader("one by one"), make_loader("from memory"), strict=True)
same = all(torch.equal(x, a) and torch.equal(y, b) for (x, y), (a, b) in pairs)
print("both ways give the same batches, bit for bit:", same)

# %% [markdown]
# **Predict.** In an epoch that loads its images one by one: which takes longer, loading or learning? By loading we
# mean all that happens between two batches; by learning, forward, backward and step.


# %%
def seconds_of_epoch(loader):
    """Return the seconds that one epoch spends on each part of its work."""
    network = make_network()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.06)
    spent = dict.fromkeys(("load", "forward", "backward", "step"), 0.0)

    def stop(part):
        nonlocal start
        spent[part] += time.perf_counter() - start
        start = time.perf_counter()

    start = time.perf_counter()
    for x, y in loader:
        stop("load")
        optimizer.zero_grad()
        loss = criterion(network(x), y)
        stop("forward")
        loss.backward()
        stop("backward")
        optimizer.step()
        stop("step")
    return spent


def quickest_epoch(way):
    """Return the quickest of three epochs: a busy computer can only make an epoch slower."""
    return min((seconds_of_epoch(make_loader(way)) for _ in range(3)), key=lambda spent: sum(spent.values()))


one_by_one, from_memory = quickest_epoch("one by one"), quickest_epoch("from memory")
for way, spent in {"one by one": one_by_one, "from memory": from_memory}.items():
    learning = sum(spent.values()) - spent["load"]
    print(f"{way:11}  the larger part is {'loading' if spent['load'] > learning else 'learning'}")
print(
    "the epoch from memory takes less than half the time:",
    sum(from_memory.values()) < sum(one_by_one.values()) / 2,
)

# %% [markdown]
# <details><summary>Explain</summary>
#
# Loading, by far. This network is small, and learns from an image in about ten microseconds. To open, convert and
# stack an image takes several times as long. The figure shows one such measurement, on one thread of a server's
# processor.
# </details>
#
# ![Two stacked bars, the time of one epoch of 3,000 images. Loading one by one: most of the bar is loading, and forward, backward and step are a thin end. From memory: loading has nearly vanished, and the whole bar is a fraction as long as the first.](../img/10_scaling_epoch.png)
#
# Times are different on each computer and in each run. So the text of this course holds what stays true, and the next
# cell draws *your* seconds.

# %% tags=["nbval-ignore-output"]
yours = {"one by one": list(one_by_one.values()), "from memory": list(from_memory.values())}
axes = plot.bars(yours, list(one_by_one), ylabel="seconds of your epoch")

# %% [markdown]
# ### What can a change save at most?
#
# A part of the work that becomes faster saves time in *its* part only. If loading takes 80 of 100 seconds, then a
# processor that learns twice as fast saves 10 seconds, not 50.
#
# **Predict.** And one that learns infinitely fast?

# %%
loading, learning = 80, 20
for name, seconds in {
    "as it is": loading + learning,
    "learning twice as fast": loading + learning / 2,
    "learning infinitely fast": loading,
    "loading twice as fast": loading / 2 + learning,
    "loading while learning": max(loading, learning),
}.items():
    print(f"{name:24} {seconds:3.0f} seconds, {100 / seconds:.2f} times as fast")

# %% [markdown]
# <details><summary>Explain</summary>
#
# No speed-up of the smaller part gets the epoch below 80 seconds. This is known as **Amdahl's law**. So measure
# first, and then work on the largest part.
# </details>
#
# The last line is another way. While the network learns one batch, somebody else can load the next. `DataLoader`
# does so with `num_workers=1`: one more process loads batches ahead. (With 2, two load at once.) Then the two times
# no longer add up. The longer one remains.
#
# ![Two time lines of the same four batches. Above, each batch is loaded and then learned, one after the other. Below, a worker loads batch 2 while batch 1 is learned, and so on: the whole is as long as the loading and one learning.](../img/10_scaling_overlap.png)
#
# More workers are no gift. Each has to be started, in every epoch anew unless `persistent_workers=True`, and what
# it loads must travel from one process to another. If everything fits into memory, prepare it once and use no
# workers: nothing is faster than work that need not be done. In this course all data come from memory.
#
# ### A second thread
#
# PyTorch can share one multiplication out among several threads. **Predict.** A step of our network on two threads
# instead of one: how much sooner is it done, and how much processor time do both threads use together?


# %%
def clocks_of_steps(threads, steps=100):
    """Return the quickest step by the wall clock, and the processor time of all steps."""
    torch.set_num_threads(threads)
    network = make_network()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.06)
    quickest, worked = float("inf"), time.process_time()
    for _ in range(steps):
        start = time.perf_counter()
        optimizer.zero_grad()
        criterion(network(inputs[:64]), labels[:64]).backward()
        optimizer.step()
        quickest = min(quickest, time.perf_counter() - start)
    return quickest, time.process_time() - worked


clocks_of_steps(2, steps=5)  # the threads have to be started once
(wall_one, work_one), (wall_two, work_two) = clocks_of_steps(1), clocks_of_steps(2)
torch.set_num_threads(1)
print("two threads are done in half the time:", wall_two < 0.55 * wall_one)
print("two threads use more processor time:  ", work_two > work_one)

# %% [markdown]
# <details><summary>Explain</summary>
#
# The pieces are so small that handing them out costs about as much as doing them. When this lesson was written, on
# a computer with two free processors, two threads took 0.8 of the time and 1.6 times the processor time.
# With other programs running, the threads waited for each other, and a hundred steps on two threads took up to
# *fifty times* as long as on one. Notebooks, and the programs that mark them, share a machine, so each notebook of this
# course begins with `torch.set_num_threads(1)`. For large matrices a second thread can be worth having.
# </details>
#
# ### On a GPU, the clock lies
#
# A **GPU** is a processor of its own, for doing the same with thousands of numbers at once. Python only hands it
# the work, and goes on at once. So `time.perf_counter()` around one line measures the handing over. To time the
# work, wait for it: `torch.cuda.synchronize()`. Where there is a GPU, the next cell prints how
# small a part of the time until a product is there passes in the line that asks for it. Elsewhere it says that there is
# none.

# %% tags=["nbval-ignore-output"]
if torch.cuda.is_available():
    matrix = torch.randn(8192, 8192, device="cuda")
    torch.mm(matrix, matrix)  # the first call also loads the program
    torch.cuda.synchronize()
    start = time.perf_counter()
    torch.mm(matrix, matrix)
    handed_over = time.perf_counter() - start
    torch.cuda.synchronize()
    done = time.perf_counter() - start
    print(f"of the time until the product was there, the line itself took {100 * handed_over / done:.1f} %")
else:
    print("There is no GPU here. Where there is one, this line holds a small percentage.")

# %% [markdown]
# For the same reason `loss.item()` in each step slows a GPU down: to print the number, Python must wait for it.
# Add up `loss.detach()` and ask for the number once per epoch.
#
# **You can now** measure an epoch, name its largest part, and say what a change can save before you make it.

# %% [markdown]
# ## 2. What has to fit into memory?
#
# Training keeps four kinds of numbers:
#
# - the **weights** themselves, biases included;
# - a **gradient** for each of them;
# - what the optimiser remembers, its **state**: momentum keeps one number per weight, Adam two (lesson 9);
# - the **activations**: what went into the layers on the way forward, and `backward` will need again.
#
# A number in float32 takes 4 bytes. **Predict.** Our network has 109,386 weights and is trained with Adam. How
# many bytes are the first three kinds together?


# %%
def bytes_of(tensors):
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


network = make_network()
adam = torch.optim.Adam(network.parameters(), lr=0.001)
criterion(network(inputs[:64]), labels[:64]).backward()
adam.step()
print(f"weights    {bytes_of(network.parameters()):9,} bytes")
print(f"gradients  {bytes_of(p.grad for p in network.parameters()):9,}")
remembered = [state[name] for state in adam.state.values() for name in ("exp_avg", "exp_avg_sq")]
print(f"states     {bytes_of(remembered):9,}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# 16 bytes for each weight: 4 for itself, 4 for its gradient, 8 for what Adam keeps. That is 1.75 million bytes
# here. A network with a thousand million weights needs 16 thousand million bytes before it has seen one image.
# </details>

# %% [markdown]
# ## Exercise: `training_bytes` (2 points)
#
# Count, in bytes, the weights, the gradients and the optimiser's states that training a model keeps. Three things
# are easily overlooked: not every number has four bytes; a **frozen** parameter (`requires_grad` is `False`) is kept
# but not trained; and a parameter that two layers **share** is there only once.
#
# <details><summary>Hint</summary>
# A tensor knows how many numbers it has and how many bytes each of them takes. Does
# <code>model.parameters()</code> name a shared parameter twice? Try it.
# </details>


# %% exercise="training_bytes"
def training_bytes(model: nn.Module, optimizer_name: str) -> dict[str, int]:
    """Count the bytes that training keeps for the parameters of a model.

    model: its parameters may be of several types; some may be frozen, some shared by several layers;
    optimizer_name: "sgd" remembers nothing, "momentum" one number for each that is trained, "adam" two.
    Gradients and states are of the same type as their parameter. Frozen parameters have neither.
    Returns {"weights": ..., "gradients": ..., "states": ...}, whole numbers of bytes. Buffers, such as BatchNorm's
    running means, and the optimiser's counters of steps are left out.
    """
    ### BEGIN SOLUTION
    states = {"sgd": 0, "momentum": 1, "adam": 2}[optimizer_name]
    parameters = list(model.parameters())
    weights = sum(p.numel() * p.element_size() for p in parameters)
    gradients = sum(p.numel() * p.element_size() for p in parameters if p.requires_grad)
    return {"weights": weights, "gradients": gradients, "states": states * gradients}
    ### END SOLUTION


# %% check="training_bytes" points=2
@check("training_bytes")
def _(given, expect):
    n_in, hidden, n_out = given.integer(20, 30), given.integer(40, 60), given.integer(5, 15)
    plain = nn.Sequential(nn.Linear(n_in, hidden), nn.BatchNorm1d(hidden), nn.Linear(hidden, n_out))
    counted = {name: training_bytes(plain, name) for name in ("sgd", "momentum", "adam")}
    expect("a network in float32, with each optimiser", counted, points=0.4)

    mixed = nn.Sequential(nn.Linear(n_in, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, hidden))
    mixed[0].to(torch.bfloat16)
    mixed[1].to(torch.float64)
    mixed[2].weight = mixed[1].weight  # shared: these two have one matrix, and a bias each
    expect("numbers of several types, and a shared matrix", training_bytes(mixed, "adam"), points=0.6)

    mixed[0].requires_grad_(False)
    mixed[2].bias.requires_grad_(False)
    frozen = {name: training_bytes(mixed, name) for name in ("momentum", "adam")}
    expect("frozen parameters beside them", frozen, points=1.0)


# %% [markdown]
# ### The activations
#
# The fourth kind is different: it grows with the batch. PyTorch can tell us what it keeps for `backward`, tensor by
# tensor. We count everything but the weights, which are there anyway.


# %%
def kept_for_backward(network, x, y, autocast=False):
    """Return the bytes that the forward pass of one batch keeps for the backward pass, without the weights."""
    own = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes(), tensor
        return tensor

    with (
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
        torch.autocast("cpu", torch.bfloat16, enabled=autocast),  # section 4 needs this
    ):
        criterion(network(x), y)
    return sum(size for size, _ in kept.values())


network = make_network()
sizes = [64, 500, 1000, 2000, 3000]
activations = [kept_for_backward(network, inputs[:n].clone(), labels[:n].clone()) for n in sizes]
fixed, per_image = 16 * 109_386, (activations[-1] - activations[0]) / (3000 - 64)
print(f"each further image adds {per_image:,.0f} bytes; they catch up at {fixed / per_image:.0f} images")
axes = plot.lines(
    sizes,
    {"activations": [size / 1e6 for size in activations]},
    levels={"weights, gradients and Adam's states": fixed / 1e6},
    xlabel="images in a batch",
    ylabel="millions of bytes",
)

# %% [markdown]
# The line says what limits a batch. Weights, gradients and states are the same for one image and for three thousand.
# The activations are not. (Of the 3,952 bytes, 3,136 are the image itself: it goes into the first layer. In a deeper
# network the hidden layers weigh more.) Section 6 is about a way out.
#
# **You can now** say what a training run needs before it stops with "out of memory".

# %% [markdown]
# ## 3. Where do the numbers live?
#
# Each tensor lives on one **device**: `"cpu"`, or a GPU, `"cuda"`. An operation works on one device, so all its
# inputs must be there. You need no GPU to learn the rules: PyTorch has a device called `"meta"`, on which tensors
# have a shape and a type but no numbers. Everything that can be forgotten with a GPU can be forgotten there.
#
# **Predict.** After this cell, where are `batch`, `moved`, and the weights of `layer`?

# %%
batch = torch.zeros(5, 784)
moved = batch.to("meta")
layer = nn.Linear(784, 10)
layer.to("meta")
print("batch:", batch.device, "  moved:", moved.device, "  layer:", layer.weight.device)

# %%
try:
    layer(batch)
except RuntimeError as error:
    print("RuntimeError:", error)

# %% [markdown]
# <details><summary>Explain</summary>
#
# A tensor is not moved: <code>to</code> returns a copy elsewhere, and who drops the copy has done nothing. A module
# *is* moved in place, with all its parameters. So the two lines look alike and do different things:
# <code>x = x.to(device)</code>, but <code>model.to(device)</code>. The error above is the commonest one: the model
# was moved, the batch was not.
# </details>
#
# An optimiser holds on to the parameters that it was given. So first move the model, then make its optimiser.
# A look at why:

# %%
layer = nn.Linear(784, 10)
early = torch.optim.SGD(layer.parameters(), lr=0.1)
layer.to("meta")
late = torch.optim.SGD(layer.parameters(), lr=0.1)
for name, optimizer in {"made before the move": early, "made after it": late}.items():
    holds = optimizer.param_groups[0]["params"][0] is layer.weight
    print(f"{name:20} holds the weight that the layer uses: {holds}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# On its way to another device a module may get new parameters, and here it did. The early optimiser would go on to
# improve the old ones, which nobody uses. Not every move does this. Who makes the optimiser afterwards need not know
# which ones do.
# </details>

# %% [markdown]
# ## Exercise: `to_device` (2 points)
#
# Batches are often more than a pair: a dictionary with a list in it, beside a name or a number. Write a function
# that moves all tensors in such a batch, however deep they lie, and can move a model, too.
#
# <details><summary>Hint</summary>
# What is to be done with a list is to be done with each of its parts. A function may call itself.
# </details>


# %% exercise="to_device"
def to_device(batch: Any, device: torch.device | str) -> Any:
    """Return `batch` with all its tensors on `device`.

    batch: a tensor, a module, a tuple, list or dictionary of such things at any depth, or anything else.
    Tuples stay tuples, lists stay lists, dictionaries keep their keys; those handed in are not changed.
    A module is moved in place, and is itself what comes back. Anything else (a text, a number, None) comes back
    as it is.
    """
    ### BEGIN SOLUTION
    if isinstance(batch, Tensor | nn.Module):
        return batch.to(device)
    if isinstance(batch, dict):
        return {name: to_device(part, device) for name, part in batch.items()}
    if isinstance(batch, list | tuple):
        return type(batch)(to_device(part, device) for part in batch)
    return batch
    ### END SOLUTION


# %% check="to_device" points=2
@check("to_device")
def _(given, expect):
    def seen(thing):
        """Say where everything is: numbers on "meta" cannot be looked at, but places and shapes can."""
        if isinstance(thing, Tensor):
            return {"device": thing.device.type, "shape": list(thing.shape)}
        if isinstance(thing, dict):
            return {"dict": {name: seen(part) for name, part in thing.items()}}
        if isinstance(thing, list | tuple):
            return {type(thing).__name__: [seen(part) for part in thing]}
        return thing

    size = given.integer(3, 90)
    pair = given.normal(size, 4), given.integers(10, size=size)
    expect("a pair", {"on meta": seen(to_device(pair, "meta")), "on cpu": to_device(pair, "cpu")}, points=0.5)

    deep = {
        "views": [pair, given.normal(size, 2, 2)],
        "weights": {"loss": given.normal(size)},
        "name": "digits",
    }
    moved = seen(to_device(deep, "meta"))
    expect(
        "tensors at every depth, and the batch handed in", {"moved": moved, "kept": seen(deep)}, points=1.0
    )

    model = nn.Sequential(nn.Linear(4, size), nn.ReLU())
    comes_back = to_device({"model": model, "epoch": size}, "meta")
    itself = isinstance(comes_back, dict) and comes_back.get("model") is model
    expect("a module, in place", {"itself": itself, "weight": seen(model[0].weight)}, points=0.5)


# %% [markdown]
# What a program that runs everywhere begins with: one name for the device, chosen once. Everything else says
# `device` and never `"cuda"`. Where there is a GPU, this cell computes there.

# %% tags=["nbval-ignore-output"]
device = "cuda" if torch.cuda.is_available() else "cpu"
network = make_network().to(device)
x, y = inputs[:64].to(device), labels[:64].to(device)
print("a loss, computed on", criterion(network(x), y).device.type)
if device == "cpu":
    print("Where there is a GPU, this says cuda.")

# %% [markdown]
# **You can now** write a loop that runs on any device, and read the error of one that does not.

# %% [markdown]
# ## 4. Fewer bits
#
# A number in float32 has 32 bits: one for the sign, 8 for the **exponent** (how large, in powers of two) and 23 for
# the **fraction** (its digits). Two formats make do with 16 bits: half the memory, half as much to move, and on
# processors that are built for it many times the speed. They save at different ends.
#
# ![Three rows of boxes, one per bit. float32: 1 sign, 8 exponent, 23 fraction. float16: 1 sign, 5 exponent, 10 fraction. bfloat16: 1 sign, 8 exponent, 7 fraction.](../img/10_scaling_formats.png)
#
# **Predict.** Which of the two gets into trouble with 70,000, which with 0.00000002, and which with 1.003?

# %%
for value in (70_000.0, 0.00000002, 1.003):
    exact = torch.tensor(value, dtype=torch.float64)
    half, brain = exact.to(torch.float16), exact.to(torch.bfloat16)
    print(f"{value:<10g} float16 {half.item():<14.8g} bfloat16 {brain.item():.8g}")
print()
for kind in (torch.float32, torch.float16, torch.bfloat16):
    info = torch.finfo(kind)
    print(f"{kind!s:15} largest {info.max:<9.2g} next after 1: {1 + info.eps:.9g}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# float16 keeps about three decimal digits, but its range is narrow: above 65,504 there is only infinity, and below
# half of 0.00000006 only zero. bfloat16 has float32's range and keeps two to three digits: after 1 comes 1.0078, so
# 1.003 is rounded to 1.
# </details>
#
# ### Where counting stops
#
# **Predict.** Begin at zero and add 1 again and again, rounding each time. How far does float16 get? And bfloat16?

# %%
for kind in (torch.float16, torch.bfloat16, torch.float32):
    total, one = torch.zeros((), dtype=kind), torch.ones((), dtype=kind)
    for _ in range(5000):
        total = total + one
    print(f"{kind!s:15} after 5,000 times 1: {total.item():.0f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# float16 has room for 11 binary digits (10 are written down, the leading 1 is understood). From 2,048 on, its
# neighbours lie 2 apart. 2,049 lies half way between two of them, and is rounded down to 2,048. It stays there for
# ever. bfloat16 has 8 digits and stops at 256. Nothing warns you.
# </details>
#
# Sums are everywhere in training: a matrix product is one, a mean loss is one, and so is a weight that takes
# thousands of small steps. So numbers may be *stored* in 16 bits, but they are *added up* in 32. PyTorch does so by
# itself:

# %%
ones = torch.ones(5000)
print("sum() of 5,000 ones in float16: ", ones.to(torch.float16).sum().item())
print("sum() of 5,000 ones in bfloat16:", ones.to(torch.bfloat16).sum().item())

# %% [markdown]
# <details><summary>Explain</summary>
#
# <code>sum()</code> adds in float32 and rounds once, at the end. 5,000 is a number that float16 has. bfloat16 has
# 4,992 and 5,024, and nothing between them.
# </details>

# %% [markdown]
# ## Exercise: `sum_in` (2 points)
#
# Add up the way a processor does: round each number to the type it is stored in, and the running total to the type
# it is kept in, after every addition.
#
# <details><summary>Hint</summary>
# A ready-made sum rounds less often than you are asked to. A tensor without axes, <code>torch.zeros(())</code>, can
# have a type, too.
# </details>


# %% exercise="sum_in"
def sum_in(values: Tensor, dtype: torch.dtype, accumulate_in: torch.dtype) -> Tensor:
    """Add numbers one after the other, in their order, with limited bits.

    values: (n,) float32; each is rounded to `dtype` before it is added;
    accumulate_in: the type of the running total, which begins at 0 and is rounded after every addition. It is
    `dtype` itself, or a type with at least as many bits for exponent and for fraction.
    Returns the total: a tensor without axes, of type `accumulate_in`.
    """
    ### BEGIN SOLUTION
    total = torch.zeros((), dtype=accumulate_in)
    for value in values.to(dtype):
        total = total + value
    return total
    ### END SOLUTION


# %% check="sum_in" points=2
@check("sum_in")
def _(given, expect):
    def number(*arguments):
        return loss_as_number(sum_in(*arguments))

    # Equal numbers are all rounded the same way, so that errors add up and do not cancel.
    step, mixed = given.uniform(1, low=0.6, high=0.9), given.uniform(60, low=0.5, high=1.5)
    for dtype, n in (
        (torch.float16, 2 * given.integer(450, 550)),
        (torch.bfloat16, given.integer(300, 400)),
    ):
        few = step.repeat(n)
        totals = {"in itself": number(few, dtype, dtype), "in float32": number(few, dtype, torch.float32)}
        totals["mixed numbers"] = number(mixed, dtype, dtype)
        expect(f"numbers in {str(dtype).removeprefix('torch.')}", totals, points=0.8, tolerance=1e-6)
    kinds = [(torch.bfloat16, torch.float32), (torch.float16, torch.float16)]
    totals = [sum_in(mixed, *pair) for pair in kinds]
    shown = {
        "totals": losses_as_numbers(totals),
        "types": [str(getattr(t, "dtype", type(t))) for t in totals],
    }
    shown["axes"] = [getattr(total, "ndim", None) for total in totals]
    expect("a total without axes, of the type it was kept in", shown)


# %% [markdown]
# The same as a picture: the total of a thousand steps of 0.1, as PyTorch's types keep it.


# %%
def totals(kind, steps=1000, step=0.1):
    total, so_far = torch.zeros((), dtype=kind), []
    for _ in range(steps):
        total = total + torch.tensor(step, dtype=kind)
        so_far.append(total.item())
    return so_far


kinds = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
axes = plot.lines(
    range(1, 1001),
    {name: totals(kind) for name, kind in kinds.items()},
    xlabel="steps of 0.1",
    ylabel="total",
)

# %% [markdown]
# Each step is rounded to what fits beside the total, sometimes up and sometimes down, so both lines bend: the last
# steps of float16 are 0.125 each. The line of bfloat16 goes flat at 32: there, 0.1 is less than half the way to the
# next number. A *weight* in bfloat16 would stop learning in the same way, as soon as its steps are small beside it.
#
# ### Mixed precision
#
# **Mixed precision** draws the conclusion. Weights, gradients and optimiser stay in float32. For the matrix products
# of the forward pass, weights and activations are *rounded copies* in 16 bits, and what is delicate (the loss,
# for example) stays in 32. `torch.autocast` does this by itself, for all that runs inside it.
#
# **Predict.** Of which type are the logits, the loss, the weights, and the gradients?

# %%
network = make_network()
with torch.autocast("cpu", dtype=torch.bfloat16):
    logits = network(inputs[:64])
    loss = criterion(logits, labels[:64])
loss.backward()
print("logits:  ", logits.dtype)
print("loss:    ", loss.dtype)
print("weights: ", network[0].weight.dtype)
print("gradient:", network[0].weight.grad.dtype)

# %% [markdown]
# <details><summary>Explain</summary>
#
# Of these four, only the logits are of 16 bits. That is different from <code>model.half()</code> or
# <code>model.to(torch.bfloat16)</code>: those make the *weights* coarse, and every step of the optimiser with them.
# </details>
#
# Does it save memory? Here is a wider network, with four hidden layers of 512 units. **Predict** for a batch of 64,
# and for one of 3,000: what does mixed precision keep for `backward`, compared with float32?

# %%
torch.manual_seed(10)
middle = [layer for _ in range(3) for layer in (nn.Linear(512, 512), nn.ReLU())]
wide = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), *middle, nn.Linear(512, 10))
for n in (64, 3000):
    x, y = inputs[:n].clone(), labels[:n].clone()
    plain, mixed = kept_for_backward(wide, x, y), kept_for_backward(wide, x, y, autocast=True)
    print(f"{n:4} images: {mixed:,} bytes in mixed precision, {100 * mixed / plain:.0f} % of float32's")

# %% [markdown]
# <details><summary>Explain</summary>
#
# Activations take about half. But rounded copies of the weights are kept, too, and these come on top of the
# weights. With few images they weigh most. Mixed precision saves memory where activations are the larger part,
# and saves none on weights, gradients and states.
# </details>
#
# Does it save time? That depends on the processor and on the size. When this lesson was written, on a server's
# processor with instructions for bfloat16, a product of two matrices of 1,024 × 1,024 took about a tenth of the time
# in bfloat16, one of 64 × 64 five times as long. The next cell draws it for your computer: below 1, bfloat16 is
# faster.


# %% tags=["nbval-ignore-output"]
def quickest_product(n, kind):
    left = torch.ones(n, n, dtype=kind)
    seconds = []
    for _ in range(10):
        start = time.perf_counter()
        left @ left
        seconds.append(time.perf_counter() - start)
    return min(seconds)


sizes = (64, 256, 1024)
ratios = [quickest_product(n, torch.bfloat16) / quickest_product(n, torch.float32) for n in sizes]
axes = plot.bars({"": ratios}, sizes, xlabel="rows and columns", ylabel="bfloat16 / float32")

# %% [markdown]
# **You can now** name what each format cannot say, and know which numbers of a training run may be coarse.

# %% [markdown]
# ## 5. Small gradients in float16
#
# With float16, mixed precision has one more trouble. On the way back, gradients are in float16 as well, and most of
# them are small numbers. What lies below 0.00000003 becomes zero. Here are the gradients of our network after 15
# epochs, counted by their size, in powers of two.

# %%
network = make_network()
optimizer = torch.optim.SGD(network.parameters(), lr=0.06)
loader = make_loader("from memory")
for _ in range(15):
    for x, y in loader:
        optimizer.zero_grad()
        criterion(network(x), y).backward()
        optimizer.step()
optimizer.zero_grad()
criterion(network(inputs), labels).backward()
slopes = torch.cat([parameter.grad.flatten() for parameter in network.parameters()])
slopes = slopes[slopes != 0].abs()  # pixels that are black in all images have none

powers = range(-36, 8)
scaled_by = {"as they are": 1, "times 1,024": 1024}
counts = {
    name: [(slopes * scale).log2().floor().eq(power).sum().item() for power in powers]
    for name, scale in scaled_by.items()
}
axes = plot.lines(powers, counts, xlabel="size of a gradient, as a power of two", ylabel="how many")
axes.axvspan(-36, -25, color=plot.PALETTE["light"], zorder=0)
axes.text(-35.5, max(counts["as they are"]) * 0.5, "zero in float16")
for name, scale in scaled_by.items():
    lost = {
        kind: 100 * ((slopes * scale).to(kind) == 0).float().mean()
        for kind in (torch.float16, torch.bfloat16)
    }
    print(f"{name:12}", "  ".join(f"lost in {kind}: {share:.1f} %" for kind, share in lost.items()))

# %% [markdown]
# Three in a thousand are no disaster. But nobody is told when it is half of them.
#
# The remedy is simple. Multiply the loss by a large number, the **scale**, before `backward`. By the chain rule, all
# gradients are multiplied by it, and move to the right, out of the grey. Before the step, divide them by it again, in
# float32, where there is room.
#
# How large may the scale be? As large as possible, but no gradient may become infinite. Nobody knows beforehand. So
# it is found by trying: if a gradient is infinite or NaN, leave this step out and halve the scale; after many good
# steps in a row, double it. That is **dynamic loss scaling**. PyTorch's `torch.amp.GradScaler` does it. bfloat16 has
# float32's range and needs none.
#
# **Predict.** Gradients are clipped to a norm of 1 (lesson 9). The scale is 1,024, and the true gradient has a norm
# of 0.5. What happens if one clips first and divides by the scale afterwards?

# %%
scale, true_norm = 1024, 0.5
clipped = min(true_norm * scale, 1.0)
print(f"clipped first:  a norm of {clipped / scale:.4f} is left")
print(f"unscaled first: a norm of {min(true_norm * scale / scale, 1.0):.4f} is left")

# %% [markdown]
# <details><summary>Explain</summary>
#
# Scaled, the gradient looks 512 times too long, and is cut to 1. Divided by the scale, a thousandth is left. The
# limit is meant for the true gradient, so unscale before you clip.
# </details>

# %% [markdown]
# ## Exercise: `loss_scale_step` (3 points)
#
# Write what happens between `backward` and the next batch: unscale, look for infinities, clip, step, and choose the
# next scale. The contract says everything; the order is up to you.
#
# <details><summary>Hint</summary>
# <code>torch.isfinite</code> says of each number whether it is neither infinite nor NaN. Look at all gradients before
# anything moves: one bad number in one of them, and no parameter takes a step.
# </details>


# %% exercise="loss_scale_step"
def loss_scale_step(
    parameters: list[Tensor],
    optimizer: torch.optim.Optimizer,
    scale: float,
    good_steps: int,
    max_norm: float,
    grow_after: int,
) -> tuple[float, int]:
    """Take a step with gradients of a loss that was multiplied by `scale`; return the next scale and count.

    parameters: all that the optimiser moves; each has in `.grad` its gradient, `scale` times too large;
    good_steps: how many steps in a row went well so far;
    max_norm: the true gradients, all of them together, are clipped to this norm, as by clip_grad_norm_.
    If any number in any gradient is infinite or NaN, no step is taken at all (an optimiser with a memory would
    move even by zeros): the scale is halved, and the count begins at 0.
    Otherwise one step is taken, and the count grows by 1. When it reaches `grow_after`, the scale is doubled, and
    the count begins at 0. What is left in `.grad` does not matter.
    """
    ### BEGIN SOLUTION
    if not all(parameter.grad.isfinite().all() for parameter in parameters):
        return scale / 2, 0
    for parameter in parameters:
        parameter.grad /= scale
    nn.utils.clip_grad_norm_(parameters, max_norm)
    optimizer.step()
    if good_steps + 1 == grow_after:
        return scale * 2, 0
    return scale, good_steps + 1
    ### END SOLUTION


# %% check="loss_scale_step" points=3
@check("loss_scale_step")
def _(given, expect):
    scale = 2.0 ** given.integer(4, 9)
    n_in, n_out = given.integer(3, 6), given.integer(7, 9)

    def run(sizes, spoil=None, count=0, grow_after=50):
        """Give the gradients these true norms, one step after the other; one of them may be spoilt."""
        model = given.fill(nn.Linear(n_in, n_out, dtype=torch.float64))
        parameters = list(model.parameters())
        sgd = torch.optim.SGD(parameters, lr=0.5, momentum=0.9)  # it remembers, so zeros move it as well
        state, seen = (scale, count), []
        for number, size in enumerate(sizes):
            slopes = [given.normal(*p.shape, dtype=torch.float64) for p in parameters]
            norm = torch.cat([slope.flatten() for slope in slopes]).norm()
            for parameter, slope in zip(parameters, slopes, strict=True):
                parameter.grad = slope * (size * state[0] / norm)
            if spoil and number in spoil:
                which, value = spoil[number]
                parameters[which].grad.view(-1)[-1] = value
            state = loss_scale_step(parameters, sgd, *state, max_norm=2.0, grow_after=grow_after)
            seen.append(torch.tensor(state, dtype=torch.float64))
        return {"parameters": vector_of(model), "scales and counts": torch.stack(seen)}

    short = [given.number(0.5, 1.5), given.number(0.5, 1.5), given.number(0.5, 1.5) / scale]
    expect("true gradients that are short enough", run(short))
    expect("true gradients that are too long", run([given.number(5, 9), given.number(0.5, 1.5)]))
    endless = {1: (0, float("inf")), 3: (1, float("-inf")), 4: (0, float("nan"))}
    expect(
        "no step where something is infinite or NaN", run([1.0, 1.0, 1.5, 1.0, 1.0, 0.5], endless, count=3)
    )
    expect("a scale that grows", run([0.5, 1.0, 0.7, 1.5, 1.0, 0.6, 0.9], {3: (1, float("inf"))}, 1, 3))


# %% [markdown]
# See it find a scale by itself. We train in float16, beginning with a scale that is far too large.

# %%
network = make_network()
optimizer = torch.optim.SGD(network.parameters(), lr=0.06)
scaler = torch.amp.GradScaler("cpu", init_scale=2.0**24, growth_interval=25)
scales, losses = [], []
for epoch in range(2):
    for x, y in make_loader("from memory", seed=epoch):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.float16):
            loss = criterion(network(x), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        scales.append(scaler.get_scale())
        losses.append(loss.item())
axes = plot.loss_curves({"scale": scales}, xlabel="step", ylabel="scale", logy=True)
print("left out at the beginning:", sum(scale < 2.0**24 for scale in sorted(set(scales[:25]))), "steps")
print(f"loss of the first batch {losses[0]:.1f}, of the last {losses[-1]:.1f}")

# %% [markdown]
# Down by halves, until nothing overflows. After 25 good steps it tries twice as much, and comes back at once if that
# was too much. Later it sinks further: some gradients have grown. A few steps are lost, and the training goes on.
#
# **You can now** train with float16 without losing the small gradients, and say why bfloat16 needs no scale.

# %% [markdown]
# ## 6. A large batch from small parts
#
# Gradients add up in `.grad` until somebody clears them. What was a trap in lesson 7 is a tool here: send a large
# batch through the network in parts (**microbatches**), one after the other, and step once. Only the activations of
# one part are in memory at a time. This is **gradient accumulation**.
#
# Each part's loss is a mean over *its* images. **Predict.** Seven images, in parts of 5 and 2. Which of these three
# gives the gradient of the seven?
#
# - add up the gradients of the two means;
# - add up, and divide by the number of parts, 2;
# - add up, but first multiply each mean by its share of the images, 5/7 and 2/7.


# %%
def gradient_of(network, x, y):
    network.zero_grad()
    criterion(network(x), y).backward()
    return torch.cat([parameter.grad.flatten() for parameter in network.parameters()])


network = make_network()
whole = gradient_of(network, inputs[:7], labels[:7])
five = gradient_of(network, inputs[:5], labels[:5])
two = gradient_of(network, inputs[5:7], labels[5:7])
ways = {"added": five + two, "added, by 2": (five + two) / 2, "weighted": five * 5 / 7 + two * 2 / 7}
for name, slopes in ways.items():
    print(f"{name:12} off by {100 * (slopes - whole).norm() / whole.norm():.1f} % of the gradient's length")

# %% [markdown]
# <details><summary>Explain</summary>
#
# Divided by 2, each of the two images in the small part counts two and a half times as much as each of the five. With
# equal parts nobody notices, and the last batch of an epoch, or texts of different lengths, make them unequal. This
# very error stood in well-known libraries: in Transformers until 2024 (its pull request 34191).
# </details>

# %% [markdown]
# ## Exercise: `accumulate` (3 points)
#
# Leave in every parameter's `.grad` the gradient of the big batch, from parts of any sizes.
#
# <details><summary>Hint</summary>
# How many examples are there in all? When must <code>backward</code> be called so that the graph of one part is
# gone before the next part comes?
# </details>


# %% exercise="accumulate"
def accumulate(model: nn.Module, microbatches: list[tuple[Tensor, Tensor]], criterion: nn.Module) -> float:
    """Leave the gradient of the mean loss over all examples of all parts in `.grad`; return that loss.

    microbatches: the parts of one batch, each of inputs (size, features) and labels (size,), sizes unequal;
    criterion(logits, labels): the mean loss of one part.
    Each part goes through the model once and alone. When it does, at most one earlier part's graph is in memory.
    What was in `.grad` before is forgotten. No parameter moves. Returns a plain float.
    """
    ### BEGIN SOLUTION
    examples = sum(len(labels) for _, labels in microbatches)
    model.zero_grad()
    total = 0.0
    for inputs, labels in microbatches:
        loss = criterion(model(inputs), labels) * (len(labels) / examples)
        loss.backward()
        total += loss.item()
    return total
    ### END SOLUTION


# %% check="accumulate" points=3
@check("accumulate")
def _(given, expect):
    bare = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3)).double()
    given.fill(bare)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.2)

    def parts(*sizes):
        return [(given.normal(n, 5, dtype=torch.float64), given.integers(3, size=n)) for n in sizes]

    def run(microbatches):
        """Return the loss and what lies in .grad, with the sizes the model saw and the graphs left alive."""
        model, sizes = GraphSpy(bare), []
        watch = bare[0].register_forward_pre_hook(lambda _, args: sizes.append(len(args[0])))
        loss = accumulate(model, microbatches, criterion)
        watch.remove()
        left = [p.grad.flatten() if p.grad is not None else torch.zeros(p.numel()) for p in bare.parameters()]
        seen = torch.tensor([*sizes, max(model.most_alive - 1, 0)])
        return loss_as_number(loss), {"gradient": torch.cat(left), "sizes seen, graphs alive": seen}

    before = vector_of(bare)
    loss, found = run(parts(given.integer(4, 7), 2, given.integer(8, 11), 1))
    expect("the loss over all examples", loss, points=0.5)
    expect("the gradient of the big batch, one part at a time", found, points=1.5)
    _, again = run(parts(3, given.integer(6, 9)))
    expect(
        "a second batch, and parameters that stay", again | {"moved": vector_of(bare) - before}, points=1.0
    )


# %% [markdown]
# What is it good for? The same 3,000 images as one batch, and in 47 parts.

# %%
network = make_network()
whole = gradient_of(network, inputs, labels)
network.zero_grad()
for x, y in zip(inputs.split(64), labels.split(64), strict=True):
    (criterion(network(x), y) * len(y) / len(labels)).backward()
parts = torch.cat([parameter.grad.flatten() for parameter in network.parameters()])
print(f"gradients differ by {100 * (parts - whole).norm() / whole.norm():.2f} %")
at_once = kept_for_backward(network, inputs.clone(), labels.clone())
in_parts = kept_for_backward(network, inputs[:64].clone(), labels[:64].clone())
print(f"kept for backward: {at_once:,} bytes at once, {in_parts:,} at a time in parts")

# %% [markdown]
# Two things do not add up. Accumulation takes as long as before: it saves memory, not time. And a layer that looks at
# the batch as a whole sees another batch. BatchNorm, which normalises with the batch's own mean, is one:

# %%
torch.manual_seed(10)
normed = nn.Sequential(nn.Linear(784, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 10))
whole = gradient_of(normed, inputs[:64], labels[:64])
halves = [gradient_of(normed, inputs[rows], labels[rows]) for rows in (slice(0, 32), slice(32, 64))]
error = (sum(halves) / 2 - whole).norm() / whole.norm()
print(f"with BatchNorm, two equal parts are off by {100 * error:.0f} %")

# %% [markdown]
# **You can now** take the step of a large batch with the memory of a small one.

# %% [markdown]
# ## 7. Many machines
#
# Parts of a batch need not wait for each other. Give each machine a copy of the network and a part of each batch: a
# **shard**. Each computes the gradient of its part. Then all exchange their gradients, average them, and take the
# same step. So all copies stay equal, and after the start no weight need be sent. This is **data parallel** training.
# The machines, or rather the processes, are numbered: each has a **rank**.
#
# ![Two columns, rank 0 and rank 1, each with a shard of the batch, a copy of the network and its own gradient. Arrows lead from both gradients to one box, the average, and from there back to both networks, which take the same step.](../img/10_scaling_parallel.png)
#
# ### Who gets what?
#
# In each epoch all ranks shuffle the 3,000 indices with the *same* random numbers, so that nobody needs to send a
# list. Then rank 0 of 4 takes the places 0, 4, 8, …, rank 1 takes 1, 5, 9, …, and so on. All must get equally
# many, because nobody can average with somebody who has gone home.
#
# **Predict.** Ten examples, four ranks. How many does each get, and what happens to the eleventh and twelfth place?

# %%
from torch.utils.data import DistributedSampler

for rank in range(4):
    print(f"rank {rank}:", list(DistributedSampler(range(10), num_replicas=4, rank=rank, shuffle=False)))

# %% [markdown]
# <details><summary>Explain</summary>
#
# Each gets three. The list is filled up from its own beginning: examples 0 and 1 come twice. In training that does
# little harm. In an evaluation it does: see below.
# </details>

# %% [markdown]
# ## Exercise: `shard` (2 points)
#
# Write who gets what. The order must be the same on all ranks and another in each epoch.


# %% exercise="shard"
def shard(n: int, ranks: int, rank: int, epoch: int, seed: int) -> list[int]:
    """Return the indices of the examples that one rank gets in one epoch.

    n: how many examples there are, at least 1; rank: from 0 to ranks - 1.
    The order of the epoch is torch.randperm(n) with a generator of its own, seeded with seed + epoch. It is
    repeated from its beginning until its length is the next multiple of `ranks` (n itself, if that is one).
    Of this list, a rank gets the places rank, rank + ranks, rank + 2 * ranks, and so on.
    """
    ### BEGIN SOLUTION
    generator = torch.Generator().manual_seed(seed + epoch)
    order = torch.randperm(n, generator=generator).tolist()
    each = -(-n // ranks)  # rounded up
    return [order[place % n] for place in range(rank, each * ranks, ranks)]
    ### END SOLUTION


# %% check="shard" points=2
@check("shard")
def _(given, expect):
    def of_all(n, ranks, epoch, seed):
        shares = (shard(n, ranks, rank, epoch, seed) for rank in range(ranks))
        return {f"rank {rank}": torch.as_tensor(share) for rank, share in enumerate(shares)}

    seed, n = given.integer(100, 10_000), 4 * given.integer(5, 9) + given.integer(1, 3)
    expect(
        "shares of examples that do not divide evenly", of_all(n, 4, given.integer(2, 5), seed), points=0.8
    )
    chance = torch.get_rng_state()
    shares = of_all(n, 3, given.integer(6, 9), seed)
    expect("another epoch", shares, points=0.4)
    shares["torch's own chance, untouched"] = torch.equal(chance, torch.get_rng_state())
    expect("a generator of its own", shares, points=0.2, detail=True)
    expect("shares that divide evenly", of_all(15, 5, 1, seed + 1), points=0.3)
    expect("more ranks than examples", of_all(given.integer(2, 4), 7, 3, seed), points=0.3)


# %% [markdown]
# Who forgets to tell the sampler the epoch (`sampler.set_epoch(epoch)`) gets the same order in each of them, though
# `shuffle` is on. And an accuracy that is counted on shards counts some examples twice:

# %%
sampler = DistributedSampler(range(10), num_replicas=4, rank=0, seed=10)
print("two epochs, rank 0:             ", [list(sampler) for _ in range(2)])
orders = []
for epoch in range(2):
    sampler.set_epoch(epoch)
    orders.append(list(sampler))
print("two epochs, rank 0 and set_epoch:", orders)

right = torch.tensor([True] * 2 + [False] * 3 + [True] * 5)  # is the answer to example i right?
shards = [list(DistributedSampler(range(10), 4, rank, shuffle=False)) for rank in range(4)]
counted = right[torch.tensor(shards)]
print(
    f"accuracy {right.float().mean():.2f}, counted on shards {counted.float().mean():.2f}, "
    f"from {counted.numel()} answers"
)

# %% [markdown]
# The number of answers betrays it: twelve, where there are ten examples. For an exact accuracy, let each rank
# evaluate its shard without the repeated examples, and add up how many are right and how many there are.
#
# ### Averaging
#
# **Predict.** Four ranks, 16 images each, a loss that is the mean over a rank's images. All ranks' gradients are
# averaged. Which single batch has this gradient, one of 16 or one of 64? And must the learning rate be divided by
# four?

# %%
network = make_network()
ranks = [slice(16 * rank, 16 * rank + 16) for rank in range(4)]
averaged = sum(gradient_of(network, inputs[rows], labels[rows]) for rows in ranks) / 4
for n in (16, 64):
    single = gradient_of(network, inputs[:n], labels[:n])
    print(f"a single batch of {n} differs by {100 * (averaged - single).norm() / single.norm():.2f} %")

# %% [markdown]
# <details><summary>Explain</summary>
#
# Of 64. The mean of four means over 16 is the mean over 64. The gradient is no larger than before, only less noisy.
# Nothing need be divided or multiplied. But note that the *batch* has become four times as large: an epoch now has a
# quarter of the updates (lesson 7), and may allow a larger learning rate (lesson 3).
# </details>

# %% [markdown]
# ## Exercise: `average_gradients` (3 points)
#
# The plain average is right for equal shards only. Write one that is right for all. A parameter that played no
# part in the loss on some rank has no gradient there, `None`. For the mean over all examples that is a gradient of
# zero.


# %% exercise="average_gradients"
def average_gradients(gradients: list[list[Tensor | None]], sizes: list[int]) -> list[Tensor | None]:
    """Return the gradients of the mean loss over all examples of all ranks.

    gradients: for each rank a list with the gradient of each parameter, of *its own* mean loss. The order of the
    parameters is the same on all ranks. None stands for a gradient of zero;
    sizes: for each rank the number of its examples; some may be 0, not all.
    Returns one gradient for each parameter, or None where all ranks have None. What is handed in stays as it is.
    """
    ### BEGIN SOLUTION
    examples = sum(sizes)
    averages = []
    for of_ranks in zip(*gradients):
        parts = [slope * (size / examples) for slope, size in zip(of_ranks, sizes) if slope is not None]
        averages.append(sum(parts) if parts else None)
    return averages
    ### END SOLUTION


# %% check="average_gradients" points=3
@check("average_gradients")
def _(given, expect):
    model = given.fill(nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3)).double())

    def of_a_rank(size):
        x, y = given.normal(size, 5, dtype=torch.float64), given.integers(3, size=size)
        return list(torch.autograd.grad(nn.functional.cross_entropy(model(x), y), list(model.parameters())))

    def by_name(averages):
        return {f"parameter {number}": slope for number, slope in enumerate(averages)}

    sizes = [given.integer(2, 4), given.integer(9, 12), 5]
    gradients = [of_a_rank(size) for size in sizes]
    before = [slope.clone() for slope in gradients[0]]
    expect(
        "the gradient of the big batch, from uneven shards",
        by_name(average_gradients(gradients, sizes)),
        points=1.4,
    )

    equal = [of_a_rank(4) for _ in range(2)]
    kept = {"average": by_name(average_gradients(equal, [4, 4]))}
    kept["changed"] = torch.cat([(now - then).flatten() for now, then in zip(gradients[0], before)])
    expect("equal shards, and gradients handed in that stay", kept, points=0.5)

    sizes = [3, 0, given.integer(6, 9)]
    some = [of_a_rank(size) for size in sizes]
    some[0][2] = some[1][0] = None
    for rank in some:
        rank[3] = None
    expect(
        "ranks without examples, or without some gradient",
        by_name(average_gradients(some, sizes)),
        points=1.1,
    )


# %% [markdown]
# Now the whole of it, in one process: four copies, 47 batches, uneven shards on purpose. Beside it the one network
# that sees each batch as a whole. Are they still the same at the end? The distance is given in percent of the way that
# the single one has gone from its start.


# %%
def train_parallel(weighted):
    """Train four copies on uneven shards of each batch; return them, and each rank's losses."""
    copies = [make_network() for _ in range(4)]
    optimizers = [torch.optim.SGD(replica.parameters(), lr=0.06) for replica in copies]
    seen = []
    for x, y in make_loader("from memory"):
        cuts = [0, len(y) // 2, len(y) * 3 // 4, len(y) * 7 // 8, len(y)]  # a half, a quarter, two eighths
        shares, losses = [], []
        for replica, low, high in zip(copies, cuts, cuts[1:]):
            replica.zero_grad()
            loss = criterion(replica(x[low:high]), y[low:high])
            loss.backward()
            shares.append((high - low) / len(y) if weighted else 1 / 4)
            losses.append(loss.item())
        for same in zip(*(replica.parameters() for replica in copies), strict=True):
            average = sum(parameter.grad * share for parameter, share in zip(same, shares, strict=True))
            for parameter in same:
                parameter.grad = average.clone()
        for optimizer in optimizers:
            optimizer.step()
        seen.append(losses)
    return copies, seen


single = make_network()
optimizer = torch.optim.SGD(single.parameters(), lr=0.06)
for x, y in make_loader("from memory"):
    optimizer.zero_grad()
    criterion(single(x), y).backward()
    optimizer.step()

for weighted in (True, False):
    copies, seen = train_parallel(weighted)
    among = max((vector_of(replica) - vector_of(copies[0])).abs().max().item() for replica in copies)
    apart = (vector_of(copies[0]) - vector_of(single)).norm() / (
        vector_of(single) - vector_of(make_network())
    ).norm()
    print(
        f"weighted: {weighted!s:5}  the four differ among themselves by {among:g}, "
        f"from the single one by {100 * apart:.1f} % of its way"
    )
first = "  ".join(f"{loss:.3f}" for loss in seen[0])
print("the first batch's loss on each rank:", first)

# %% [markdown]
# <details><summary>Explain</summary>
#
# Weighted by their sizes, the four copies *are* the single network. With the plain average they still agree with
# each other, and train something else. Equal copies prove nothing.
#
# And see the losses of the four: if rank 0 alone writes a log, it logs the loss of its own shard. The loss of the
# batch is the mean over all ranks.
# </details>
#
# ### For real
#
# `examples/two_processes.py` does the same with two processes that know nothing of each other's memory.
# `DistributedDataParallel` (DDP) wraps the network and averages the gradients during `backward`; *gloo* is the
# library that carries them. The command, in the course's folder, and what it printed when this lesson was written:
#
# ```
# torchrun --standalone --nproc-per-node 2 examples/two_processes.py
# ```
#
# ```
# 2 processes, 46 steps
# rank 0: 32 images a step, loss 2.312 at first, 1.590 at last
# rank 1: 32 images a step, loss 2.330 at first, 1.517 at last
# their mean:               loss 2.321 at first, 1.553 at last
# one process, 64 a step:   loss 2.321 at first, 1.553 at last
# weights of the ranks, largest difference: 0
# weights of both ways, differences below 0.00001: True
# 48 images here and 16 there: the averaged gradient is off by 58 %
# first name that would be saved: module.0.weight
# ```
#
# The line before the last is the exercise's reason: DDP averages plainly. It trusts you to give each rank equally many
# images. And the last one: DDP wraps the network, so all names in its `state_dict()` begin with `module.`, and a
# network that is not wrapped does not know them. Save `model.module.state_dict()` instead.
#
# **You can now** say which batch a parallel run trains on, what its learning rate must fit, and which of its numbers
# to trust.

# %% [markdown]
# ## 8. What a compiler can do, and where it gives up
#
# PyTorch runs one operation after the other, and each begins with some work in Python. `torch.compile` looks at a
# whole function first: it follows it line by line, writes down the operations as a **graph**, and makes one program
# of it. Where Python itself must look at a *number* in a tensor, or do something other than compute, the graph ends,
# Python takes over, and a new graph begins: a **graph break**. It costs speed, and changes no result.
#
# One can count the breaks without a compiler. **Predict.** Into how many graphs does each of these fall?


# %%
import torch._dynamo


def with_an_if(x):
    y = x * 2
    if y.sum() > 0:
        y = y + 1
    print("half way")
    return y.relu()


def with_where(x):
    y = x * 2
    y = torch.where(y.sum() > 0, y + 1, y)
    return y.relu()


for function in (with_an_if, with_where):
    seen = torch._dynamo.explain(function)(torch.ones(3))
    print(f"{function.__name__}: {seen.graph_count} graphs, {seen.graph_break_count} breaks")

# %% [markdown]
# <details><summary>Explain</summary>
#
# The first breaks twice. Which way the <code>if</code> goes depends on a number, and <code>print</code> is no
# computing. (It did print: <code>explain</code> calls the function.) The second computes the same and asks no
# question in Python: one graph.
# </details>
#
# A compiled program fits the shapes it was made for. **Predict.** Four batches of 3, 3, 4 and 5 rows: how many
# programs are made? Our "compiler" here only counts, and hands the graph back as it is.

# %%
made = []


def counting(graph, examples):
    made.append(tuple(examples[0].shape) if isinstance(examples[0], Tensor) else "any size")
    return graph.forward


for dynamic in (False, None):
    torch._dynamo.reset()
    made.clear()
    program = torch.compile(lambda x: (x * 2).relu(), backend=counting, dynamic=dynamic)
    for rows in (3, 3, 4, 5):
        program(torch.ones(rows, 2))
    print(f"dynamic={dynamic!s:5}: {len(made)} programs, made for {made}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# A smaller last batch is a new shape, and each program takes its time to make. Left to itself, PyTorch notices at the
# second shape that sizes vary, and makes one program for all that follow.
# </details>
#
# So the first epoch of a compiled network is slow, and says nothing about the others. Whether it pays is a
# division: what compiling costs, over what each step saves. If it costs 30 seconds, and a step then takes 0.3
# instead of 0.4 seconds, it has paid after 300 steps.
#
# **You can now** find out why a compiled network is no faster, by counting.

# %% [markdown]
# ## 9. Repair this program
#
# A colleague moves a loop to two GPUs with mixed precision, and sends it to you. It stops with an error, and that is
# the smallest of its eight faults. (Here `"meta"` stands for the GPU.) Find them all before you open the answer.


# %%
def train(network, device, epochs=3, max_norm=1.0):
    optimizer = torch.optim.SGD(network.parameters(), lr=0.06, momentum=0.9)
    network.to(device)
    scaler = torch.amp.GradScaler("cpu")
    sampler = DistributedSampler(labels, num_replicas=2, rank=0)
    for epoch in range(epochs):
        total = 0.0
        for rows in torch.tensor(list(sampler)).split(64):
            x, y = inputs[rows], labels[rows]
            x.to(device), y.to(device)
            parts = zip(x.split(40), y.split(40))
            for part, answers in parts:
                loss = criterion(network(part), answers) / 2
                scaler.scale(loss).backward()
            nn.utils.clip_grad_norm_(network.parameters(), max_norm)
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
            total += loss.item()
        print(f"epoch {epoch}: {total:.3f}")


try:
    train(make_network(), "meta")
except RuntimeError as error:
    print("RuntimeError:", error)

# %% [markdown]
# <details><summary>The faults</summary>
#
# 1. <code>x.to(device), y.to(device)</code>: both copies are dropped. This is the error you saw.
# 2. The optimiser was made before the model was moved, and may hold parameters that nobody uses any more.
# 3. <code>sampler.set_epoch(epoch)</code> is missing: each epoch has the same order.
# 4. <code>/ 2</code>: the parts have 40 and 24 images, and the last batch, of 28, is a single part. Each must count by
#    its share.
# 5. It clips the *scaled* gradients. <code>scaler.unscale_(optimizer)</code> belongs before it.
# 6. <code>total</code> gets the loss of the last part only. And <code>loss.item()</code> in each step makes Python wait
#    for the GPU.
# 7. <code>rank=0</code> stands there for both GPUs, so both train on the same half. And nobody averages their
#    gradients: DDP is missing.
# 8. And where is the mixed precision? <code>autocast</code> is missing, so the scaler protects gradients of float32,
#    which need no protection.
# </details>

# %% [markdown]
# ## Exit questions
#
# Write the letter of your answer, in quotes.
#
# ### Exit question: which change is worth the money? `exit_bottleneck` (1 point)
#
# An epoch takes 60 seconds: 45 to load, 10 forward and backward, 5 to evaluate. All of it runs one after the other.
# Which change makes the epoch shortest?
#
# - **a)** A processor that computes forward and backward ten times as fast.
# - **b)** Two workers that load, each as fast as now, while the network learns and evaluates.
# - **c)** Evaluating in every tenth epoch only.
# - **d)** Mixed precision, which halves forward and backward *and* the evaluation.

# %% exercise="exit_bottleneck"
exit_bottleneck = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_bottleneck = "b"
### END SOLUTION


# %% check="exit_bottleneck" points=1
@check("exit_bottleneck")
def _(given, expect):
    expect("the choice", choice(exit_bottleneck))


# %% [markdown]
# ### Exit question: what must change with eight machines? `exit_ranks` (1 point)
#
# A run on one machine uses batches of 32. You start it on eight, each with batches of 32, a mean loss, and DDP's
# average. What is true of one step now?
#
# - **a)** The gradient is eight times as large, so the learning rate must be divided by eight.
# - **b)** Each machine's gradient is averaged away, so the loss must be multiplied by eight.
# - **c)** It is the step of a batch of 256, and an epoch has an eighth of the steps.
# - **d)** Nothing changed but the time that an epoch takes.

# %% exercise="exit_ranks"
exit_ranks = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_ranks = "c"
### END SOLUTION


# %% check="exit_ranks" points=1
@check("exit_ranks")
def _(given, expect):
    expect("the choice", choice(exit_ranks))


# %% [markdown]
# ### Exit question: what stopped it? `exit_formats` (1 point)
#
# Somebody converts a network with `model.to(torch.bfloat16)` and trains it with a small learning rate. All gradients
# are finite and none is zero. After an hour the loss stands still, much higher than in float32. What is the likeliest
# cause?
#
# - **a)** Small gradients became zero: loss scaling is missing.
# - **b)** The steps are too small beside the weights, and are rounded away when they are subtracted.
# - **c)** Some number exceeded 65,504 and became infinite.
# - **d)** bfloat16 computes matrix products wrongly.

# %% exercise="exit_formats"
exit_formats = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_formats = "b"
### END SOLUTION


# %% check="exit_formats" points=1
@check("exit_formats")
def _(given, expect):
    expect("the choice", choice(exit_formats))


# %% [markdown]
# ## What did it gain?
#
# Two lines for the table that began with lesson 7. The loop, the network and the five seeds are that lesson's, but in
# mixed precision with bfloat16, after 5 epochs and after 20. The time that loading from memory saves pays for the
# fifteen more.
#
# **Predict.** How much accuracy do fewer bits cost? And which of the two lines differs from lesson 7's by more than
# chance?


# %%
def accuracies_after(*epochs):
    """Train five networks in mixed precision; return the five accuracies after each of these epochs."""
    test_images, test_labels = data.digits("test")
    found = {epoch: [] for epoch in epochs}
    for seed in range(5):
        network = make_network(seed)
        optimizer = torch.optim.SGD(network.parameters(), lr=0.06)
        loader = make_loader("from memory", seed)
        for epoch in range(1, max(epochs) + 1):
            for x, y in loader:
                optimizer.zero_grad()
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    loss = criterion(network(x), y)
                loss.backward()
                optimizer.step()
            if epoch in found:
                with torch.no_grad():
                    answers = network(test_images.flatten(1)).argmax(dim=1)
                found[epoch].append((answers == test_labels).float().mean().item())
    return found


accuracies = accuracies_after(5, 20)
results.add("10 in bfloat16", accuracies[5], images=1000)
results.add("10 in bfloat16, 20 epochs", accuracies[20], images=1000)
results.show()

# %% [markdown]
# <details><summary>Explain</summary>
#
# Fewer bits cost nothing that could be seen. More epochs gained more than chance explains. (The last digits depend on
# how your processor computes in bfloat16.)
# </details>
#
# That is what scaling is for: it makes no network better. It makes *trying* cheaper, and what you try makes it better.
#
# ## Summary
#
# - Measure first. The smaller part of the time is not worth your effort. Time a GPU only after `synchronize`.
# - Memory: weights, gradients and states do not depend on the batch, activations do.
# - `x = x.to(device)` for tensors, `model.to(device)` for modules, and then the optimiser.
# - float16: narrow range, so scale the loss. bfloat16: few digits, so add up and keep weights in float32.
# - Accumulation, shards and ranks compute the big batch's gradient, if each part counts by its share.
# - A speed-up may change what is computed. Compare with the slow, plain way: one step shows most of it.
#
# **What comes next.** You have every tool now, and a hundred ways to break a network without an error message.
# Lesson 11 opens the clinic: patients with unknown faults, and you examine them.
#
# **Further reading**
# - [Automatic mixed precision](https://docs.pytorch.org/docs/stable/amp.html) and
#   [DistributedDataParallel](https://docs.pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html)
#   in PyTorch's documentation.
# - P. Micikevicius and others, *Mixed Precision Training* (2018): where loss scaling comes from.
# - H. He, *Making Deep Learning Go Brrrr From First Principles*: computing, moving, and overhead.
