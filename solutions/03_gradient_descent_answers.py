# %% [markdown]
# # Answers to lesson 3: right ones written another way, and the mistakes people make
#
# ## `numerical_gradient`

# %% right="numerical_gradient"
"""a copy up and a copy down for each place of a flat row"""
def numerical_gradient(f, w, eps=1e-5):
    base = w.double().flatten()
    slopes = []
    for i in range(len(base)):
        up, down = base.clone(), base.clone()
        up[i] += eps
        down[i] -= eps
        slopes.append((f(up.reshape(w.shape)).item() - f(down.reshape(w.shape)).item()) / (2 * eps))
    return torch.tensor(slopes, dtype=torch.float64).reshape(w.shape)

# %% right="numerical_gradient"
"""rows of the identity as directions, stacked"""
def numerical_gradient(f, w, eps=1e-5):
    directions = eps * torch.eye(w.numel(), dtype=torch.float64)
    moved = [w + direction.reshape(w.shape) for direction in directions]
    moved_back = [w - direction.reshape(w.shape) for direction in directions]
    rise = torch.stack([f(a) - f(b) for a, b in zip(moved, moved_back)])
    return (rise / (2 * eps)).reshape(w.shape)

# %% right="numerical_gradient"
"""all index tuples, one copy that is put right after each measurement"""
import itertools

def numerical_gradient(f, w, eps=1e-5):
    point = w.to(torch.float64, copy=True)
    grad = torch.empty_like(point)
    for place in itertools.product(*(range(size) for size in w.shape)):
        value = point[place].item()
        point[place] = value + eps
        above = f(point)
        point[place] = value - eps
        below = f(point)
        point[place] = value
        grad[place] = (above - below) / eps / 2
    return grad

# %% right="numerical_gradient"
"""NumPy walks through the places, torch answers"""
import numpy as np

def numerical_gradient(f, w, eps=1e-5):
    values = w.detach().numpy().astype(np.float64)
    grad = np.zeros_like(values)
    for place in np.ndindex(values.shape):
        step = np.zeros_like(values)
        step[place] = eps
        grad[place] = (float(f(torch.from_numpy(values + step))) - float(f(torch.from_numpy(values - step)))) / (2 * eps)
    return torch.from_numpy(grad)

# %% mistake="numerical_gradient"
"""You went to one side only: a forward difference. It cuts a corner as large as `eps`; going to both sides makes the error shrink with `eps` squared."""
def numerical_gradient(f, w, eps=1e-5):
    base = w.double()
    slopes = torch.zeros_like(base)
    for i in range(base.numel()):
        step = torch.zeros_like(base)
        step.view(-1)[i] = eps
        slopes.view(-1)[i] = (f(base + step) - f(base)) / eps
    return slopes

# %% mistake="numerical_gradient"
"""All slopes are exactly twice too large. From one point to the other it is a way of 2 `eps`, not `eps`."""
def numerical_gradient(f, w, eps=1e-5):
    base = w.double()
    slopes = torch.zeros_like(base)
    for i in range(base.numel()):
        step = torch.zeros_like(base)
        step.view(-1)[i] = eps
        slopes.view(-1)[i] = (f(base + step) - f(base - step)) / eps
    return slopes

# %% mistake="numerical_gradient"
"""`/ 2 * eps` divides by 2 and then *multiplies* by `eps`. Which brackets say "divided by twice eps"?"""
def numerical_gradient(f, w, eps=1e-5):
    base = w.double()
    slopes = torch.zeros_like(base)
    for i in range(base.numel()):
        step = torch.zeros_like(base)
        step.view(-1)[i] = eps
        slopes.view(-1)[i] = (f(base + step) - f(base - step)) / 2 * eps
    return slopes

# %% mistake="numerical_gradient"
"""You measured in float32. There 300 + 0.00001 is still 300, so the difference cancels to nothing. Make a float64 copy of `w` before you move it."""
def numerical_gradient(f, w, eps=1e-5):
    slopes = torch.zeros_like(w)
    for i in range(w.numel()):
        step = torch.zeros_like(w)
        step.view(-1)[i] = eps
        slopes.view(-1)[i] = (f(w + step) - f(w - step)) / (2 * eps)
    return slopes

# %% mistake="numerical_gradient"
"""You moved the caller's own tensor and did not put it back. `double()` copies nothing if `w` is float64 already: work on a clone."""
def numerical_gradient(f, w, eps=1e-5):
    point = w.double()
    slopes = torch.zeros_like(point)
    for i in range(point.numel()):
        value = point.view(-1)[i].item()
        point.view(-1)[i] = value + eps
        above = f(point)
        point.view(-1)[i] = value - eps
        below = f(point)
        slopes.view(-1)[i] = (above - below) / (2 * eps)
        if i < point.numel() - 1:
            point.view(-1)[i] = value
    return slopes

# %% mistake="numerical_gradient"
"""After measuring one parameter you left it moved while measuring the next. Each slope is taken at `w` itself: undo the move, or start from a fresh copy."""
def numerical_gradient(f, w, eps=1e-5):
    up, down = w.double().clone(), w.double().clone()
    slopes = torch.zeros_like(up)
    for i in range(up.numel()):
        up.view(-1)[i] += eps
        down.view(-1)[i] -= eps
        slopes.view(-1)[i] = (f(up) - f(down)) / (2 * eps)
    return slopes

# %% mistake="numerical_gradient"
"""You moved all parameters together and measured once. The gradient has one slope for each parameter, measured while the others stay."""
def numerical_gradient(f, w, eps=1e-5):
    base = w.double()
    slope = (f(base + eps) - f(base - eps)) / (2 * eps)
    return torch.full_like(base, slope.item())

# %% mistake="numerical_gradient"
"""You subtracted the point above from the point below, so every slope has the wrong sign: uphill has become downhill."""
def numerical_gradient(f, w, eps=1e-5):
    base = w.double()
    slopes = torch.zeros_like(base)
    for i in range(base.numel()):
        step = torch.zeros_like(base)
        step.view(-1)[i] = eps
        slopes.view(-1)[i] = (f(base - step) - f(base + step)) / (2 * eps)
    return slopes

# %% mistake="numerical_gradient"
"""Your slopes do not depend on the `eps` that was given: a fixed number stands in its place. The caller decides how far to move."""
def numerical_gradient(f, w, eps=1e-5):
    eps = 1e-5
    base = w.double()
    slopes = torch.zeros_like(base)
    for i in range(base.numel()):
        step = torch.zeros_like(base)
        step.view(-1)[i] = eps
        slopes.view(-1)[i] = (f(base + step) - f(base - step)) / (2 * eps)
    return slopes

# %% mistake="numerical_gradient"
"""You move by 1e-8 in float32: that is less than the last digit of `w`, so nothing moves at all and every slope is 0. Use the caller's `eps`, and float64."""
def numerical_gradient(f, w, eps=1e-8):
    base = w.float()
    slopes = torch.zeros_like(base)
    for i in range(base.numel()):
        step = torch.zeros_like(base)
        step.view(-1)[i] = 1e-8
        slopes.view(-1)[i] = (f(base + step) - f(base)) / 1e-8
    return slopes

# %% mistake="numerical_gradient"
"""The slopes are right, but they come as one flat row. A gradient has the shape of the parameters."""
def numerical_gradient(f, w, eps=1e-5):
    base = w.double().flatten()
    slopes = torch.zeros_like(base)
    for i in range(len(base)):
        up, down = base.clone(), base.clone()
        up[i] += eps
        down[i] -= eps
        slopes[i] = (f(up.reshape(w.shape)) - f(down.reshape(w.shape))) / (2 * eps)
    return slopes

