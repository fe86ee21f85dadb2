# %% [markdown]
# # 4 · Backpropagation: the chain rule, by hand
#
# **The question.** One number comes out at the end: the loss. How does it tell each of a hundred thousand
# weights which way to move, for about the price of running the network once more?
#
# **You will be able to**
#
# - draw a network as a graph and say what travels forwards and what travels backwards on each edge;
# - write the backward step of a linear layer, ReLU, sigmoid and softmax with cross-entropy, with the right
#   shapes;
# - add gradients where paths meet, and explain why they add;
# - compute every gradient of a two-layer network by hand, and test it with a gradient check;
# - say why the backward order is cheap, and what backpropagation is *not*.
#
# About 100 minutes · 20 points · nothing is downloaded
#
# You need lesson 2 (softmax, cross-entropy) and lesson 3 (gradient, learning rate). You do not need PyTorch's own
# gradients: here you do by hand what it does for you from lesson 6 on.

# %% setup=true
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helper import check, data, plot
from helper.fixtures import choice, exact_gradients
from helper.interactive.graph import graph

torch.set_num_threads(1)  # networks this small gain little from a second thread: lesson 10

# %% [markdown]
# ## 1. Why not nudge every weight?
#
# Lesson 3 measured a gradient by central differences: move one weight a little up, a little down, and see how the
# loss changes. Let us call that **nudging**. It works for every function that you can run. So why does anybody need
# anything else?
#
# To run a network once, from its input to the loss, is called a **forward pass**. A nudge up and a nudge down cost
# two of them, for each parameter.
#
# **Predict.** The digit network of lesson 2 has layers 784-128-64-10. How many forward passes does *one* gradient
# cost? A hundred, ten thousand, more? Lesson 3 counted them for `numerical_gradient`. Write down what you
# remember, then run the cell.

# %%
model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
parameters = sum(parameter.numel() for parameter in model.parameters())
print(f"{parameters:,} parameters: {2 * parameters:,} forward passes for one gradient by nudging")

# %% [markdown]
# <details><summary>Explain</summary>
#
# Each nudge answers one question: what if *this* weight were larger? There are more than a hundred thousand such
# questions, and every answer costs two runs of the whole network. Nearly all of that work is repeated: nudging a
# weight of the last layer recomputes the first layers, which did not change. Backpropagation does every piece of
# work once and shares it. By the end of the lesson you will have counted how much that saves.
#
# </details>

# %% [markdown]
# ## 2. A network is a graph
#
# Take the smallest network with two layers. Every value is a plain number:
#
# $$L_1 = W_1 x + b_1 \qquad S = \sigma(L_1) \qquad L_2 = W_2 S + b_2 \qquad \ell = (L_2 - y)^2$$
#
# where $\sigma(z) = 1 / (1 + e^{-z})$ is the sigmoid, $y$ is the target and $\ell$ is the loss. Draw each
# operation as a box and each value as an arrow, and you get a **graph**. The forward pass goes along the blue
# arrows, from $x$ to $\ell$. Under each box stand its formula and, in orange-red, one of its
# derivatives.
#
# ![The graph of a two-layer network. Boxes from left to right: L1, S, L2 and the loss. Above the arrows, in blue,
# the values of the forward pass: x = 2, L1 = 0.5, S = 0.622, L2 = -0.734, loss = 3.006. Below the arrows, in
# orange-red, the gradients of the backward pass from right to left: 1 at the loss, -3.467 at L2, 5.201 at S, 1.222 at
# L1. The parameters W1, b1, W2 and b2 enter from above, each with its value and its
# gradient.](../img/04_backpropagation_graph.png)
#
# Now the way back. We want to know how the loss changes with $W_1$, four boxes away. The **chain rule** says:
# multiply the derivatives of the boxes on the way.
#
# $$\frac{\partial \ell}{\partial W_1} =
# \frac{\partial \ell}{\partial L_2} \cdot \frac{\partial L_2}{\partial S} \cdot
# \frac{\partial S}{\partial L_1} \cdot \frac{\partial L_1}{\partial W_1}
# = 2\,(L_2 - y) \cdot W_2 \cdot S\,(1 - S) \cdot x$$
#
# (The factor $S\,(1 - S)$ is the derivative of the sigmoid. Section 6 derives it; believe it until then.)
#
# The first three factors also stand in the product for $b_1$, and the very first in those for $W_2$ and $b_2$. So
# we work from the loss backwards and keep what we have: each box takes the gradient that arrives from the right,
# multiplies it by its own **local derivative**, that of its output with respect to its input, and hands the product
# to the left. In code, `dS` is our short name for $\partial \ell / \partial S$: the gradient **of the loss with
# respect to** $S$.
#
# **Predict.** Cover the orange-red numbers of the figure with your hand. The weight $W_2$ is negative, and the
# prediction $L_2$ is below the target $y$. Should $W_1$ go up or down to lower the loss? Follow the signs through the
# graph.

# %%
x, y = 2.0, 1.0
W1, b1, W2, b2 = 0.5, -0.5, -1.5, 0.2

# Forward: along the arrows.
L1 = W1 * x + b1
S = 1 / (1 + math.exp(-L1))
L2 = W2 * S + b2
loss = (L2 - y) ** 2

# Backward: against the arrows. Each line uses what the line before has found.
dL2 = 2 * (L2 - y)
dW2, db2, dS = dL2 * S, dL2 * 1, dL2 * W2
dL1 = dS * S * (1 - S)
dW1, db1 = dL1 * x, dL1 * 1

