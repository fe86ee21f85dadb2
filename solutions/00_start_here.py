# %% [markdown]
# # Start here
#
# This course takes you from "what is a loss?" to training, mending and scaling a neural network with confidence. You
# read a little, you *write* a function, and a check under it says at once whether it is right and, if it is not,
# **which** mistake it is. Everything runs on your own machine, without a network.
#
# **On this page you will**
# - find all lessons, and how far you are in each;
# - see how a check works, by making a mistake on purpose;
# - hear what happens when your work is handed in and marked;
# - warm up with eight short exercises on tensors, which the lessons take for granted.
#
# About 20 minutes · no points · nothing is downloaded
#
# **Begin:** click the first cell below and press **Shift + Enter**. That runs a cell and goes on to the next; the
# first one takes a few seconds. Go through the whole page like this.

# %% setup=true
import torch
from torch import Tensor

from helper import check, data, plot

torch.set_num_threads(1)  # networks as small as ours gain little from a second thread: lesson 10

# %% [markdown]
# ## 1. Is everything in its place?
#
# The next cell looks at your installation. If something needs a cure, it says which; no cure ever touches your work.

# %% tags=["nbval-ignore-output"]
from helper.desk.page import examine, lessons

examine()

# %% [markdown]
# ## 2. The lessons
#
# In this order, unless you know why not: each uses what those before it made. Run the cell again at any time.

# %% tags=["nbval-ignore-output"]
lessons()

# %% [markdown]
# In a terminal, `course progress` shows every exercise of every lesson (in a notebook: a cell with `!course progress`).
# What counts is your best so far. Restarting the kernel or running a check too early loses nothing.
#
# And this is what it is about: real handwritten digits, thousands of them, which came with the course. From lesson 2
# on you build networks that read them.

# %%
digits = data.Digits("train")
axes = plot.images(digits.data[:16], digits.targets[:16])

# %% [markdown]
# ## 3. How a check works
#
# In every lesson there are **exercises** for you to fill in and, below each one, a **check**. Check cells are locked,
# but you may read them: they draw inputs, call your function, and compare what comes out with what the right
# answer gives for the same inputs.
#
# **Try it, and start with a mistake.** The function below should return the average of some numbers.
#
# 1. Run the check as things are. It says *Not attempted*: nothing is wrong yet.
# 2. Replace the two lines below the description by `return values.sum()`. Run the cell, then the check, and read
#    what it says: it knows this mistake.
# 3. Mend it, and run both cells again.
#
# <details><summary>Hint</summary>
#
# Under most tasks there is a hint like this one, folded. Open it when you have tried for a while; it costs nothing.
# Here: `len(values)` says how many numbers there are.
# </details>


# %% exercise="average"
def average(values: Tensor) -> Tensor:
    """Return the average of all numbers in `values`, a tensor with one axis. A tensor with one number comes back."""
    ### BEGIN SOLUTION
    return values.sum() / len(values)
    ### END SOLUTION


# %% check="average" points=0
@check("average")
def _(given, expect):
    expect("seven numbers", average(given.normal(7)))
    expect("a single number", average(given.normal(1)))
    expect("large numbers", average(1000 + given.normal(5)))