# %% mistake="numerical_gradient"
"""You moved a whole row of `w` at a time. With more than one axis `w[i]` is a row; every single number needs its own slope."""
def numerical_gradient(f, w, eps=1e-5):
    base = w.double()
    slopes = torch.zeros_like(base)
    for i in range(len(base)):
        up, down = base.clone(), base.clone()
        up[i] += eps
        down[i] -= eps
        slopes[i] = (f(up) - f(down)) / (2 * eps)
    return slopes

# %% mistake="numerical_gradient"
"""Your answer is a list of numbers. A step needs to subtract it from `w`, so make it a tensor of w's shape."""
def numerical_gradient(f, w, eps=1e-5):
    base = w.double().flatten()
    slopes = []
    for i in range(len(base)):
        up, down = base.clone(), base.clone()
        up[i] += eps
        down[i] -= eps
        slopes.append(float(f(up.reshape(w.shape)) - f(down.reshape(w.shape))) / (2 * eps))
    return slopes

# %% mistake="numerical_gradient"
"""You moved whole rows of `w` and kept one slope for each. With more than one axis `w[i]` is a row; every single number needs its own slope."""
def numerical_gradient(f, w, eps=1e-5):
    slopes = []
    for i in range(len(w)):
        up, down = w.double().clone(), w.double().clone()
        up[i] += eps
        down[i] -= eps
        slopes.append((f(up) - f(down)) / (2 * eps))
    return torch.stack(slopes)

# %% mistake="numerical_gradient"
"""Every slope came out as 0. Are your two points one and the same tensor? `up = w` gives it a second name and copies nothing, so moving it up and down again brings it back. Each point needs a copy of its own."""
def numerical_gradient(f, w, eps=1e-5):
    base = w.double()
    slopes = torch.zeros_like(base)
    for i in range(base.numel()):
        up = base
        up.view(-1)[i] += eps
        down = base
        down.view(-1)[i] -= eps
        slopes.view(-1)[i] = (f(up) - f(down)) / (2 * eps)
    return slopes

# %% mistake="numerical_gradient"
"""Autograd computes the gradient; here it is to be measured. A measurement is worth having because it shares nothing with what it tests."""
def numerical_gradient(f, w, eps=1e-5):
    leaf = w.detach().double().requires_grad_()
    return torch.autograd.grad(f(leaf), leaf)[0]

# %% right="numerical_gradient"
"""one entry moved to both sides and put back, on a copy"""
def numerical_gradient(f, w, eps=1e-5):
    point = w.detach().clone().to(torch.double)
    flat, slopes = point.view(-1), []
    for i in range(flat.numel()):
        flat[i] += eps
        above = f(point).item()
        flat[i] -= 2 * eps
        below = f(point).item()
        flat[i] += eps
        slopes.append((above - below) / (2 * eps))
    return torch.tensor(slopes, dtype=torch.float64).view_as(w)

# %% right="numerical_gradient"
"""all directions at once, with vmap"""
def numerical_gradient(f, w, eps=1e-5):
    moves = eps * torch.eye(w.numel(), dtype=torch.float64).view(-1, *w.shape)
    return torch.vmap(lambda move: (f(w + move) - f(w - move)) / (2 * eps))(moves).view(w.shape)

# %% [markdown]
# ## `gradient_step`

# %% right="gradient_step"
"""torch.sub with a factor"""
def gradient_step(w, grad, lr):
    return torch.sub(w, grad, alpha=lr)

# %% right="gradient_step"
"""in place, on a clone"""
def gradient_step(w, grad, lr):
    new = w.clone()
    new -= lr * grad
    return new

# %% right="gradient_step"
"""plus a negative step"""
def gradient_step(w, grad, lr):
    step = -lr * grad
    return w + step

# %% right="gradient_step"
"""entry by entry"""
def gradient_step(w, grad, lr):
    new = [a - lr * b for a, b in zip(w.flatten().tolist(), grad.flatten().tolist())]
    return torch.tensor(new).reshape(w.shape)

# %% right="gradient_step"
"""PyTorch's own step, on a copy"""
def gradient_step(w, grad, lr):
    new = w.detach().clone()
    new.grad = grad.clone()
    torch.optim.SGD([new], lr=lr).step()
    return new

# %% right="gradient_step"
"""in float64"""
def gradient_step(w, grad, lr):
    return w.double() - lr * grad.double()

# %% mistake="gradient_step"
"""You added the gradient. It points uphill, so this step makes the loss grow."""
def gradient_step(w, grad, lr):
    return w + lr * grad

# %% mistake="gradient_step"
"""You changed the caller's tensor in place: a second step from there starts at another point. Return a new tensor."""
def gradient_step(w, grad, lr):
    w -= lr * grad
    return w

# %% mistake="gradient_step"
"""You changed the caller's gradient in place by multiplying it with the learning rate. Whoever uses it next gets another one."""
def gradient_step(w, grad, lr):
    grad *= lr
    return w - grad

# %% mistake="gradient_step"
"""You changed `w` in place and returned nothing. The caller's tensor should stay, and the new point come back."""
def gradient_step(w, grad, lr):
    w.sub_(lr * grad)

# %% mistake="gradient_step"
"""You returned the step itself. Asked for is the point where it leads."""
def gradient_step(w, grad, lr):
    return -lr * grad

# %% mistake="gradient_step"
"""The learning rate is missing: you took the whole gradient as a step."""
def gradient_step(w, grad, lr):
    return w - grad

# %% mistake="gradient_step"
"""You scaled `w` as well. The learning rate is the length of the step; it belongs to the gradient only."""
def gradient_step(w, grad, lr):
    return lr * (w - grad)

# %% mistake="gradient_step"
"""You made the gradient one unit long first. Then every step has the same length, and near the minimum it jumps past it. Steep ground should give a long step, flat ground a short one."""
def gradient_step(w, grad, lr):
    return w - lr * grad / grad.norm()

# %% mistake="gradient_step"
"""You used only the sign of the gradient. Its size matters too: it makes steps shorter near the minimum."""
def gradient_step(w, grad, lr):
    return w - lr * grad.sign()

# %% mistake="gradient_step"
"""`w` and the gradient have changed places."""
def gradient_step(w, grad, lr):
    return grad - lr * w

# %% mistake="gradient_step"
"""You divided by the learning rate: a smaller rate would then make longer steps."""
def gradient_step(w, grad, lr):
    return w - grad / lr

# %% mistake="gradient_step"
"""The brackets stand around the wrong part: the gradient is multiplied with `lr`, then subtracted from `w`."""
def gradient_step(w, grad, lr):
    return (w - lr) * grad

# %% mistake="gradient_step"
"""You multiplied `w` by what should be subtracted from it: the step does not depend on the size of `w`."""
def gradient_step(w, grad, lr):
    return w * (1 - lr * grad)

# %% mistake="gradient_step"
"""You squared the gradient. Its sign says which way is up: a square has forgotten it."""
def gradient_step(w, grad, lr):
    return w - lr * grad**2

# %% mistake="gradient_step"
"""You returned more than the new point. Asked for is one tensor."""
def gradient_step(w, grad, lr):
    return w - lr * grad, grad

# %% [markdown]
# ## `gradient_descent`

# %% right="gradient_descent"
"""a new tensor per step, cloned into a list"""
def gradient_descent(gradient, start, lr, steps):
    w = start.clone()
    points = [w.clone()]
    for _ in range(steps):
        w -= lr * gradient(w)
        points.append(w.clone())
    return torch.stack(points, dim=0)

# %% right="gradient_descent"
"""a table with a row per point, filled"""
def gradient_descent(gradient, start, lr, steps):
    path = torch.zeros(steps + 1, *start.shape, dtype=start.dtype)
    path[0] = start
    for k in range(1, steps + 1):
        path[k] = path[k - 1] - lr * gradient(path[k - 1])
    return path

