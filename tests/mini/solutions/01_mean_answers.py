# %% right="mean_square"
"""a loop"""


def mean_square(x):
    total = 0.0
    for value in x.flatten():
        total = total + value**2
    return total / x.numel()


# %% right="mean_square"
"""the library's power"""


def mean_square(x):
    return x.pow(2).mean()


# %% mistake="mean_square"
"""You added the squares; divide by how many there are."""


def mean_square(x):
    return (x * x).sum()


# %% mistake="mean_square"
"""You squared the mean; the squares come first."""


def mean_square(x):
    return x.mean() ** 2


# %% mistake="mean_square"
"""This stops before it returns anything."""


def mean_square(x):
    raise ValueError("no mean today")


# %% mistake="exit_mean"
"""No: think of the mean of -1 and 1."""
exit_mean = "a"