print(f"forward:  L1 = {L1:.3f}   S = {S:.3f}   L2 = {L2:.3f}   loss = {loss:.3f}")
print(f"backward: dL2 = {dL2:.3f}   dS = {dS:.3f}   dL1 = {dL1:.3f}")
print(f"for the parameters: dW1 = {dW1:.3f}   db1 = {db1:.3f}   dW2 = {dW2:.3f}   db2 = {db2:.3f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# `dW1` is positive: raising $W_1$ raises the loss, so $W_1$ should go down. The signs say why. A larger $W_1$
# makes $L_1$ and $S$ larger (both derivatives are positive). The negative $W_2$ turns that into a smaller
# $L_2$. And $L_2$ is already too small.
#
# </details>
#
# Go through the same graph step by step, forwards and then backwards. At each backward step, ask yourself which
# two numbers are multiplied before you press the button. (No buttons there? Run the cell.)

# %%
graph()

# %% [markdown]
# Is the gradient true? Nudging tells: it needs no chain rule at all. And with the gradients in hand, gradient
# descent takes the step of lesson 3, with the learning rate $\eta$ (many texts write $\alpha$):
#
# $$W_1' = W_1 - \eta \, \frac{\partial \ell}{\partial W_1} \qquad
# b_1' = b_1 - \eta \, \frac{\partial \ell}{\partial b_1} \qquad
# W_2' = W_2 - \eta \, \frac{\partial \ell}{\partial W_2} \qquad
# b_2' = b_2 - \eta \, \frac{\partial \ell}{\partial b_2}$$


# %%
def tiny_loss(W1: float, b1: float, W2: float, b2: float, x: float = 2.0, y: float = 1.0) -> float:
    S = 1 / (1 + math.exp(-(W1 * x + b1)))
    return (W2 * S + b2 - y) ** 2


nudge = 1e-5
measured = (tiny_loss(W1 + nudge, b1, W2, b2) - tiny_loss(W1 - nudge, b1, W2, b2)) / (2 * nudge)
print(f"dW1 by the chain rule: {dW1:.6f}, by nudging: {measured:.6f}")

lr = 0.02
after = tiny_loss(W1 - lr * dW1, b1 - lr * db1, W2 - lr * dW2, b2 - lr * db2)
print(f"loss before the step: {loss:.3f}, after it: {after:.3f}")

# %% [markdown]
# ## 3. Where paths meet, gradients add
#
# In the chain above every value is used once. Now let a value be used twice:
#
# $$d = a \cdot b \qquad e = a + c \qquad L = d \cdot e$$
#
# **Predict.** With $a = 2$, $b = 3$, $c = 4$: how fast does $L$ change when $a$ changes? There are two ways from
# $a$ to $L$, one through $d$ and one through $e$. Compute both products. Then decide: take the larger, the last,
# their product, or their sum?

# %%
a, b, c = 2.0, 3.0, 4.0


def diamond(a: float) -> float:
    d = a * b
    e = a + c
    return d * e


d, e = a * b, a + c
through_d = e * b  # dL/dd times dd/da
through_e = d * 1  # dL/de times de/da
measured = (diamond(a + nudge) - diamond(a - nudge)) / (2 * nudge)
print(f"through d: {through_d:g}, through e: {through_e:g}, by nudging a: {measured:.4f}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# 18 and 6 make 24: the paths **add**. When $a$ grows by a tiny $\varepsilon$, $L$ grows by $18\,\varepsilon$
# because $d$ changed, and by $6\,\varepsilon$ more because $e$ changed. Both happen at once. (Lesson 5 draws this
# graph.)
#
# </details>
#
# This is the whole chain rule:
#
# > **Multiply along a path. Add over all paths.**
#
# In code it is one character: `da += …`, not `da = …`. The next exercises are full of it. A weight is used once
# for *every example* of the batch, so its gradient is a sum over the batch. A hidden value is used once for
# *every unit* of the next layer, so its gradient is a sum over those units.

# %% [markdown]
# ## 4. From numbers to tensors: vector-Jacobian products
#
# Boxes of a real network take vectors and return vectors. The local derivative of such a box is a table: the
# **Jacobian** $J$, with a row per output and a column per input,
#
# $$J_{ij} = \frac{\partial\, \text{output}_i}{\partial\, \text{input}_j}.$$
#
# Let $g_i = \partial \ell / \partial\,\text{output}_i$ be the gradient that arrives. An input $j$ reaches the loss
# through every output $i$. Multiply along a path, add over paths:
#
# $$\frac{\partial \ell}{\partial\,\text{input}_j} = \sum_i g_i \, J_{ij}
# \qquad\text{in short}\qquad g^\top J .$$
#
# That is a **vector-Jacobian product**: a row vector times a matrix. "Multiply by the local derivative" was the
# special case of one number.
#
# **Predict.** You raise one of five scores that go into a softmax. What happens to the other four probabilities?
# So where in the Jacobian of softmax are there zeros?

# %%
logits = torch.tensor([1.0, 0.5, 0.0, -0.5, -1.0])
probabilities = torch.softmax(logits, dim=0)
jacobian = torch.func.jacrev(lambda z: torch.softmax(z, dim=0))(logits)  # the whole table, differentiated by PyTorch
print("probabilities:", [round(p, 3) for p in probabilities.tolist()])
print("column 0 (raise the first score):", [round(p, 3) for p in jacobian[:, 0].tolist()])
print("sum of that column:", round(jacobian[:, 0].sum().abs().item(), 6))
print("zeros in the whole table:", int((jacobian == 0).sum()))

# %% [markdown]
# <details><summary>Explain</summary>
#
# There are no zeros at all. The probabilities share a sum of 1: what one gains, the others lose together, so
# every column sums to zero. The formula is $J_{ij} = p_i\,(\delta_{ij} - p_j)$, where $\delta_{ij}$ is 1 if
# $i = j$ and 0 otherwise. The derivation stands in section 7. Whoever keeps only the diagonal $p_i (1 - p_i)$
# forgets that raising one score lowers the others.
#
# </details>
#
# Here are three Jacobians of the kinds you are about to meet.
#
# ![Three heat maps of Jacobians, blue for negative and red for positive entries. Softmax of five scores: every
# entry is filled, the diagonal positive and the rest negative. A linear layer with five inputs and four outputs:
# every entry is filled, it is the weight matrix itself. ReLU of five numbers: a diagonal of ones and zeros, all
# else zero.](../img/04_backpropagation_jacobians.png)
#
# - The Jacobian of a **linear layer** with respect to its input is its weight matrix.
# - The Jacobian of an **elementwise** function such as ReLU or sigmoid is diagonal: output $i$ depends on input $i$
#   alone. There, and only there, a product element by element is enough.
#
# Should we build these tables, then? Look at their size for one hidden layer and one batch of 64.

# %%
outputs, weights = 64 * 128, 128 * 784  # numbers that come out of the layer, numbers in its weight matrix
print(f"Jacobian of the outputs with respect to the weights: {outputs * weights:,} numbers")
print(f"that is, in float32:                                 {outputs * weights * 4 / 1e9:.1f} GB")
print(f"the product g^T J that we want from it:              {weights:,} numbers")

# %% [markdown]
# And 127 of every 128 of these numbers are zero, because output $k$ depends on row $k$ of the weights only. **Nobody
# builds Jacobians.** Each kind of box gets a function that turns the arriving gradient directly into the leaving
# one, and knows without a table where the zeros are. You write four of them now. One rule helps with all: *a
# gradient has the shape of the thing it belongs to*, because it holds one slope per number.
#
# In all exercises of this lesson you write the derivatives yourself: an answer that lets `backward`,
# `torch.autograd` or `torch.func` differentiate for it earns no points.

# %% [markdown]
# ## 5. The linear layer
#
# A linear layer with $D$ inputs and $K$ outputs sees a batch of $N$ rows. As in `nn.Linear`, the weight has shape
# $(K, D)$:
#
# $$Y = X W^\top + b \qquad Y_{nk} = \sum_{d} X_{nd} W_{kd} + b_k$$
#
# | | $X$ | $W$ | $b$ | $Y$ and $G = \partial\ell/\partial Y$ |
# |---|---|---|---|---|
# | shape | $(N, D)$ | $(K, D)$ | $(K,)$ | $(N, K)$ |
#
# **Worked example: the gradient for $X$.** The number $X_{nd}$ is used in row $n$ only, but there by *every*
# output $k$. Along the path through $Y_{nk}$ the slope is $G_{nk}$ times
# $\partial Y_{nk} / \partial X_{nd} = W_{kd}$. Add over the paths:
#
# $$\frac{\partial \ell}{\partial X_{nd}} = \sum_{k} G_{nk} W_{kd}$$
#
# A sum over a shared index is a matrix product. The shapes confirm which one: $(N, K)$ times $(K, D)$ gives
# $(N, D)$, the shape of $X$. For the other two, ask the same question: *which outputs does this number reach?*

# %% [markdown]
# ### Exercise: `linear_backward` (4 points)
#
# Write the backward step of a linear layer: given the gradient for its output, the gradients for its input, weight
# and bias.
#
# <details><summary>Hint 1: the idea</summary>
#
# $W_{kd}$ is used once in every row $n$: it reaches $Y_{0k}$, $Y_{1k}$, …, always multiplied by that row's
# $X_{nd}$. And $b_k$ is added in every row.
#
# </details>
# <details><summary>Hint 2: as sums</summary>
#
# $\partial \ell / \partial W_{kd} = \sum_n G_{nk} X_{nd}$ and $\partial \ell / \partial b_k = \sum_n G_{nk}$.
#
# </details>
# <details><summary>Hint 3: shapes</summary>
#
# The gradient for $W$ is $(K, D)$ and both of its ingredients begin with $N$. Which of $(N, K)$ and $(N, D)$
# has to be transposed, so that the $N$ meet in the middle and disappear?
#
# </details>


# %% exercise="linear_backward" without=["autograd", "backward", "requires_grad", "requires_grad_", "torch.func", "aten", "fixtures"]
def linear_backward(grad_out: Tensor, x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the loss with respect to a linear layer's input, weight and bias, in this order.

    The forward pass was `y = x @ weight.T + bias`, with x: (n, d); weight: (k, d); bias: (k,).
    grad_out: (n, k), the gradient of the loss with respect to y.
    Returns tensors of shapes (n, d), (k, d) and (k,); the arguments stay as they are.
    """
    ### BEGIN SOLUTION
    grad_x = grad_out @ weight  # (n, k) (k, d): every input reaches all k outputs of its row
    grad_weight = grad_out.T @ x  # (k, n) (n, d): every weight is used in all n rows
    grad_bias = grad_out.sum(dim=0)  # the bias was added in all n rows
    return grad_x, grad_weight, grad_bias
    ### END SOLUTION


# %% check="linear_backward" points=4
@check("linear_backward")
def _(given, expect):
    # All sizes equal first: no shape betrays a forgotten transpose, only the numbers do.
    square = linear_backward(given.normal(4, 4), given.normal(4, 4), given.normal(4, 4))
    expect("the gradient for the input", square[0])
    expect("the gradient for the weight", square[1])
    expect("the gradient for the bias", square[2])
    grad_out, x, weight = given.normal(5, 2), given.normal(5, 3), given.normal(2, 3)
    found = list(linear_backward(grad_out, x, weight))
    expect("three different sizes", found, points=0.25)
    kept = {"`grad_out`": grad_out, "`x`": x, "`weight`": weight, "an answer": found[0]}
    expect("the arguments left as they were", kept, points=0.25)
    expect("a batch of one", list(linear_backward(grad_out[:1], x[:1], weight)), points=0.5)

# %% [markdown]
# <details><summary>The whole derivation, for when yours is right</summary>
#
# $$\frac{\partial \ell}{\partial X_{nd}} = \sum_k G_{nk} W_{kd} \;\Rightarrow\; G\,W \quad (N,K)(K,D) = (N,D)$$
#
# $$\frac{\partial \ell}{\partial W_{kd}} = \sum_n G_{nk} X_{nd} \;\Rightarrow\; G^\top X \quad (K,N)(N,D) = (K,D)$$
#
# $$\frac{\partial \ell}{\partial b_{k}} = \sum_n G_{nk} \;\Rightarrow\; \text{the column sums of } G \quad (K,)$$
#
# Nothing is divided by $N$ here. If the loss is a mean over the batch, the $1/N$ is already inside $G$: it entered
# at the loss, and it travels along.
#
# </details>
#
# **What the gradient of a weight says.** By the formula, the gradient of hidden unit $k$'s weights is a mixture
# of the batch's *inputs*, each weighted by how much the loss wants that unit changed. With images as inputs,
# you can look at it. Below, PyTorch did the backward pass (lesson 6 shows how) on 64 digits. For eight hidden
# units of an untrained network you see the gradient of the 784 incoming weights, drawn as a picture.

# %%
images, labels = data.digits("train", mean=0, std=1)  # from 0, black, to 1, white
images, labels = images[:64].flatten(1), labels[:64]
torch.manual_seed(4)
network = nn.Sequential(nn.Linear(784, 8), nn.Sigmoid(), nn.Linear(8, 10))
F.cross_entropy(network(images), labels).backward()
pictures = plot.images(network[0].weight.grad, [f"unit {k}" for k in range(8)])

# %% [markdown]
# The grey of the margin is zero: no image has ink there. Brighter means a positive slope, darker a negative one. You
# see strokes of digits. A step goes *against* the gradient: it adds weight where a picture is dark and takes it away
# where it is bright. So each unit becomes a little more like the images that should excite it more, and a little
# less like those that should excite it less.

# %% [markdown]
# ## 6. ReLU and sigmoid
#
# Both act on each number alone, so their Jacobian is diagonal and the vector-Jacobian product is a product element
# by element.
#
# **ReLU** is $\max(z, 0)$. To the right of zero it passes $z$ on: slope 1. To the left it gives 0, whatever $z$
# is: slope 0. At exactly 0 there is no slope; PyTorch takes 0 there, and so may you.
#
# $$\frac{\partial \ell}{\partial z} = g \cdot \begin{cases} 1 & z > 0 \\ 0 & z \le 0 \end{cases}$$
#
# A gate opens or shuts for each number. What decides is the sign of the number that went *in* on the forward pass,
# not of the gradient that comes back.

# %% [markdown]
# ### Exercise: `relu_backward` (2 points)
#
# Send the gradient that arrives back through the gates.
#
# <details><summary>Hint</summary>
#
# A comparison such as `z > 0` gives a tensor of `True` and `False`. What does multiplying by it do?
#
# </details>


# %% exercise="relu_backward" without=["autograd", "backward", "requires_grad", "requires_grad_", "torch.func", "aten", "fixtures"]
def relu_backward(grad_out: Tensor, z: Tensor) -> Tensor:
    """Return the gradient of the loss with respect to z, where the forward pass was `relu(z)`.

    grad_out: the gradient with respect to relu(z); z: what went into ReLU, same shape, any number of axes.
    Returns a new tensor of that shape; the arguments stay as they are.
    """
    ### BEGIN SOLUTION
    return grad_out * (z > 0)
    ### END SOLUTION


# %% check="relu_backward" points=2
@check("relu_backward")
def _(given, expect):
    grad_out, z = given.normal(4, 5), given.normal(4, 5)
    expect("a matrix", relu_backward(grad_out, z))
    again = relu_backward(grad_out, z)
    expect(
        "a new tensor, with the arguments left as they were", torch.stack([again, grad_out, z]), points=0.5
    )
    expect("any number of axes", relu_backward(given.normal(2, 3, 4), given.normal(2, 3, 4)), points=0.5)

# %% [markdown]
# **Sigmoid.** With $s = \sigma(z) = (1 + e^{-z})^{-1}$, the derivative is
#
# $$\frac{ds}{dz} = \frac{e^{-z}}{(1 + e^{-z})^{2}} =
# \frac{1}{1 + e^{-z}} \cdot \frac{e^{-z}}{1 + e^{-z}} = s\,(1 - s),$$
#
# because $e^{-z} / (1 + e^{-z}) = 1 - s$. It can be had from the *output* $s$ alone. The forward pass has
# computed $s$ anyway, so that is what gets kept for the way back, and what your function receives.

# %% [markdown]
# ### Exercise: `sigmoid_backward` (2 points)
#
# Turn the gradient for $s$ into the gradient for $z$. It must also work where rounding has made $s$ exactly 0 or 1.
#
# <details><summary>Hint</summary>
#
# The argument is $s$, not $z$: the sigmoid has already been applied.
#
# </details>


# %% exercise="sigmoid_backward" without=["autograd", "backward", "requires_grad", "requires_grad_", "torch.func", "aten", "fixtures"]
def sigmoid_backward(grad_out: Tensor, s: Tensor) -> Tensor:
    """Return the gradient of the loss with respect to z, where the forward pass was `s = sigmoid(z)`.

    grad_out: the gradient with respect to s; s: the output of the sigmoid, same shape, from 0 to 1, both included.
    Returns a new tensor of that shape; the arguments stay as they are.
    """
    ### BEGIN SOLUTION
    return grad_out * s * (1 - s)
    ### END SOLUTION


# %% check="sigmoid_backward" points=2
@check("sigmoid_backward")
def _(given, expect):
    grad_out, s = given.normal(4, 5), given.uniform(4, 5)
    expect("a matrix", sigmoid_backward(grad_out, s))
    again = sigmoid_backward(grad_out, s)
    expect(
        "a new tensor, with the arguments left as they were", torch.stack([again, grad_out, s]), points=0.5
    )
    saturated = torch.tensor([0.0, 1.0, 0.5, 0.999])
    expect("outputs at the very ends", sigmoid_backward(given.normal(4), saturated), points=0.5)

# %% [markdown]
# **Predict.** $s(1 - s)$ is largest at $s = \tfrac12$, where it is $\tfrac14$. A gradient travels back through ten
# sigmoids. Leave the weights between them aside. What is the most that can be left of it? And of ten ReLUs?

# %%
z = torch.linspace(-6, 6, 200)
s = torch.sigmoid(z)
axes = plot.lines(z, {"sigmoid": s * (1 - s), "ReLU": (z > 0).float()}, xlabel="input z", ylabel="slope")
print(f"after ten sigmoids at most {0.25**10:.1e} of a gradient is left; after ten open ReLUs, {1.0**10:g}")

# %% [markdown]
# <details><summary>Explain</summary>
#
# Multiply along the path: ten factors of at most $\tfrac14$. That is the **vanishing gradient**, one reason why
# deep networks moved from sigmoid to ReLU inside. Far from 0 the factor is much smaller: there the curve is nearly
# flat, and a unit that is so sure hardly learns. ReLU has a trouble of its own: where the gate is shut the
# gradient is exactly 0. A unit whose gate is shut for every example cannot open it by itself: only a change in the
# layers before it can.
#
# </details>

# %% [markdown]
# ## 7. Softmax and cross-entropy
#
# For one example with scores $z_1, \dots, z_C$ and true class $t$, lesson 2 found
#
# $$\ell = -\log p_t = \log \sum_{j} e^{z_j} - z_t \qquad\text{with}\qquad p_k = \frac{e^{z_k}}{\sum_j e^{z_j}} .$$
#
# Differentiate both terms. The first gives
# $\frac{\partial}{\partial z_k} \log \sum_j e^{z_j} = \frac{e^{z_k}}{\sum_j e^{z_j}} = p_k$. The second gives
# $-1$ if $k = t$, and 0 otherwise. So
#
# $$\boxed{\;\frac{\partial \ell}{\partial z_k} = p_k - \delta_{kt}\;} \qquad
# \text{for one example: } p - \text{one-hot}(t).$$
#
# *Probability minus truth.* The loss of a batch is the **mean** over its $N$ examples. How much of each example's
# gradient arrives, then?
#
# <details><summary>The long way: through the Jacobian of softmax</summary>
#
# With $p_i = e^{z_i} / Z$ and $Z = \sum_j e^{z_j}$, the quotient rule gives
#
# $$\frac{\partial p_i}{\partial z_k} = \frac{\delta_{ik}\, e^{z_i} Z - e^{z_i} e^{z_k}}{Z^2} = p_i\,(\delta_{ik} - p_k).$$
#
# The loss depends on $p_t$ only: $\partial \ell / \partial p_t = -1 / p_t$. So one row of the Jacobian counts:
# $-\tfrac{1}{p_t} \cdot p_t\,(\delta_{tk} - p_k) = p_k - \delta_{kt}$. The same, but this route divides by
# $p_t$, which may underflow to 0. The short way does not: one more reason why frameworks join softmax and
# cross-entropy in one operation.
#
# </details>

# %% [markdown]
# ### Exercise: `cross_entropy_backward` (3 points)
#
# Here the way back begins, so there is no `grad_out`: the gradient of the loss with respect to itself is 1.
#
# <details><summary>Hint 1: the idea</summary>
#
# Probabilities first, one row per example. Then take 1 away from a single entry of each row.
#
# </details>
# <details><summary>Hint 2: indexing</summary>
#
# `p[torch.arange(n), labels]` picks one entry per row. `F.one_hot(labels, classes)` builds the ones as a table.
#
# </details>


# %% exercise="cross_entropy_backward" without=["autograd", "backward", "requires_grad", "requires_grad_", "torch.func", "aten", "fixtures"]
def cross_entropy_backward(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the gradient of the mean cross-entropy of a batch with respect to its logits.

    logits: (n, classes) float, of any size, even thousands; labels: (n,) int64.
    Returns (n, classes); the arguments stay as they are.
    """
    ### BEGIN SOLUTION
    probabilities = torch.softmax(logits, dim=1)
    truth = F.one_hot(labels, logits.shape[1])
    return (probabilities - truth) / len(labels)  # the loss is a mean: each example has 1/n of the say
    ### END SOLUTION


# %% check="cross_entropy_backward" points=3
@check("cross_entropy_backward")
def _(given, expect):
    logits = given.normal(6, 4)
    labels = torch.tensor([0, 1, 2, 0, 1, 1])[given.permutation(6)]  # the last class does not occur
    expect("one example", cross_entropy_backward(logits[:1], labels[:1]))
    expect("a batch", cross_entropy_backward(logits, labels))
    expect("large scores", cross_entropy_backward(1000 * logits, labels), points=0.5)
    again = torch.cat([cross_entropy_backward(logits, labels), logits], dim=1)
    expect("a new tensor, with the arguments left as they were", again, points=0.5)

# %% [markdown]
# Look at what arrives at the scores of three examples, all of class 0.

# %%
examples = {"unsure": [0.0, 0.0, 0.0], "right and sure": [6.0, 0.0, 0.0], "wrong and sure": [0.0, 6.0, 0.0]}
for name, scores in examples.items():
    p = torch.softmax(torch.tensor(scores), dim=0)
    arriving = p - torch.tensor([1.0, 0.0, 0.0])
    chances, slopes = [f"{value:.3f}" for value in p], [f"{value:+.3f}" for value in arriving]
    print(f"{name:14}   p:", *chances, "  gradient:", *slopes)

# %% [markdown]
# Each row sums to zero: what is pushed up at one class is pushed down at the others. A right and sure answer is
# left in peace. A wrong and sure one is pushed with nearly full force, at most 1: cross-entropy never goes flat
# where the network is badly wrong.
#
# **Now you can** send a gradient back through every part of a classifier.

# %% [markdown]
# ## 8. The whole network
#
# Now put the boxes together. It is the graph of section 2, with matrices on the edges and cross-entropy at the
# end:
#
# $$L_1 = X W_1^\top + b_1 \qquad S = \sigma(L_1) \qquad L_2 = S W_2^\top + b_2 \qquad
# \ell = \text{mean cross-entropy}(L_2)$$
#
# | forward | shape | backward, the same shape |
# |---|---|---|
# | $X$ | $(N, D)$ | none needed: the data do not move |
# | $W_1$, $b_1$ | $(H, D)$, $(H,)$ | `dW1`, `db1` |
# | $L_1$, $S$ | $(N, H)$ | `dL1`, `dS` |
# | $W_2$, $b_2$ | $(C, H)$, $(C,)$ | `dW2`, `db2` |
# | $L_2$ | $(N, C)$ | `dL2` |
#
# The product of section 2 is still there. The sums over paths now hide in the matrix products:
#
# $$\frac{\partial \ell}{\partial W_1} = \Big[\big(\underbrace{\tfrac{\partial \ell}{\partial L_2}}_{(N,C)}
# \underbrace{W_2}_{(C,H)}\big) \odot \underbrace{S \odot (1 - S)}_{(N,H)}\Big]^{\!\top} \underbrace{X}_{(N,D)}
# \qquad\text{of shape } (H, D),$$
#
# where $\odot$ multiplies element by element. The first product adds over the $C$ scores that a hidden value reaches,
# the last one over the $N$ examples that use a weight. The update is that of section 2, matrix by matrix.
# With more layers nothing new happens: from the last to the first, each takes the gradient for its output, keeps those
# for its weight and bias, and hands the one for its input back. (What the forward pass must keep for this, the
# *activations*, fills the memory in training: lesson 10.)

# %% [markdown]
# ### Exercise: `two_layer_gradients` (4 points)
#
# Go forwards and keep everything; then go backwards. Return *every* value on the way, so that the check can name
# the first one that is wrong: all before it is then right, and the mistake sits in that one step. You may call the
# functions you wrote above.
#
# <details><summary>Hint 1: the idea</summary>
#
# Work in the order of the docstring's list. Every gradient needs only values that stand before it in the list, and
# `params`.
#
# </details>
# <details><summary>Hint 2: a sketch</summary>
#
# Seven gradients from four steps: cross-entropy gives `dL2`. The second linear layer gives `dS`, `dW2` and
# `db2`. The sigmoid gives `dL1`. The first linear layer gives `dW1` and `db1`.
#
# </details>


# %% exercise="two_layer_gradients" without=["autograd", "backward", "requires_grad", "requires_grad_", "torch.func", "aten", "fixtures"]
def two_layer_gradients(params: dict[str, Tensor], x: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Go forwards and backwards through a two-layer network and return every value on the way.

    params: "W1" (h, d), "b1" (h,), "W2" (c, h), "b2" (c,). x: (n, d); labels: (n,) int64.
    All arguments stay as they are.
    Returns a dictionary with
      forward:  "L1" (n, h) before the sigmoid; "S" (n, h) after it; "L2" (n, c) the logits;
                "loss" the mean cross-entropy, a float or a tensor with one number;
      backward: "dL2", "dW2", "db2", "dS", "dL1", "dW1", "db1": the gradient of the loss with respect to each,
                in the same shape.
    """
    ### BEGIN SOLUTION
    n = len(labels)
    L1 = x @ params["W1"].T + params["b1"]
    S = torch.sigmoid(L1)
    L2 = S @ params["W2"].T + params["b2"]
    logps = torch.log_softmax(L2, dim=1)
    loss = -logps[torch.arange(n), labels].mean()

    dL2 = logps.exp()
    dL2[torch.arange(n), labels] -= 1
    dL2 /= n
    dS = dL2 @ params["W2"]
    dL1 = dS * S * (1 - S)
    forward = {"L1": L1, "S": S, "L2": L2, "loss": loss}
    second_layer = {"dL2": dL2, "dW2": dL2.T @ S, "db2": dL2.sum(dim=0)}
    first_layer = {"dS": dS, "dL1": dL1, "dW1": dL1.T @ x, "db1": dL1.sum(dim=0)}
    return forward | second_layer | first_layer
    ### END SOLUTION


# %% check="two_layer_gradients" points=4
@check("two_layer_gradients")
def _(given, expect):
    params = {
        "W1": given.normal(4, 3),
        "b1": given.normal(4),
        "W2": given.normal(5, 4),
        "b2": given.normal(5),
    }
    x, labels = given.normal(7, 3), given.integers(4, size=7)  # the last class does not occur
    found = two_layer_gradients(params, x, labels)
    for name in ("L1", "S", "L2"):
        expect(f"the value `{name}`", found[name], points=0.125)
    expect("the value `loss`", float(found["loss"]), points=0.125)
    for name in ("dL2", "dW2", "db2", "dS", "dL1", "dW1", "db1"):
        expect(f"the gradient `{name}`", found[name], points=0.25 if name in ("db2", "db1") else 0.5)
    again = two_layer_gradients(params, x, labels)
    expect("the same `dW1` when asked again", again["dW1"], points=0.25)
    expect("the arguments left as they were", params | {"x": x, "labels": labels}, points=0.25)

# %% [markdown]
# **The idea at work.** The loop below trains such a network on three spirals. PyTorch computes the gradients
# here; they are the numbers that your function returns. If yours is right, you may put it in their place: call
# `found = two_layer_gradients(params, points, arms)` in the loop, and use `found["d" + name]` for `slopes[name]`.

# %%
points, arms = data.spirals(300)
generator = torch.Generator().manual_seed(0)
params = {
    "W1": 4 * torch.randn(32, 2, generator=generator),
    "b1": torch.randn(32, generator=generator),
    "W2": 0.2 * torch.randn(3, 32, generator=generator),
    "b2": torch.zeros(3),
}


def scores(params: dict[str, Tensor]) -> Tensor:
    return torch.sigmoid(points @ params["W1"].T + params["b1"]) @ params["W2"].T + params["b2"]


def spiral_loss(params: dict[str, Tensor]) -> Tensor:
    return F.cross_entropy(scores(params), arms)


losses = []
for _ in range(1500):
    losses.append(spiral_loss(params).item())
    slopes = torch.func.grad(spiral_loss)(params)
    params = {name: params[name] - 0.5 * slopes[name] for name in params}
axes = plot.loss_curves({"gradient descent": losses}, levels={"guessing, ln 3": math.log(3)}, logy=True)
right = (scores(params).argmax(dim=1) == arms).float().mean()
print(f"loss at the start {losses[0]:.2f}, after 1,500 steps {losses[-1]:.2f}")
print(f"{right:.0%} of the points are classified right")

# %% [markdown]
# ## 9. Trust, but check
#
# A wrong gradient rarely stops a program. The loss often still falls, only slower, and nobody notices. That is
# why everyone who writes a `backward` compares it with nudging, on a problem small enough for nudging to be
# affordable. Lesson 3 found how to nudge well: by central differences, in float64, with steps of about $10^{-5}$.
#
# How different is too different? An absolute difference says little: 0.01 is much for a gradient of 0.02 and
# nothing for one of 1000. Compare lengths instead. With $g$ the gradient to be checked and $m$ the measured
# one,
#
# $$\text{error} = \frac{\lVert g - m \rVert}{\lVert g \rVert + \lVert m \rVert},$$
#
# where $\lVert \cdot \rVert$ is the root of the sum of all squares. The length of a single number is its absolute
# value.
#
# **Predict.** Take `dW1` of section 2. What is the error of the right gradient, of one with the wrong sign, and of
# one that is twice too large?

# %%
measured = (tiny_loss(0.5 + nudge, -0.5, -1.5, 0.2) - tiny_loss(0.5 - nudge, -0.5, -1.5, 0.2)) / (2 * nudge)
for name, claimed in {"right": dW1, "wrong sign": -dW1, "twice too large": 2 * dW1}.items():
    error = abs(claimed - measured) / (abs(claimed) + abs(measured))
    print(f"{name:16} error {error:.7f}")

# %% [markdown]
# In float64, what nudging itself gets wrong does not reach the seventh decimal here. A bug is rarely that polite: it
# shows in the first digits. (A check that passes is strong evidence, no proof: it looked at one point.)

# %% [markdown]
# ### Exercise: `gradient_check` (2 points)
#
# Measure this error for every parameter of a function. The check hands over right gradients and five planted bugs;
# your errors must tell them apart.
#
# <details><summary>Hint 1: the idea</summary>
#
# Three loops in one another: parameters; numbers in a parameter; up and down. Only one number is nudged at a time.
#
# </details>
# <details><summary>Hint 2: a sketch</summary>
#
# Copy the parameter, change one number of the copy, and call `f` with a dictionary that holds the copy in place
# of the original: `f(params | {name: copy})`. A tensor's numbers stand in a row in `copy.view(-1)`, which
# shares its memory.
#
# </details>
# <details><summary>Hint 3: the error</summary>
#
# Collect the measured slopes in a tensor of the parameter's shape. The length of a tensor is `tensor.norm()`;
# `float(…)` makes a plain number of it.
#
# </details>


# %% exercise="gradient_check" without=["autograd", "backward", "requires_grad", "requires_grad_", "torch.func", "aten", "fixtures"]
def gradient_check(
    f: Callable[[dict[str, Tensor]], Tensor],
    params: dict[str, Tensor],
    grads: dict[str, Tensor],
    eps: float = 1e-5,
) -> dict[str, float]:
    """Compare gradients with central differences and return the error of each, by name.

    f: takes a dictionary like `params` and returns a tensor with one number.
    params: float64 tensors of any shape; they hold the same numbers afterwards.
    grads: for each name, what is claimed to be the gradient of f, same shape.
    eps: how far each number is nudged, up and down.
    The error of a parameter is |g - m| / (|g| + |m|), where g is the claimed gradient, m the measured one, and
    |.| the root of the sum of squares over the whole tensor. (No parameter here has g and m both zero.)
    """
    ### BEGIN SOLUTION
    errors = {}
    for name, value in params.items():
        measured = torch.zeros_like(value)
        for place in range(value.numel()):
            ends = []
            for step in (eps, -eps):
                nudged = value.clone()
                nudged.view(-1)[place] += step
                ends.append(float(f(params | {name: nudged})))
            measured.view(-1)[place] = (ends[0] - ends[1]) / (2 * eps)
        difference = (grads[name] - measured).norm()
        errors[name] = float(difference / (grads[name].norm() + measured.norm()))
    return errors
    ### END SOLUTION


# %% check="gradient_check" points=2
@check("gradient_check")
def _(given, expect):
    x, labels = given.normal(7, 3, dtype=torch.float64), given.integers(3, size=7)
    params = {"W": given.normal(3, 3, dtype=torch.float64), "b": given.normal(3, dtype=torch.float64)}

    def mean_loss(params):
        return F.cross_entropy(F.linear(x, params["W"], params["b"]), labels)

    right = exact_gradients(mean_loss, params)
    one_wrong = right["W"].clone()
    one_wrong[2, 1] += 0.1
    claims = [
        right,
        right | {"W": -right["W"]},
        right | {"W": right["W"].T},
        right | {"W": one_wrong},
        right | {"b": 7 * right["b"]},
        right | {"b": right["b"].roll(1)},
    ]
    found = [gradient_check(lambda params: mean_loss(params).detach(), params, grads) for grads in claims]
    errors = torch.tensor([[float(errors[name]) for name in params] for errors in found])
    # The tolerance is fine enough to see what a nudge in one direction only gets wrong.
    expect("right gradients and five planted bugs", errors, points=1.5, tolerance=3e-6)

    cube = {"T": given.normal(2, 3, 2, dtype=torch.float64)}
    claimed = {"T": given.normal(2, 3, 2, dtype=torch.float64)}
    errors = [
        float(gradient_check(lambda params: params["T"].detach().pow(3).sum(), cube, claimed, eps)["T"])
        for eps in (0.5, 1.0, 2.0)
    ]
    rest = torch.cat([torch.tensor(errors), cube["T"].flatten()])
    expect("a parameter of any shape, nudged by the `eps` it is given and left as it was", rest, points=0.5)

# %% [markdown]
# PyTorch brings its own, `torch.autograd.gradcheck`. It nudges every input and compares with what the backward pass
# says. Below it catches a sigmoid whose author applied the sigmoid once too often on the way back. (A class made from
# `torch.autograd.Function` teaches PyTorch an operation: its way forward, its way back, and `ctx` to keep values in
# between. Read it; you need not be able to write one.)


# %%
class CarelessSigmoid(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z):
        s = torch.sigmoid(z)
        ctx.save_for_backward(s)
        return s

    @staticmethod
    def backward(ctx, grad_out):
        (s,) = ctx.saved_tensors
        return grad_out * torch.sigmoid(s) * (1 - torch.sigmoid(s))


z = torch.linspace(-2, 2, 5, dtype=torch.float64, requires_grad=True)
for name, function in {"torch.sigmoid": torch.sigmoid, "CarelessSigmoid": CarelessSigmoid.apply}.items():
    print(f"{name:16} passes gradcheck:", torch.autograd.gradcheck(function, z, raise_exception=False))

# %% [markdown]
# ## 10. Repair this
#
# Somebody wanted to save memory and updates each parameter as soon as its gradient is known. The loss falls.
# Nothing looks wrong. (The network is the one of section 2.)
#
# **Predict.** Which of the four gradients are wrong, and why? Then repair the cell: the two numbers in the last
# line must agree.

# %%
x, y, lr = 2.0, 1.0, 0.02
W1, b1, W2, b2 = 0.5, -0.5, -1.5, 0.2
slope_of_W1 = (tiny_loss(W1 + nudge, b1, W2, b2) - tiny_loss(W1 - nudge, b1, W2, b2)) / (2 * nudge)

S = 1 / (1 + math.exp(-(W1 * x + b1)))
L2 = W2 * S + b2
loss = (L2 - y) ** 2

dL2 = 2 * (L2 - y)
W2 = W2 - lr * dL2 * S
b2 = b2 - lr * dL2
dL1 = dL2 * W2 * S * (1 - S)
W1 = W1 - lr * dL1 * x
b1 = b1 - lr * dL1

print(f"loss before the step {loss:.3f}, after it {tiny_loss(W1, b1, W2, b2):.3f}")
print(f"gradient for W1: {dL1 * x:.4f} in this code, {slope_of_W1:.4f} by nudging")

# %% [markdown]
# <details><summary>Explain</summary>
#
# `dL1` is computed with the *new* `W2`. But the gradient is the slope at the point where the forward pass was:
# all of its factors must belong to that point. Here `dL1`, and with it the gradients for `W1` and `b1`, mix two
# points. The cure: first compute **all** gradients, then update. That is why training code has a backward pass
# and *after it* a step.
#
# </details>

# %% [markdown]
# **Now you can** write a backward pass, test it, and find what is wrong with somebody else's.
#
# ## 11. Why backwards?
#
# The chain rule gives a product of Jacobians. A product of matrices may be worked out in any order: the result
# is the same, the price is not. Take the longest chain of the 784-128-64-10 network, from the loss to the 784
# pixels of one image, and leave the ReLUs aside. With $g$ the gradient for the ten scores, it is
#
# $$\underbrace{g^\top}_{1 \times 10}\; \underbrace{W_3}_{10 \times 64}\; \underbrace{W_2}_{64 \times 128}\;
# \underbrace{W_1}_{128 \times 784} .$$
#
# **Predict.** Multiplying an $(a, b)$ matrix by a $(b, c)$ matrix takes $a \cdot b \cdot c$ multiplications.
# You may start on the left, at the loss, or on the right, at the input. Which is cheaper, and roughly by what
# factor?

# %%
from_the_loss = 1 * 10 * 64 + 1 * 64 * 128 + 1 * 128 * 784
from_the_input = 64 * 128 * 784 + 10 * 64 * 784 + 1 * 10 * 784
print(f"from the loss backwards: {from_the_loss:>9,} multiplications")
print(f"from the input forwards: {from_the_input:>9,} multiplications")
print(f"that is {from_the_input / from_the_loss:.0f} times as many")

# %% [markdown]
# <details><summary>Explain</summary>
#
# The loss is *one* number. From its side there is always a single row to multiply with: vector times matrix.
# From the input's side you carry whole matrices along. **The order is the invention**, together with keeping
# the values of the forward pass for reuse. With one input and many outputs it would be the other way round.
#
# </details>
#
# Now count a whole pass, with the gradients for all weights and biases. PyTorch can count the multiplications of
# its matrix products as they happen (the few elementwise operations are left out).

# %%
from torch.utils.flop_counter import FlopCounterMode


def multiplications(sizes: list[int]) -> tuple[int, int]:
    """Count the multiplications of a forward and of a backward pass, per example."""
    layers = [part for d, k in zip(sizes, sizes[1:], strict=False) for part in (nn.Linear(d, k), nn.ReLU())]
    network, batch = nn.Sequential(*layers[:-1]), torch.zeros(64, sizes[0])
    with FlopCounterMode(display=False) as forward:
        loss = F.cross_entropy(network(batch), torch.zeros(64, dtype=torch.int64))
    with FlopCounterMode(display=False) as backward:
        loss.backward()
    # One multiplication and one addition are two operations.
    return forward.get_total_flops() // 128, backward.get_total_flops() // 128


for name, sizes in {"784-128-64-10": [784, 128, 64, 10], "nine layers of 100": [100] * 10}.items():
    forward, backward = multiplications(sizes)
    print(f"{name:18} {forward:8,} forward, {backward:8,} backward, ratio {backward / forward:.2f}")

# %% [markdown]
# So one backward pass costs about as much as one forward pass, and at most about twice as much in a deep
# network: a linear layer multiplies once on the way forward, and on the way back once for its weight and once
# for its input. (The first layer saves the latter, since nobody needs a gradient for the data.) Nudging would
# have cost 218,772 forward passes.
#
# **A short, true history.** You may read that it took about thirty years to find out how to train networks with
# several layers. The truth is less tidy. The chain rule is from the seventeenth century. In 1970 *Seppo Linnainmaa*
# described in his master's thesis how to get all derivatives of a long computation by going backwards through it; he
# wanted to follow rounding errors. Today this is called the reverse mode of automatic differentiation. In 1974 *Paul
# Werbos* proposed in his dissertation to fit models with such a method, and later applied it to neural networks. In
# 1986 *David Rumelhart, Geoffrey Hinton and Ronald Williams* showed what hidden layers can learn with it, and made it
# widely known under the name back-propagation. So the method was found more than once, in different fields. It is
# not the chain rule that was new, but its order and the reuse of what has been computed.
#
# And what it is *not*: backpropagation computes gradients. Moving the weights is the optimiser's work
# (gradient descent, lesson 3), and any optimiser may use the same gradients.

# %% [markdown]
# ## 12. Exit questions
#
# Write the letter of your answer, in quotes.
#
# ### Exit question: two gradients arrive, what now? `exit_shared_value` (1 point)
#
# A hidden value $h$ is used in two places. On the way back, a gradient of $2$ comes from the one place and of
# $-3$ from the other (each already multiplied by its local derivative). What is $\partial \ell / \partial h$?
#
# - (a) $-6$
# - (b) $-3$
# - (c) $-1$
# - (d) $-0.5$

# %% exercise="exit_shared_value"
exit_shared_value = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_shared_value = "c"
### END SOLUTION

# %% check="exit_shared_value" points=1
@check("exit_shared_value")
def _(given, expect):
    expect("the choice", choice(exit_shared_value))

# %% [markdown]
# ### Exit question: what does the way back cost? `exit_cost` (1 point)
#
# You make every hidden layer of a network ten times wider, so it has many times more parameters. What does one
# backward pass cost now, *compared with one forward pass of the same wide network*?
#
# - (a) much more than before: the ratio of the two grows with the number of parameters
# - (b) as before, about as much as one or two forward passes
# - (c) nearly nothing: all the values are there already
# - (d) as much as two forward passes for each parameter

# %% exercise="exit_cost"
exit_cost = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_cost = "b"
### END SOLUTION

# %% check="exit_cost" points=1
@check("exit_cost")
def _(given, expect):
    expect("the choice", choice(exit_cost))

# %% [markdown]
# ### Exit question: what is it, and what is it not? `exit_what_it_computes` (1 point)
#
# What does backpropagation compute?
#
# - (a) the parameters after the next step
# - (b) the gradient of the parameters with respect to the loss
# - (c) the part of the error that each layer has made, in per cent
# - (d) the gradient of the loss with respect to every parameter

# %% exercise="exit_what_it_computes"
exit_what_it_computes = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
exit_what_it_computes = "d"
### END SOLUTION

# %% check="exit_what_it_computes" points=1
@check("exit_what_it_computes")
def _(given, expect):
    expect("the choice", choice(exit_what_it_computes))

# %% [markdown]
# ## Summary
#
# - A network is a graph. Values go forwards and are kept; gradients of the loss go backwards.
# - Multiply along a path, add over all paths. A value used twice gets the sum of two gradients.
# - For tensors, "multiply by the derivative" is a vector-Jacobian product. No Jacobian is ever built.
# - A gradient has the shape of the thing it belongs to. Transposes and sums over the batch follow from that.
# - For softmax with cross-entropy the gradient is $(p - \text{one-hot}) / N$.
# - All gradients belong to one point: compute all, then update.
# - One backward pass costs about one or two forward passes, however many parameters there are.
#
# **Next: lesson 5**, where you build an engine that does all of this by itself, for any expression, in about
# sixty lines.
#
# **Further reading**
#
# - D. E. Rumelhart, G. E. Hinton, R. J. Williams: *Learning representations by back-propagating errors.* Nature 323,
#   533–536 (1986). Four pages, still readable.
# - A. G. Baydin, B. A. Pearlmutter, A. A. Radul, J. M. Siskind: *Automatic Differentiation in Machine Learning: a
#   Survey.* Journal of Machine Learning Research 18 (2018), [arXiv:1502.05767](https://arxiv.org/abs/1502.05767).
#   With the history.
# - [Gradcheck mechanics](https://docs.pytorch.org/docs/stable/notes/gradcheck.html) in PyTorch's documentation.