# %% right="gradient_descent"
"""accumulate, from the standard library"""
from itertools import accumulate

def gradient_descent(gradient, start, lr, steps):
    points = accumulate(range(steps), lambda w, _: w - lr * gradient(w), initial=start)
    return torch.stack(list(points))

# %% right="gradient_descent"
"""recursion: the path to here, and one more point"""
def gradient_descent(gradient, start, lr, steps):
    if steps == 0:
        return start[None]
    path = gradient_descent(gradient, start, lr, steps - 1)
    return torch.cat([path, (path[-1] - lr * gradient(path[-1]))[None]])

# %% right="gradient_descent"
"""PyTorch's own gradient descent, on a copy"""
def gradient_descent(gradient, start, lr, steps):
    w = start.detach().clone()
    optimizer = torch.optim.SGD([w], lr=lr)
    points = [w.clone()]
    for _ in range(steps):
        w.grad = gradient(w)
        optimizer.step()
        points.append(w.clone())
    return torch.stack(points)

# %% right="gradient_descent"
"""plain lists of numbers, one tensor at the end"""
def gradient_descent(gradient, start, lr, steps):
    w, points = start, [start.tolist()]
    for _ in range(steps):
        w = torch.sub(w, gradient(w), alpha=lr)
        points.append(w.tolist())
    return torch.tensor(points)

# %% mistake="gradient_descent"
"""You computed the gradient once, before the loop: all steps go the same way. It must be taken afresh at every point."""
def gradient_descent(gradient, start, lr, steps):
    slope = gradient(start)
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - lr * slope)
    return torch.stack(path)

# %% mistake="gradient_descent"
"""Your loop takes the gradient at `start` again and again, though the walk has moved on. Which point are you standing on?"""
def gradient_descent(gradient, start, lr, steps):
    w = start
    path = [w]
    for _ in range(steps):
        w = start - lr * gradient(w)
        path.append(w)
    return torch.stack(path)

# %% mistake="gradient_descent"
"""The walk goes uphill: the step is taken along the gradient, not against it."""
def gradient_descent(gradient, start, lr, steps):
    path = [start]
    for _ in range(steps):
        path.append(path[-1] + lr * gradient(path[-1]))
    return torch.stack(path)

# %% mistake="gradient_descent"
"""The start is missing from the path: `steps` steps visit `steps + 1` points."""
def gradient_descent(gradient, start, lr, steps):
    w = start
    path = []
    for _ in range(steps):
        w = w - lr * gradient(w)
        path.append(w)
    return torch.stack(path)

# %% mistake="gradient_descent"
"""The last point is missing: you note where you are *before* each step, and never after the last one."""
def gradient_descent(gradient, start, lr, steps):
    w = start
    path = []
    for _ in range(steps):
        path.append(w)
        w = w - lr * gradient(w)
    return torch.stack(path)

# %% mistake="gradient_descent"
"""You took one step too many. How many points do `steps` steps visit, counting the start?"""
def gradient_descent(gradient, start, lr, steps):
    path = [start]
    for _ in range(steps + 1):
        path.append(path[-1] - lr * gradient(path[-1]))
    return torch.stack(path)

# %% mistake="gradient_descent"
"""You returned only the end of the walk. Asked for is every point, from the start on."""
def gradient_descent(gradient, start, lr, steps):
    w = start
    for _ in range(steps):
        w = w - lr * gradient(w)
    return w

# %% mistake="gradient_descent"
"""All points of your path are one and the same tensor, changed in place at each step; and the caller's `start` changed with it. Each step should make a new tensor."""
def gradient_descent(gradient, start, lr, steps):
    w = start
    path = [w]
    for _ in range(steps):
        w -= lr * gradient(w)
        path.append(w)
    return torch.stack(path)

# %% mistake="gradient_descent"
"""`start` is no longer where it was: you walked with the caller's own tensor. Clone it first."""
def gradient_descent(gradient, start, lr, steps):
    w = start
    path = [w.clone()]
    for _ in range(steps):
        w -= lr * gradient(w)
        path.append(w.clone())
    return torch.stack(path)

# %% mistake="gradient_descent"
"""Your path is a list of tensors. Stack them into one tensor with a row for each point."""
def gradient_descent(gradient, start, lr, steps):
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - lr * gradient(path[-1]))
    return path

# %% mistake="gradient_descent"
"""The points stand one behind the other in a single row. `torch.cat` joins ends; `torch.stack` puts each point in a row of its own."""
def gradient_descent(gradient, start, lr, steps):
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - lr * gradient(path[-1]))
    return torch.cat(path)

# %% mistake="gradient_descent"
"""The walk ends after its first step. Does the `return` stand inside the loop?"""
def gradient_descent(gradient, start, lr, steps):
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - lr * gradient(path[-1]))
        return torch.stack(path)
    return torch.stack(path)

# %% mistake="gradient_descent"
"""The learning rate is missing: you take the whole gradient as a step."""
def gradient_descent(gradient, start, lr, steps):
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - gradient(path[-1]))
    return torch.stack(path)

# %% mistake="gradient_descent"
"""Every point of your path is the same tensor: it was changed in place, and the list holds it again and again.
Let each step make a new one."""


def gradient_descent(gradient, start, lr, steps):
    w = start.clone()
    path = [w]
    for _ in range(steps):
        w -= lr * gradient(w)
        path.append(w)
    return torch.stack(path)

# %% mistake="gradient_descent"
"""Every step begins at the start again, so the path has two different points. A step begins where the last one
ended."""


def gradient_descent(gradient, start, lr, steps):
    path = [start]
    for _ in range(steps):
        path.append(start - lr * gradient(start))
    return torch.stack(path)

# %% mistake="gradient_descent"
"""You collected the gradients. The path consists of the *points*."""
def gradient_descent(gradient, start, lr, steps):
    w, path = start, [start]
    for _ in range(steps):
        g = gradient(w)
        w = w - lr * g
        path.append(g)
    return torch.stack(path)

# %% mistake="gradient_descent"
"""Your learning rate shrinks from step to step. Here it stays what it is: steps get shorter because the gradient does."""
def gradient_descent(gradient, start, lr, steps):
    path = [start]
    for step in range(steps):
        path.append(path[-1] - lr / (step + 1) * gradient(path[-1]))
    return torch.stack(path)

# %% mistake="gradient_descent"
"""You noted each point before its step was taken: the start stands there twice, and the last point is missing."""
def gradient_descent(gradient, start, lr, steps):
    w, path = start, [start]
    for _ in range(steps):
        path.append(w)
        w = w - lr * gradient(w)
    return torch.stack(path)

# %% mistake="gradient_descent"
"""You made the gradient one unit long, so every step has the same length. Steep ground should give a long step, flat ground a short one."""
def gradient_descent(gradient, start, lr, steps):
    path = [start]
    for _ in range(steps):
        g = gradient(path[-1])
        path.append(path[-1] - lr * g / g.norm())
    return torch.stack(path)

# %% [markdown]
# ## `linear_regression_gradients`

# %% right="linear_regression_gradients"
"""a loop over the rows"""
def linear_regression_gradients(X, y, w, b):
    n = X.shape[0]
    grad_w, grad_b = torch.zeros_like(w), torch.zeros_like(b)
    for i in range(n):
        error = (X[i] * w).sum() + b - y[i]
        grad_w = grad_w + 2 * error * X[i] / n
        grad_b = grad_b + 2 * error / n
    return grad_w, grad_b

# %% right="linear_regression_gradients"
"""einsum"""
def linear_regression_gradients(X, y, w, b):
    errors = torch.einsum("nd,d->n", X, w) + b - y
    return torch.einsum("n,nd->d", errors, X) * (2 / len(X)), errors.sum() * (2 / len(X))

