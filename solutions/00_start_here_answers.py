# %% right="average"
"""the library's mean"""


def average(values):
    return values.mean()


# %% right="average"
"""a loop"""


def average(values):
    total = torch.zeros(())
    for value in values:
        total = total + value
    return total / values.numel()


# %% mistake="average"
"""You added the numbers up. An average also divides by how many there are."""


def average(values):
    return values.sum()


# %% mistake="average"
"""You divided by one less than there are: that is for estimating a variance."""


def average(values):
    return values.sum() / (len(values) - 1)


# %% mistake="average"
"""That is the median, the number in the middle. The average weighs every number."""


def average(values):
    return values.median()


# %% mistake="average"
"""You rounded to a whole number on the way. Keep the fraction."""


def average(values):
    return (values.sum() // len(values)).float()


# %% right="to_rows"
"""reshape"""


def to_rows(pictures):
    return pictures.reshape(len(pictures), -1)


# %% right="to_rows"
"""picture by picture"""


def to_rows(pictures):
    return torch.stack([picture.flatten() for picture in pictures])


# %% mistake="to_rows"
"""You flattened everything into one row. The first axis, the pictures, has to stay. Read first: "Tensors"."""


def to_rows(pictures):
    return pictures.flatten()


# %% mistake="to_rows"
"""One *column* for each picture came back. Which axis comes first? Read first: "Tensors"."""


def to_rows(pictures):
    return pictures.flatten(1).T


# %% mistake="to_rows"
"""The shape is right, but each picture was read column by column. The last axis runs fastest. Read first: "Tensors"."""


def to_rows(pictures):
    return pictures.transpose(1, 2).flatten(1)


# %% mistake="to_rows"
"""The shape is right, but pixels of different pictures were mixed: `reshape` never moves an axis. Read first: "Tensors"."""


def to_rows(pictures):
    return pictures.permute(1, 2, 0).reshape(len(pictures), -1)


# %% mistake="to_rows"
"""You took a mean over one axis. No pixel may get lost. Read first: "Tensors"."""


def to_rows(pictures):
    return pictures.mean(1)


# %% right="differences"
"""unsqueeze"""


def differences(a, b):
    return a.unsqueeze(1) - b


# %% right="differences"
"""two loops"""


def differences(a, b):
    return torch.stack([torch.stack([x - y for y in b]) for x in a])


# %% mistake="differences"
"""Rows and columns are swapped: `a` runs down the rows. Read first: "Broadcasting semantics"."""


def differences(a, b):
    return a[None, :] - b[:, None]


# %% mistake="differences"
"""The sign is turned around: it is a minus b. Read first: "Broadcasting semantics"."""


def differences(a, b):
    return b[None, :] - a[:, None]


# %% mistake="differences"
"""You subtracted number by number. Give `a` an axis of length 1 at the end, so that every `a` meets every `b`. Read first: "Broadcasting semantics"."""


def differences(a, b):
    return a - b


# %% mistake="differences"
"""Those are distances: the sign got lost. Read first: "Broadcasting semantics"."""


def differences(a, b):
    return (a[:, None] - b).abs()


# %% right="pick"
"""gather"""


def pick(table, columns):
    return table.gather(1, columns[:, None]).squeeze(1)


# %% right="pick"
"""a loop"""


def pick(table, columns):
    return torch.stack([row[column] for row, column in zip(table, columns)])


# %% mistake="pick"
"""You picked whole columns: one list of numbers for each row. Two lists of indices are needed, one for the rows and one for the columns. Read first: "Indexing"."""


def pick(table, columns):
    return table[:, columns]


# %% mistake="pick"
"""You picked rows, not columns. Read first: "Indexing"."""


def pick(table, columns):
    return table[columns % len(table)]


# %% mistake="pick"
"""A column of shape (n, 1) came back; the task asks for (n,). Read first: "Indexing"."""


def pick(table, columns):
    return table.gather(1, columns[:, None])


# %% mistake="pick"
"""You took the same column everywhere. Each row has a column of its own. Read first: "Indexing"."""


def pick(table, columns):
    return table[:, columns[0]]


# %% right="shares"
"""an axis put back by hand"""


def shares(counts):
    return counts / counts.sum(1)[:, None]


# %% right="shares"
"""transposed and back"""


def shares(counts):
    return (counts.T / counts.sum(1)).T


# %% mistake="shares"
"""You divided by the sums of the columns. `dim` names the axis that disappears. Read first: "torch.sum"."""


def shares(counts):
    return counts / counts.sum(dim=0)


# %% mistake="shares"
"""You divided by the sum of the whole table. Each row has a sum of its own. Read first: "torch.sum"."""


def shares(counts):
    return counts / counts.sum()


# %% mistake="shares"
"""Without `keepdim` the sums are a row, and broadcasting lines them up with the columns. Read first: "torch.sum"."""


def shares(counts):
    return counts / counts.sum(dim=1)


# %% mistake="shares"
"""You divided by the largest number of each row, not by its sum. Read first: "torch.sum"."""


def shares(counts):
    return counts / counts.amax(dim=1, keepdim=True)


# %% right="to_unit"
"""the type named"""


def to_unit(pixels):
    return pixels.to(torch.float32) / 255.0


# %% right="to_unit"
"""true division makes a float by itself"""


def to_unit(pixels):
    return pixels / 255


# %% mistake="to_unit"
"""The type is right, the numbers still run to 255. Read first: "Tensor attributes"."""


def to_unit(pixels):
    return pixels.float()


# %% mistake="to_unit"
"""`//` divides whole numbers and drops the fraction. Read first: "Tensor attributes"."""


def to_unit(pixels):
    return (pixels // 255).float()


# %% mistake="to_unit"
"""The numbers are right, but they are `float64`: twice the memory, and not what a network's weights are. Read first: "Tensor attributes"."""


def to_unit(pixels):
    return pixels.double() / 255


# %% mistake="to_unit"
"""There are 256 kinds of grey, but the brightest is 255, and it should become 1. Read first: "Tensor attributes"."""


def to_unit(pixels):
    return pixels.float() / 256


# %% mistake="to_unit"
"""You went back to whole numbers at the end: a `uint8` has no fraction. Read first: "Tensor attributes"."""


def to_unit(pixels):
    return (pixels / 255).to(torch.uint8)


# %% right="without_first_row"
"""joined from two parts"""


def without_first_row(table):
    return torch.cat([torch.zeros_like(table[:1]), table[1:]])


# %% right="without_first_row"
"""chosen with a mask"""


def without_first_row(table):
    first = torch.arange(len(table))[:, None] == 0
    return torch.where(first, torch.zeros(()), table)


# %% mistake="without_first_row"
"""The answer is right, but the table that came in has changed too: both names mean the same tensor. Read first: "Tensor views"."""


def without_first_row(table):
    copy = table
    copy[0] = 0
    return copy


# %% mistake="without_first_row"
"""You removed the row. It should be there, filled with zeros. Read first: "Tensor views"."""


def without_first_row(table):
    return table[1:].clone()


# %% mistake="without_first_row"
"""That is the first column. Read first: "Tensor views"."""


def without_first_row(table):
    copy = table.clone()
    copy[:, 0] = 0
    return copy


# %% mistake="without_first_row"
"""The zeros went into a copy that was thrown away: `table[0].clone()` is a tensor of its own. Read first: "Tensor views"."""


def without_first_row(table):
    table[0].clone().zero_()
    return table


# %% right="linear"
"""the library's own"""


def linear(x, weight, bias):
    return torch.nn.functional.linear(x, weight, bias)


# %% right="linear"
"""every product written out, then added up"""


def linear(x, weight, bias):
    return (x[:, None, :] * weight).sum(-1) + bias


# %% mistake="linear"
"""The bias is missing. Read first: "torch.matmul"."""


def linear(x, weight, bias):
    return x @ weight.T


# %% mistake="linear"
"""The inner sizes do not fit: each *row* of `weight` belongs to an output, so it has to be turned around. Read first: "torch.matmul"."""


def linear(x, weight, bias):
    return x @ weight + bias


# %% mistake="linear"
"""`*` multiplies number by number. A matrix product is `@`. Read first: "torch.matmul"."""


def linear(x, weight, bias):
    return x * weight + bias


# %% mistake="linear"
"""Outputs down the rows came back. One row for each row of `x` is asked for. Read first: "torch.matmul"."""


def linear(x, weight, bias):
    return weight @ x.T + bias[:, None]


# %% mistake="linear"
"""You subtracted the bias. Read first: "torch.matmul"."""


def linear(x, weight, bias):
    return x @ weight.T - bias


# %% right="mean_of_positive"
"""a sum over a count"""


def mean_of_positive(x):
    positive = x > 0
    return (x * positive).sum() / positive.sum()


# %% right="mean_of_positive"
"""masked_select"""


def mean_of_positive(x):
    return torch.masked_select(x, x.gt(0)).mean()


# %% mistake="mean_of_positive"
"""You divided by the number of *all* numbers. Those that do not count must not be counted. Read first: "Indexing"."""


def mean_of_positive(x):
    return x.clamp(min=0).mean()


# %% mistake="mean_of_positive"
"""That is the mean of all numbers. Read first: "Indexing"."""


def mean_of_positive(x):
    return x.mean()


# %% mistake="mean_of_positive"
"""That is their sum. Read first: "Indexing"."""


def mean_of_positive(x):
    return x[x > 0].sum()


# %% mistake="mean_of_positive"
"""A mask is made of True and False: its mean is the *share* of positive numbers. Read first: "Indexing"."""


def mean_of_positive(x):
    return (x > 0).float().mean()


# %% mistake="mean_of_positive"
"""You made the negative numbers positive instead of leaving them out. Read first: "Indexing"."""


def mean_of_positive(x):
    return x.abs().mean()