# %% [markdown]
# What else to know about checks:
#
# - **Partly right counts.** A check looks at several things, each with its share of the points.
# - **Read the case.** The panel shows the line of the check that failed, its inputs, what your answer gave, and what
#   was expected.
# - **Errors are told in the panel too**, with the line of *your* code in which they arose.
# - **After an exercise has passed**, unfold the comparison in the panel: other right answers beside yours.
# - **Validate**, in the toolbar, runs the whole notebook from the top and names the checks that are not right.
#
# ## 4. Where your work lies, and handing it in
#
# You work in the folder `work`. It is yours: no update and no other command overwrites an answer there. Save with
# Ctrl + S (⌘ S). When a lesson has a new version, `course update` puts your answers into it and keeps the notebook
# you had in `earlier`.
#
# When a lesson is done, type `course submit 2` (or any other number) in a terminal. It runs your notebook from the
# top, as marking will, shows what would be marked, and writes **one notebook to hand in** into the folder `hand_in`.
# Hand that in where your instructor says. Without an instructor, it is still worth doing: a notebook that runs from
# the top is one you can trust.
#
# **What runs when marks are given:** the setup cells, your answers, cells of your own, and the checks as they were
# released, with *other inputs* than here. The worked examples do not run. So an answer has to stand in its cell, build
# only on the setup and on your own cells, and do what the task says for every input: not only for the ones you see.
#
# ## 5. Stuck?
#
# 1. Read the panel again: which expectation failed, and with which inputs? Call your function on them in a cell of
#    your own, and print what happens on the way.
# 2. Open the hint. Then run the worked example above the task once more and change it, one thing at a time.
# 3. *Kernel → Restart Kernel and Run All Cells* clears up what was run in an odd order.
# 4. Ask your instructor or your fellow students, with the panel's text in the question: it says what you tried.
# 5. If the course itself seems broken, `course doctor` in a terminal names what needs a cure.
#
# ## 6. Warm-up
#
# Eight things that the lessons take for granted. If one is easy, good. If one is not, **read the page named with it
# first**: half an hour there saves many hours later.
#
# ### Shapes and axes: `to_rows`
#
# A batch of grey pictures has the shape (number, height, width). A linear layer wants one row for each picture.
#
# *Not easy? Read first:* [Tensors](https://docs.pytorch.org/tutorials/beginner/basics/tensorqs_tutorial.html).


# %% exercise="to_rows"
def to_rows(pictures: Tensor) -> Tensor:
    """Turn pictures of shape (n, height, width) into one row for each picture: (n, height * width)."""
    ### BEGIN SOLUTION
    return pictures.flatten(1)
    ### END SOLUTION


# %% check="to_rows" points=0
@check("to_rows")
def _(given, expect):
    expect("five pictures of 3 times 4", to_rows(given.normal(5, 3, 4)))
    expect("a single picture", to_rows(given.normal(1, 2, 6)))


# %% [markdown]
# ### Broadcasting: `differences`
#
# All differences between the numbers of `a` and the numbers of `b`, without a loop: in row $i$ and column $j$ stands
# $a_i - b_j$.
#
# *Not easy? Read first:* [Broadcasting semantics](https://docs.pytorch.org/docs/stable/notes/broadcasting.html).


# %% exercise="differences"
def differences(a: Tensor, b: Tensor) -> Tensor:
    """Return every a[i] - b[j]. a: (n,), b: (m,); comes back: (n, m)."""
    ### BEGIN SOLUTION
    return a[:, None] - b[None, :]
    ### END SOLUTION


# %% check="differences" points=0
@check("differences")
def _(given, expect):
    expect("three numbers and five", differences(given.normal(3), given.normal(5)))
    expect("four numbers and four", differences(given.normal(4), given.normal(4)))


# %% [markdown]
# ### Indexing with two lists: `pick`
#
# From each row of a table, one number: in row $i$ the one in column `columns[i]`.
#
# *Not easy? Read first:* [Indexing](https://numpy.org/doc/stable/user/basics.indexing.html) (NumPy's page; PyTorch does the
# same).


# %% exercise="pick"
def pick(table: Tensor, columns: Tensor) -> Tensor:
    """Return table[i, columns[i]] for every row i. table: (n, m); columns: (n,) whole numbers; comes back: (n,)."""
    ### BEGIN SOLUTION
    return table[torch.arange(len(table)), columns]
    ### END SOLUTION


# %% check="pick" points=0
@check("pick")
def _(given, expect):
    expect("six rows", pick(given.normal(6, 4), given.integers(4, size=6)))
    expect("as many rows as columns", pick(given.normal(4, 4), given.permutation(4)))


# %% [markdown]
# ### Reductions, `dim` and `keepdim`: `shares`
#
# Divide every row of a table by its own sum, so that each row adds up to 1.
#
# *Not easy? Read first:* [torch.sum](https://docs.pytorch.org/docs/stable/generated/torch.sum.html).