# %% right="linear_regression_gradients"
"""errors as a column, broadcast over the rows, and a mean"""
def linear_regression_gradients(X, y, w, b):
    residual = y - (X.matmul(w) + b)
    grad_w = (-2 * residual.unsqueeze(1) * X).mean(dim=0)
    grad_b = torch.mean(-2 * residual)
    return [grad_w, grad_b]

# %% right="linear_regression_gradients"
"""the bias as one more column of ones"""
def linear_regression_gradients(X, y, w, b):
    n, d = X.shape
    wide = torch.cat([X, torch.ones(n, 1)], dim=1)
    both = torch.cat([w, b.reshape(1)])
    grad = 2 / n * wide.T @ (wide @ both - y)
    return grad[:d], grad[d]

# %% right="linear_regression_gradients"
"""everything as columns, flattened at the end"""
def linear_regression_gradients(X, y, w, b):
    error = X @ w.view(-1, 1) + b - y.view(-1, 1)
    return (2 * X.T @ error / X.size(0)).squeeze(1), 2 * error.mean()

# %% right="linear_regression_gradients"
"""column by column, in float64"""
def linear_regression_gradients(X, y, w, b):
    X, y, w, b = X.double(), y.double(), w.double(), b.double()
    func = X @ w + b
    grad_w = torch.zeros_like(w)
    for j in range(w.shape[0]):
        grad_w[j] = (2 * (func - y) * X[:, j]).mean()
    return grad_w, (2 * (func - y)).mean()

# %% right="linear_regression_gradients"
"""errors from the left, through a linear layer's function"""
def linear_regression_gradients(X, y, w, b):
    errors = F.linear(X, w[None], b[None]).squeeze(-1) - y
    return 2 * errors @ X / len(y), 2 * torch.mean(errors)

# %% mistake="linear_regression_gradients"
"""You added the slopes of the rows; the loss is their *mean*. Without dividing by n, twice the data would need half the learning rate."""
def linear_regression_gradients(X, y, w, b):
    errors = X @ w + b - y
    return 2 * X.T @ errors, 2 * errors.sum()

# %% mistake="linear_regression_gradients"
"""The factor 2 of the square is missing: the slope of e² is 2e. You would train at half speed."""
def linear_regression_gradients(X, y, w, b):
    errors = X @ w + b - y
    return X.T @ errors / len(y), errors.mean()

# %% mistake="linear_regression_gradients"
"""Both the factor 2 and the division by n are missing: this is the gradient of half the *sum* of the squares."""
def linear_regression_gradients(X, y, w, b):
    errors = X @ w + b - y
    return X.T @ errors, errors.sum()

# %% mistake="linear_regression_gradients"
"""You took the mean for `b` but the sum for `w`. Both are slopes of the same mean."""
def linear_regression_gradients(X, y, w, b):
    errors = X @ w + b - y
    return 2 * X.T @ errors, 2 * errors.mean()

# %% mistake="linear_regression_gradients"
"""The gradient for `w` is a mean, the one for `b` is still a sum over the rows. Both are slopes of the same mean."""
def linear_regression_gradients(X, y, w, b):
    errors = X @ w + b - y
    return 2 * X.T @ errors / len(y), 2 * errors.sum()

# %% mistake="linear_regression_gradients"
"""You moved `w` before you took the slope for `b`. Both slopes belong to the same point: compute all gradients first, then update."""
def linear_regression_gradients(X, y, w, b):
    grad_w = 2 * X.T @ (X @ w + b - y) / len(y)
    w = w - 0.1 * grad_w
    return grad_w, 2 * (X @ w + b - y).mean()

# %% mistake="linear_regression_gradients"
"""You updated the caller's `w` and `b` in here. This function only measures the slopes; the step comes later."""
def linear_regression_gradients(X, y, w, b):
    errors = X @ w + b - y
    grad_w, grad_b = 2 * X.T @ errors / len(y), 2 * errors.mean()
    w -= 0.1 * grad_w
    b -= 0.1 * grad_b
    return grad_w, grad_b

# %% mistake="linear_regression_gradients"
"""The sign is turned round: the error is prediction minus target. With yours the usual step against the gradient goes uphill."""
def linear_regression_gradients(X, y, w, b):
    errors = y - (X @ w + b)
    return 2 * X.T @ errors / len(y), 2 * errors.mean()

# %% mistake="linear_regression_gradients"
"""The bias is missing from the prediction."""
def linear_regression_gradients(X, y, w, b):
    errors = X @ w - y
    return 2 * X.T @ errors / len(y), 2 * errors.mean()

# %% mistake="linear_regression_gradients"
"""You took the mean over rows *and* columns for `w`. Each weight has a slope of its own, a mean over the n rows only."""
def linear_regression_gradients(X, y, w, b):
    errors = X @ w + b - y
    return (2 * errors.unsqueeze(1) * X).mean(), 2 * errors.mean()

# %% mistake="linear_regression_gradients"
"""You divided by the number of entries of `X`. The mean goes over the n rows."""
def linear_regression_gradients(X, y, w, b):
    errors = X @ w + b - y
    return 2 * X.T @ errors / X.numel(), 2 * errors.mean()

# %% mistake="linear_regression_gradients"
"""You divided by the number of columns, not by the number of rows. Which axis of `X` counts the examples?"""
def linear_regression_gradients(X, y, w, b):
    errors = X @ w + b - y
    return 2 * X.T @ errors / X.shape[1], 2 * errors.sum() / X.shape[1]

# %% mistake="linear_regression_gradients"
"""A column (n, 1) minus a row (n,) is a whole table (n, n): every prediction was compared with every target. Bring both to the same shape first."""
def linear_regression_gradients(X, y, w, b):
    errors = X @ w.reshape(-1, 1) + b - y
    return (2 * X.T @ errors).sum(1) / errors.numel(), 2 * errors.mean()

# %% mistake="linear_regression_gradients"
"""The errors are not squared here: this is the slope of the mean *absolute* error, where only their sign counts."""
def linear_regression_gradients(X, y, w, b):
    signs = (X @ w + b - y).sign()
    return X.T @ signs / len(y), signs.mean()

# %% mistake="linear_regression_gradients"
"""The matrix product was applied to `X` instead of its transpose, so (n, d) meets (n,). The sum goes over the rows: which axis must the product use up?"""
def linear_regression_gradients(X, y, w, b):
    errors = X @ w + b - y
    return 2 * X @ errors / len(y), 2 * errors.mean()

# %% mistake="linear_regression_gradients"
"""What comes back is `None`. A function hands its answer to the caller with `return`, on every path; printing shows it and no more. Return both gradients, the one for `w` first."""
def linear_regression_gradients(X, y, w, b):
    errors = X @ w + b - y
    print(2 * X.T @ errors / len(y), 2 * errors.mean())

# %% mistake="linear_regression_gradients"
"""You returned the gradient for `b` first. Asked for are `w`, then `b`."""
def linear_regression_gradients(X, y, w, b):
    errors = X @ w + b - y
    return 2 * errors.mean(), 2 * X.T @ errors / len(y)

# %% mistake="linear_regression_gradients"
"""You multiplied the mean error with the mean row. The mean comes after the product: each row counts with its own error."""
def linear_regression_gradients(X, y, w, b):
    errors = X @ w + b - y
    return 2 * X.mean(dim=0) * errors.mean(), 2 * errors.mean()

# %% mistake="linear_regression_gradients"
"""The errors are still squared. The slope of e² is 2e: after differentiating the square is gone."""
def linear_regression_gradients(X, y, w, b):
    errors = (X @ w + b - y) ** 2
    return 2 * X.T @ errors / len(y), 2 * errors.mean()


