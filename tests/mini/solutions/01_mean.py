# %% [markdown]
# # Means
#
# The smallest lesson there is, for the course's own tests.
#
# ![A dot](../img/dot.png)

# %% setup=true
import torch
from torch import Tensor

from helper import check

# %% [markdown]
# ## Exercise: `mean_square` (3 points)


# %% exercise="mean_square" without=["mse_loss"]
def mean_square(x: Tensor) -> Tensor:
    """Return the mean of the squares of all elements of `x`, a scalar tensor."""
    ### BEGIN SOLUTION
    return (x * x).mean()
    ### END SOLUTION


# %% check="mean_square" points=3
@check("mean_square")
def _(given, expect):
    x = given.normal(3, 5)
    expect("the mean of the squares", mean_square(x))
    expect("a single number", mean_square(2 + x[:1, :1].abs()))
    expect("large numbers", mean_square(1000 * x), points=2)


# %% [markdown]
# A cell that shows something.

# %%
print(torch.arange(4.0).mean())

# %% [markdown]
# ## Exit question: `exit_mean` (1 point)

# %% exercise="exit_mean"
exit_mean = ...  # "a" or "b"
### BEGIN SOLUTION
exit_mean = "b"
### END SOLUTION


# %% check="exit_mean" points=1
@check("exit_mean")
def _(given, expect):
    expect("the choice", exit_mean)