# %% exercise="shares"
def shares(counts: Tensor) -> Tensor:
    """Divide each row of `counts` by its sum. counts: (n, m) positive floats; comes back: (n, m)."""
    ### BEGIN SOLUTION
    return counts / counts.sum(dim=1, keepdim=True)
    ### END SOLUTION


# %% check="shares" points=0
@check("shares")
def _(given, expect):
    expect("three rows of five", shares(given.uniform(3, 5, low=1.0, high=9.0)))
    expect("as many rows as columns", shares(given.uniform(4, 4, low=1.0, high=9.0)))


# %% [markdown]
# ### Kinds of numbers: `to_unit`
#
# Pixels come as whole numbers from 0 to 255, in the type `uint8`. Networks want `float32`, from 0 to 1.
#
# *Not easy? Read first:* [Tensor attributes](https://docs.pytorch.org/docs/stable/tensor_attributes.html).


# %% exercise="to_unit"
def to_unit(pixels: Tensor) -> Tensor:
    """Turn uint8 pixels from 0 to 255 into float32 numbers from 0 to 1, of the same shape."""
    ### BEGIN SOLUTION
    return pixels.float() / 255
    ### END SOLUTION


# %% check="to_unit" points=0
@check("to_unit")
def _(given, expect):
    pixels = given.integers(256, size=(3, 7)).to(torch.uint8)
    answer = to_unit(pixels)
    expect("the numbers", answer)
    expect("their type", str(answer.dtype))


# %% [markdown]
# ### Views and copies: `without_first_row`
#
# Return a table whose first row is zeros. The table that came in must stay as it was.
#
# *Not easy? Read first:* [Tensor views](https://docs.pytorch.org/docs/stable/tensor_view.html).


# %% exercise="without_first_row"
def without_first_row(table: Tensor) -> Tensor:
    """Return a copy of `table` with zeros in its first row. `table` itself is not changed."""
    ### BEGIN SOLUTION
    copy = table.clone()
    copy[0] = 0
    return copy
    ### END SOLUTION


# %% check="without_first_row" points=0
@check("without_first_row")
def _(given, expect):
    table = given.normal(4, 3)
    answer = without_first_row(table)
    expect("the copy", answer)
    expect("the table afterwards", table)


# %% [markdown]
# ### Matrix products: `linear`
#
# What a linear layer calculates. Each row of `weight` belongs to one output, as in PyTorch.
#
# *Not easy? Read first:* [torch.matmul](https://docs.pytorch.org/docs/stable/generated/torch.matmul.html).


# %% exercise="linear"
def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return one row of outputs for each row of x. x: (n, inputs); weight: (outputs, inputs); bias: (outputs,)."""
    ### BEGIN SOLUTION
    return x @ weight.T + bias
    ### END SOLUTION


# %% check="linear" points=0
@check("linear")
def _(given, expect):
    expect("four rows, three inputs, two outputs", linear(given.normal(4, 3), given.normal(2, 3), given.normal(2)))
    expect("as many of each", linear(given.normal(3, 3), given.normal(3, 3), given.normal(3)))


# %% [markdown]
# ### Masks: `mean_of_positive`
#
# The mean of those numbers that are larger than 0. The others do not count at all.
#
# *Not easy? Read first:* [Indexing](https://numpy.org/doc/stable/user/basics.indexing.html#boolean-array-indexing), the part on
# boolean arrays.


# %% exercise="mean_of_positive"
def mean_of_positive(x: Tensor) -> Tensor:
    """Return the mean of all numbers in x that are larger than 0 (at least one is). x: any shape."""
    ### BEGIN SOLUTION
    return x[x > 0].mean()
    ### END SOLUTION


# %% check="mean_of_positive" points=0
@check("mean_of_positive")
def _(given, expect):
    expect("a row of numbers", mean_of_positive(given.normal(9)))
    expect("a table", mean_of_positive(given.normal(5, 4)))
    expect("positive numbers only", mean_of_positive(given.uniform(6, low=1.0, high=2.0)))


# %% [markdown]
# ## Ready
#
# All eight right? Then the lessons will be easy to read. One or two that took long? Read their page, then begin: you will
# meet all of them again.