# %% mistake="linear_regression_gradients"
"""Autograd."""
def linear_regression_gradients(X, y, w, b):
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    ((X @ w + b - y) ** 2).mean().backward()
    return w.grad, b.grad

# %% mistake="linear_regression_gradients"
"""The gradient for `w` is right; the one for `b` lacks the factor 2 of the square."""


def linear_regression_gradients(X, y, w, b):
    r = X @ w + b - y
    return 2 * (X * r[:, None]).mean(0), r.mean()

# %% mistake="linear_regression_gradients"
"""The gradient for `b` still has an entry for each row. One number is added to all predictions, so their
slopes are averaged into one."""


def linear_regression_gradients(X, y, w, b):
    r = X @ w + b - y
    return 2 * X.T @ r / len(y), 2 * r / len(y)

# %% mistake="linear_regression_gradients"
"""You multiplied `X` and `w` element by element and did not add up: the errors are a table, and there should be one for each row. `X @ w` multiplies and adds."""
def linear_regression_gradients(X, y, w, b):
    e = X * w + b - y
    return 2 * (X * e).mean(0), 2 * e.mean()

# %% mistake="linear_regression_gradients"
"""The gradient for `w` was built from the targets. Each row counts with its *error*."""
def linear_regression_gradients(X, y, w, b):
    e = X @ w + b - y
    return 2 * X.T @ y / len(y), 2 * e.mean()

# %% mistake="linear_regression_gradients"
"""The factor 2 of the square is in there twice for `w` and for `b`: once is enough."""
def linear_regression_gradients(X, y, w, b):
    e = 2 * (X @ w + b - y)
    return 2 * X.T @ e / len(y), 2 * e.mean()

# %% [markdown]
# ## `judge_curve`

# %% right="judge_curve"
"""with tensors"""
def judge_curve(losses):
    curve = torch.tensor(losses)
    start, end = curve[:5].mean(), curve[-5:].mean()
    if not torch.isfinite(curve).all() or end > start:
        return "diverging"
    late = curve[len(curve) // 2 :]
    if late.max() - late.min() > 0.5 * start:
        return "oscillating"
    if end > 0.9 * start:
        return "slow"
    return "good"

# %% right="judge_curve"
"""sorted halves, and one test after the other"""
def judge_curve(losses):
    if any(math.isnan(loss) or math.isinf(loss) for loss in losses):
        return "diverging"
    first, last = math.fsum(losses[:5]), math.fsum(losses[-5:])
    late = sorted(losses[len(losses) // 2 :])
    if last > first:
        return "diverging"
    if 10 * (late[-1] - late[0]) > first:
        return "oscillating"
    return "slow" if 10 * last > 9 * first else "good"

# %% right="judge_curve"
"""NumPy, from the best news to the worst"""
import numpy as np

def judge_curve(losses):
    curve = np.array(losses)
    start, end = np.mean(curve[:5]), np.mean(curve[-5:])
    verdict = "good" if end <= 0.9 * start else "slow"
    if np.ptp(curve[len(curve) // 2 :]) > start / 2:
        verdict = "oscillating"
    if end > start or not np.isfinite(curve).all():
        verdict = "diverging"
    return verdict

# %% right="judge_curve"
"""one loop after the other, and NaN as the number that differs from itself"""
def judge_curve(losses):
    start = end = 0
    for i in range(5):
        start += losses[i] / 5
        end += losses[len(losses) - 1 - i] / 5
    for loss in losses:
        if loss != loss or loss == math.inf:
            return "diverging"
    if end > start:
        return "diverging"
    low, high = math.inf, 0
    for loss in losses[round(len(losses) / 2) :]:
        low, high = min(low, loss), max(high, loss)
    if high - low > 0.5 * start:
        return "oscillating"
    return "slow" if (start - end) / start < 0.1 else "good"

# %% mistake="judge_curve"
"""You looked for swings in the last two thirds. The second half begins in the middle: what swung before and settled since is over."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    late = losses[len(losses) // 3 :]
    if not all(math.isfinite(loss) for loss in losses) or end > start:
        return "diverging"
    if max(late) - min(late) > start / 2:
        return "oscillating"
    return "slow" if end > 0.9 * start else "good"

# %% mistake="judge_curve"
"""You measured the swings against `end`, which is small when training goes well. The rule measures them against half of `start`."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    late = losses[len(losses) // 2 :]
    if not all(math.isfinite(loss) for loss in losses) or end > start:
        return "diverging"
    if max(late) - min(late) > end / 2:
        return "oscillating"
    return "slow" if end > 0.9 * start else "good"

# %% mistake="judge_curve"
"""You compared only the first and the last loss. A single update may be lucky or unlucky: take means over five."""
def judge_curve(losses):
    start, end = losses[0], losses[-1]
    late = losses[len(losses) // 2 :]
    if not all(math.isfinite(loss) for loss in losses) or end > start:
        return "diverging"
    if max(late) - min(late) > start / 2:
        return "oscillating"
    return "slow" if end > 0.9 * start else "good"

# %% mistake="judge_curve"
"""NaN slipped through. Every comparison with NaN is false, so no rule with `>` ever sees it: ask for it explicitly."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    late = losses[len(losses) // 2 :]
    if end > start:
        return "diverging"
    if max(late) - min(late) > start / 2:
        return "oscillating"
    return "slow" if end > 0.9 * start else "good"

# %% mistake="judge_curve"
"""You looked for NaN and forgot infinity: a loss can also overflow."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    late = losses[len(losses) // 2 :]
    if any(math.isnan(loss) for loss in losses) or end > start:
        return "diverging"
    if max(late) - min(late) > start / 2:
        return "oscillating"
    return "slow" if end > 0.9 * start else "good"

# %% mistake="judge_curve"
"""An infinite loss is noticed, NaN is not. NaN equals nothing, not even itself, and is larger than nothing: ask for it with `math.isnan` or `math.isfinite`."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    late = losses[len(losses) // 2 :]
    if any(math.isinf(loss) for loss in losses) or end > start:
        return "diverging"
    if max(late) - min(late) > start / 2:
        return "oscillating"
    return "slow" if end > 0.9 * start else "good"

# %% mistake="judge_curve"
"""You asked for swings first. A curve that swings *and* climbs is diverging: the first rule that fits decides."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    late = losses[len(losses) // 2 :]
    if max(late) - min(late) > start / 2:
        return "oscillating"
    if not all(math.isfinite(loss) for loss in losses) or end > start:
        return "diverging"
    return "slow" if end > 0.9 * start else "good"

# %% mistake="judge_curve"
"""You measured the swings over the whole curve, so the fall at the beginning, which is progress, counts as a swing. Look at the second half."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    if not all(math.isfinite(loss) for loss in losses) or end > start:
        return "diverging"
    if max(losses) - min(losses) > start / 2:
        return "oscillating"
    return "slow" if end > 0.9 * start else "good"

# %% mistake="judge_curve"
"""You counted how often the loss rises. With noise it rises in half of all updates even when training goes well: what matters is how *large* the swings are."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    if not all(math.isfinite(loss) for loss in losses) or end > start:
        return "diverging"
    rises = sum(b > a for a, b in zip(losses, losses[1:]))
    if rises > len(losses) / 4:
        return "oscillating"
    return "slow" if end > 0.9 * start else "good"

# %% mistake="judge_curve"
"""For you any rise is divergence. A curve with noise goes up now and then; compare its two ends."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    if any(not b <= a for a, b in zip(losses, losses[1:])):
        return "diverging"
    return "slow" if end > 0.9 * start else "good"

# %% mistake="judge_curve"
"""No swing was noticed. Between good and diverging lies a learning rate at which the loss jumps up and down: ask whether the highest loss of the second half minus the lowest is more than half of the start."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    if not all(math.isfinite(loss) for loss in losses) or end > start:
        return "diverging"
    return "slow" if end > 0.9 * start else "good"

# %% mistake="judge_curve"
"""A curve that has hardly fallen is not diverging. Diverging means that the loss ends higher than it began, or is no number any more; a small fall is slow."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    late = losses[len(losses) // 2 :]
    if not all(math.isfinite(loss) for loss in losses) or end > 0.9 * start:
        return "diverging"
    return "oscillating" if max(late) - min(late) > start / 2 else "good"

# %% mistake="judge_curve"
"""You took `0.9` the wrong way round: "slow" means that 90 % of the loss is still *there*, not that 90 % is gone."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    late = losses[len(losses) // 2 :]
    if not all(math.isfinite(loss) for loss in losses) or end > start:
        return "diverging"
    if max(late) - min(late) > start / 2:
        return "oscillating"
    return "slow" if end < 0.9 * start else "good"

# %% mistake="judge_curve"
"""You measured progress down to the *lowest* loss. One lucky update, or one deep swing, is not where training ended."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, min(losses)
    late = losses[len(losses) // 2 :]
    if not all(math.isfinite(loss) for loss in losses) or end > start:
        return "diverging"
    if max(late) - min(late) > start / 2:
        return "oscillating"
    return "slow" if end > 0.9 * start else "good"

# %% mistake="judge_curve"
"""The four answers are written in small letters, exactly as in the description: "slow", "good", "oscillating", "diverging"."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    late = losses[len(losses) // 2 :]
    if not all(math.isfinite(loss) for loss in losses) or end > start:
        return "Diverging"
    if max(late) - min(late) > start / 2:
        return "Oscillating"
    return "Slow" if end > 0.9 * start else "Good"

# %% mistake="judge_curve"
"""What comes back is `None`. A function hands its answer to the caller with `return`, on every path; printing shows it and no more."""
def judge_curve(losses):
    print("good")

# %% [markdown]
# ## `minibatches`

# %% right="minibatches"
"""slices of a shuffled deck, in a list"""
def minibatches(n, batch_size, generator):
    order = torch.randperm(n, generator=generator)
    return [order[start : start + batch_size] for start in range(0, n, batch_size)]

# %% right="minibatches"
"""random keys, sorted"""
def minibatches(n, batch_size, generator):
    keys = torch.rand(n, generator=generator, dtype=torch.float64)
    return torch.split(keys.argsort(), batch_size)

# %% right="minibatches"
"""plain lists of numbers, one batch at a time"""
def minibatches(n, batch_size, generator):
    rest = torch.randperm(n, generator=generator).tolist()
    while rest:
        batch, rest = rest[:batch_size], rest[batch_size:]
        yield torch.tensor(batch)

# %% right="minibatches"
"""a DataLoader over the indices"""
def minibatches(n, batch_size, generator):
    return torch.utils.data.DataLoader(range(n), batch_size=batch_size, shuffle=True, generator=generator)

# %% right="minibatches"
"""samplers, whose lists become tensors"""
from torch.utils.data import BatchSampler, RandomSampler

def minibatches(n, batch_size, generator):
    batches = BatchSampler(RandomSampler(range(n), generator=generator), batch_size, drop_last=False)
    return map(torch.tensor, batches)

# %% right="minibatches"
"""cards exchanged by hand (Fisher and Yates)"""
def minibatches(n, batch_size, generator):
    deck = list(range(n))
    for last in range(n - 1, 0, -1):
        other = torch.randint(last + 1, (), generator=generator).item()
        deck[last], deck[other] = deck[other], deck[last]
    for start in range(0, n, batch_size):
        yield torch.tensor(deck[start : start + batch_size])

# %% right="minibatches"
"""hand after hand, drawn from what is left"""
def minibatches(n, batch_size, generator):
    left = torch.arange(n)
    while len(left):
        hand = torch.ones(len(left)).multinomial(min(batch_size, len(left)), generator=generator)
        yield left[hand]
        kept = torch.ones(len(left), dtype=torch.bool)
        kept[hand] = False
        left = left[kept]

# %% right="minibatches"
"""Python's own shuffle, seeded with a number from the generator"""
import random

def minibatches(n, batch_size, generator):
    deck = list(range(n))
    random.Random(torch.randint(2**31, (), generator=generator).item()).shuffle(deck)
    return tuple(torch.tensor(deck[start : start + batch_size]) for start in range(0, n, batch_size))

# %% mistake="minibatches"
"""The last, smaller batch is missing. Its images would not be seen in this epoch."""
def minibatches(n, batch_size, generator):
    order = torch.randperm(n, generator=generator)
    for k in range(n // batch_size):
        yield order[k * batch_size : (k + 1) * batch_size]

# %% mistake="minibatches"
"""You count one batch too many when the last one is full: it comes out empty."""
def minibatches(n, batch_size, generator):
    order = torch.randperm(n, generator=generator)
    for k in range(n // batch_size + 1):
        yield order[k * batch_size : (k + 1) * batch_size]

# %% mistake="minibatches"
"""The order is always 0, 1, 2, …: nothing was shuffled."""
def minibatches(n, batch_size, generator):
    return torch.arange(n).split(batch_size)

# %% mistake="minibatches"
"""You drew with replacement: some indices come several times, others not at all. A shuffled deck has every card once."""
def minibatches(n, batch_size, generator):
    return torch.randint(n, (n,), generator=generator).split(batch_size)

# %% mistake="minibatches"
"""You shuffle anew for every batch, so an index can come in several of them. One shuffle per epoch, then deal it out."""
def minibatches(n, batch_size, generator):
    for start in range(0, n, batch_size):
        yield torch.randperm(n, generator=generator)[: min(batch_size, n - start)]

# %% mistake="minibatches"
"""You did not use the generator that was handed over: your order comes from other random numbers, and nobody can repeat it."""
def minibatches(n, batch_size, generator):
    return torch.randperm(n).split(batch_size)

# %% mistake="minibatches"
"""You seed the generator inside the function: every epoch gets the same order, whatever the caller's seed."""
def minibatches(n, batch_size, generator):
    generator.manual_seed(0)
    return torch.randperm(n, generator=generator).split(batch_size)

# %% mistake="minibatches"
"""You go back to the generator's own seed, so every epoch of a run has the same order. Let the generator go on."""
def minibatches(n, batch_size, generator):
    own = torch.Generator().manual_seed(generator.initial_seed())
    return torch.randperm(n, generator=own).split(batch_size)

# %% mistake="minibatches"
"""You shuffled the batches, not the indices: the same neighbours always come together. Shuffle first, then cut."""
def minibatches(n, batch_size, generator):
    batches = torch.arange(n).split(batch_size)
    return [batches[k] for k in torch.randperm(len(batches), generator=generator)]

# %% mistake="minibatches"
"""You shuffled only within each batch: its members are always the same. Shuffle first, then cut."""
def minibatches(n, batch_size, generator):
    for batch in torch.arange(n).split(batch_size):
        yield batch[torch.randperm(len(batch), generator=generator)]

# %% mistake="minibatches"
"""`chunk` takes the *number* of pieces. Asked for is their size."""
def minibatches(n, batch_size, generator):
    return torch.randperm(n, generator=generator).chunk(batch_size)

# %% mistake="minibatches"
"""You filled up the last batch with indices that had their turn already. It may be smaller."""
def minibatches(n, batch_size, generator):
    order = torch.randperm(n, generator=generator)
    order = torch.cat([order, order[: -n % batch_size]]) if batch_size < n else order
    return order.split(batch_size)

# %% mistake="minibatches"
"""Your batches overlap: the next one must begin where the last one ended, `batch_size` further on."""
def minibatches(n, batch_size, generator):
    order = torch.randperm(n, generator=generator)
    for start in range(n):
        yield order[start : start + batch_size]

# %% mistake="minibatches"
"""Only the first batch comes out. Does a `return` end the loop? Use `yield`, or collect the batches in a list."""
def minibatches(n, batch_size, generator):
    order = torch.randperm(n, generator=generator)
    for start in range(0, n, batch_size):
        return order[start : start + batch_size]

# %% mistake="minibatches"
"""You return the whole shuffled deck. Cut it into batches."""
def minibatches(n, batch_size, generator):
    return torch.randperm(n, generator=generator)[None]

# %% mistake="minibatches"
"""What comes back is `None`. Return the batches, or yield them one by one."""
def minibatches(n, batch_size, generator):
    torch.randperm(n, generator=generator).split(batch_size)

# %% mistake="minibatches"
"""A table with rows of `batch_size` exists only if `batch_size` divides n. The last batch may be smaller, so the batches cannot be rows of one tensor."""
def minibatches(n, batch_size, generator):
    return torch.randperm(n, generator=generator).view(-1, batch_size)

# %% mistake="minibatches"
"""`randperm` takes the generator by name only: its second place is for something else."""
def minibatches(n, batch_size, generator):
    return torch.randperm(n, generator).split(batch_size)

# %% mistake="minibatches"
"""You dealt the cards round the table, so all batches come out nearly equal. Asked for are full batches of `batch_size`, and one smaller one at the end."""
def minibatches(n, batch_size, generator):
    order = torch.randperm(n, generator=generator)
    hands = -(-n // batch_size)
    return [order[hand::hands] for hand in range(hands)]

# %% [markdown]
# ## Exit questions

# %% mistake="exit_minus_gradient"
"""Only in a round valley. In a long one minus the gradient points mostly across it: look at the first step of the walk on the map."""
exit_minus_gradient = "a"

# %% mistake="exit_minus_gradient"
"""That is the gradient itself. Its negative points the other way."""
exit_minus_gradient = "b"

# %% mistake="exit_minus_gradient"
"""The gradient is measured at one point and knows nothing of the minimum: neither where it is nor how far. A steep slope can be close to it, and a gentle one far away."""
exit_minus_gradient = "d"

# %% mistake="exit_loss_explodes"
"""It could be, but look at the pattern first: a loss that grows by a factor with every update is what too large a learning rate does to perfectly right code. A single changed number tests that in a minute."""
exit_loss_explodes = "a"

# %% mistake="exit_loss_explodes"
"""Each jump is longer than the last one, because the slope out there is steeper. More steps take it further away, until the numbers overflow."""
exit_loss_explodes = "b"

# %% mistake="exit_loss_explodes"
"""The steps are already too long: each one lands higher on the opposite wall. Longer ones climb faster."""
exit_loss_explodes = "c"

# %% mistake="exit_count_updates"
"""Nothing here shows that: after five small steps *any* network is about where it began. First give it a fair number of updates."""
exit_count_updates = "a"

# %% mistake="exit_count_updates"
"""It is the other way round: the more images in the mean, the less noise. The price of a large batch is that there are few of them in an epoch."""
exit_count_updates = "c"

# %% mistake="exit_count_updates"
"""An epoch is one pass through all the data, not one update: it has as many updates as there are batches. How many are 60,000 / 60?"""
exit_count_updates = "d"


# %% mistake="numerical_gradient"
"""This works for one axis and for two. Parameters may have more: go over all entries, whatever the shape, as `numel` and a flat view do."""
def numerical_gradient(f, w, eps=1e-5):
    base = w.double()
    grad = torch.zeros_like(base)

    def slope(*place):
        up, down = base.clone(), base.clone()
        up[place] += eps
        down[place] -= eps
        return (f(up) - f(down)) / (2 * eps)

    for i in range(base.shape[0]):
        if base.dim() == 1:
            grad[i] = slope(i)
        else:
            for j in range(base.shape[1]):
                grad[i, j] = slope(i, j)
    return grad

# %% mistake="numerical_gradient" slip=true
"""The slopes are right, and come back in float32. Asked for is a float64 tensor, whatever `w` is: half of the
digits were measured in vain."""


def numerical_gradient(f, w, eps=1e-5):
    d = w.double()
    g = torch.zeros_like(w)
    for i in range(w.numel()):
        e = torch.zeros_like(d)
        e.view(-1)[i] = eps
        g.view(-1)[i] = (f(d + e) - f(d - e)) / (2 * eps)
    return g

# %% mistake="numerical_gradient"
"""You measured in float32. There 300 + 0.00001 is still 300, so the difference cancels to nothing. Make a
float64 copy of `w` before you move it."""


def numerical_gradient(f, w, eps=1e-5):
    slopes = torch.zeros_like(w)
    for place in range(w.numel()):
        step = torch.zeros_like(w)
        step.view(-1)[place] = eps
        slopes.view(-1)[place] = (f(w + step) - f(w - step)) / (2 * eps)
    return slopes.double()

# %% mistake="numerical_gradient"
"""One of your two points is `w` itself: you went up by `eps` and came back by `eps`. For a way of 2 `eps` the other point must lie below `w`."""
def numerical_gradient(f, w, eps=1e-5):
    x = w.double().clone()
    grad = torch.zeros_like(x)
    flat, g = x.view(-1), grad.view(-1)
    for i in range(flat.numel()):
        flat[i] += eps
        up = f(x).item()
        flat[i] -= eps
        down = f(x).item()
        g[i] = (up - down) / (2 * eps)
    return grad

# %% mistake="numerical_gradient"
"""You called `f` with one flat row. It expects the shape of `w`: reshape each point before the call."""
def numerical_gradient(f, w, eps=1e-5):
    base = w.double().flatten()
    g = []
    for i in range(len(base)):
        up, down = base.clone(), base.clone()
        up[i] += eps
        down[i] -= eps
        g.append((f(up) - f(down)) / (2 * eps))
    return torch.stack(g).reshape(w.shape)

# %% mistake="judge_curve"
"""You measured the largest jump between neighbours. A swing may take several updates: the rule compares the highest loss of the second half with the lowest."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    half = losses[len(losses) // 2 :]
    if not all(map(math.isfinite, losses)) or end > start:
        return "diverging"
    if max(abs(b - a) for a, b in zip(half, half[1:])) > start / 2:
        return "oscillating"
    return "slow" if end > 0.9 * start else "good"

# %% mistake="judge_curve"
"""You looked for NaN and infinity in the second half only. A loss that was no number once is a reason to stop, wherever it stands."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    half = losses[len(losses) // 2 :]
    if not all(map(math.isfinite, half)) or end > start:
        return "diverging"
    if max(half) - min(half) > start / 2:
        return "oscillating"
    return "slow" if end > 0.9 * start else "good"

# %% mistake="judge_curve"
"""You took means over ten losses. The rules speak of the first five and the last five."""
def judge_curve(losses):
    start, end = sum(losses[:10]) / 10, sum(losses[-10:]) / 10
    half = losses[len(losses) // 2 :]
    if not all(map(math.isfinite, losses)) or end > start:
        return "diverging"
    if max(half) - min(half) > start / 2:
        return "oscillating"
    return "slow" if end > 0.9 * start else "good"

# %% mistake="judge_curve"
"""You asked whether progress is slow before you asked for swings. The first rule that fits decides, and swings come first."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    half = losses[len(losses) // 2 :]
    if any(not math.isfinite(x) for x in losses) or end > start:
        return "diverging"
    if end > 0.9 * start:
        return "slow"
    return "oscillating" if max(half) - min(half) > start / 2 else "good"

# %% mistake="judge_curve"
"""You compared the swings with half of the first loss. `start` is a mean over five."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    half = losses[len(losses) // 2 :]
    if not all(map(math.isfinite, losses)) or end > start:
        return "diverging"
    if max(half) - min(half) > losses[0] / 2:
        return "oscillating"
    return "slow" if end > 0.9 * start else "good"

# %% mistake="judge_curve"
"""You call it a swing only if it is as high as the start. The rule says more than *half* of it."""


def judge_curve(losses):
    if not all(math.isfinite(x) for x in losses):
        return "diverging"
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    half = losses[len(losses) // 2 :]
    if end > start:
        return "diverging"
    if max(half) - min(half) > start:
        return "oscillating"
    if end > 0.9 * start:
        return "slow"
    return "good"

# %% mistake="judge_curve"
"""You took means over three losses. The rules speak of the first five and the last five."""


def judge_curve(losses):
    start, end = sum(losses[:3]) / 3, sum(losses[-3:]) / 3
    late = losses[len(losses) // 2 :]
    if not all(math.isfinite(loss) for loss in losses) or end > start:
        return "diverging"
    if max(late) - min(late) > 0.5 * start:
        return "oscillating"
    return "slow" if end > 0.9 * start else "good"

# %% mistake="judge_curve"
"""Your `start` is not the mean of the first five losses: one loss alone, such as the highest, or another number of them decides for you."""


def judge_curve(losses):
    start, end = max(losses[:5]), sum(losses[-5:]) / 5
    late = losses[len(losses) // 2 :]
    if not all(math.isfinite(loss) for loss in losses) or end > start:
        return "diverging"
    if max(late) - min(late) > 0.5 * start:
        return "oscillating"
    return "slow" if end > 0.9 * start else "good"

# %% mistake="judge_curve"
"""You ask for higher swings than the rule does: more than half of the start is enough."""


def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    late = losses[len(losses) // 2 :]
    if not all(math.isfinite(loss) for loss in losses) or end > start:
        return "diverging"
    if max(late) - min(late) > 0.58 * start:
        return "oscillating"
    return "slow" if end > 0.9 * start else "good"

# %% mistake="judge_curve"
"""You look at how far the second half climbs above the start. A swing is the distance between its highest and
its lowest loss."""


def judge_curve(losses):
    late = losses[len(losses) // 2 :]
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    if not all(math.isfinite(loss) for loss in losses) or end > start:
        return "diverging"
    if max(late) > 1.5 * start:
        return "oscillating"
    return "slow" if end > 0.9 * start else "good"

# %% mistake="judge_curve"
"""You turned the comparison round: a loss that ends *below* its start has not diverged."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    late = losses[len(losses) // 2 :]
    if not all(math.isfinite(x) for x in losses) or end < start:
        return "diverging"
    if max(late) - min(late) > start / 2:
        return "oscillating"
    if end > 0.9 * start:
        return "slow"
    return "good"

# %% mistake="judge_curve"
"""`start` is the mean of the first five losses. You took a mean over all of them."""
def judge_curve(losses):
    start, end = sum(losses) / len(losses), sum(losses[-5:]) / 5
    late = losses[len(losses) // 2 :]
    if not all(math.isfinite(x) for x in losses) or end > start:
        return "diverging"
    if max(late) - min(late) > start / 2:
        return "oscillating"
    if end > 0.9 * start:
        return "slow"
    return "good"

# %% mistake="judge_curve"
"""You measured the swings in the first half, where a good curve falls most. The second half counts."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    late = losses[: len(losses) // 2]
    if not all(math.isfinite(x) for x in losses) or end > start:
        return "diverging"
    if max(late) - min(late) > start / 2:
        return "oscillating"
    if end > 0.9 * start:
        return "slow"
    return "good"

# %% mistake="judge_curve"
"""Every rule is asked and the last one that fits decides. The first one should: return at once, or use `elif`."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
    late = losses[len(losses) // 2 :]
    word = "good"
    if not all(math.isfinite(x) for x in losses) or end > start:
        word = "diverging"
    if max(late) - min(late) > start / 2:
        word = "oscillating"
    if end > 0.9 * start:
        word = "slow"
    return word

# %% mistake="judge_curve"
"""You sorted the losses first. Then the order is gone in which they came, and with it first and last."""
def judge_curve(losses):
    s = sorted(losses)
    start, end = sum(s[-5:]) / 5, sum(s[:5]) / 5
    late = losses[len(losses) // 2 :]
    if not all(math.isfinite(x) for x in losses) or end > start:
        return "diverging"
    if max(late) - min(late) > start / 2:
        return "oscillating"
    if end > 0.9 * start:
        return "slow"
    return "good"

# %% mistake="judge_curve"
"""You ask whether more than a *tenth* of the loss is left. "slow" means that more than nine tenths are."""
def judge_curve(losses):
    start = sum(losses[:5]) / 5
    end = sum(losses[-5:]) / 5
    if any(math.isnan(v) or math.isinf(v) for v in losses) or end > start:
        return "diverging"
    tail = losses[len(losses) // 2 :]
    if max(tail) - min(tail) > start / 2:
        return "oscillating"
    elif end > 0.1 * start:
        return "slow"
    else:
        return "good"

# %% mistake="judge_curve"
"""You took means over four losses. The rules speak of the first five and the last five."""
def judge_curve(losses):
    start, end = sum(losses[:4]) / 4, sum(losses[-4:]) / 4
    late = losses[len(losses) // 2 :]
    if not all(math.isfinite(x) for x in losses) or end > start:
        return "diverging"
    if max(late) - min(late) > start / 2:
        return "oscillating"
    if end > 0.9 * start:
        return "slow"
    return "good"

# %% mistake="judge_curve"
"""Your `end` is the mean of the whole second half. It is that of the last five losses."""
def judge_curve(losses):
    late = losses[len(losses) // 2 :]
    start, end = sum(losses[:5]) / 5, sum(late) / len(late)
    if not all(math.isfinite(x) for x in losses) or end > start:
        return "diverging"
    if max(late) - min(late) > start / 2:
        return "oscillating"
    if end > 0.9 * start:
        return "slow"
    return "good"

# %% mistake="judge_curve"
"""`losses[5:]` is all *but* the first five. The last five are `losses[-5:]`."""
def judge_curve(losses):
    start, end = sum(losses[:5]) / 5, sum(losses[5:]) / len(losses[5:])
    late = losses[len(losses) // 2 :]
    if not all(math.isfinite(x) for x in losses) or end > start:
        return "diverging"
    if max(late) - min(late) > start / 2:
        return "oscillating"
    if end > 0.9 * start:
        return "slow"
    return "good"

# %% mistake="minibatches" slip=true
"""Indices are int64 tensors, as `torch.randperm` gives them. Lists, arrays and other types of whole numbers are not what was asked for, and some libraries refuse them."""
def minibatches(n, batch_size, generator):
    deck = torch.randperm(n, generator=generator, dtype=torch.int32)
    for i in range(0, n, batch_size):
        yield deck[i : i + batch_size]

# %% mistake="minibatches"
"""You shuffle anew for every batch, so some indices come twice and others never. Shuffle once, then deal."""


def minibatches(n, batch_size, generator):
    for i in range(0, n, batch_size):
        yield torch.randperm(n, generator=generator)[i : i + batch_size]

# %% mistake="minibatches"
"""You count from 1. Indices run from 0 to n - 1."""
def minibatches(n, batch_size, generator):
    deck = torch.randperm(n, generator=generator) + 1
    yield from deck.split(batch_size)

# %% mistake="minibatches"
"""Your slices all end at the same place: the end of a slice is counted from the start of the deck, too. Where does batch number two end?"""
def minibatches(n, batch_size, generator):
    deck = torch.randperm(n, generator=generator)
    for i in range(0, n, batch_size):
        yield deck[i:batch_size]
