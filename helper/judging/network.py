"""Let a network that was handed in as plain data answer images, without running any code of its author's.

A network is {"steps": […], "result": place, "numbers": […]}. Its steps are PyTorch's own elementary operations, as
`helper.fixtures.network` writes them down; here each is done anew, in NumPy. So images that must stay secret, and
their labels, need never enter the process that runs an answer. What it gets to work with is bounded: so many steps,
so many numbers, so much reckoning.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from helper.judging.evidence import Plain

BATCH = 100  # images at a time: a network is written down for exactly so many
MOST_STEPS = 500
MOST_NUMBERS = 1_000_000  # in the network
MOST_ELEMENTS = 100_000_000  # in all results of one batch together
MOST_PRODUCTS = 5e9  # multiplications in the sums of one batch
CHUNK = 1000  # characters of one piece of text
KINDS = {"float32": "<f4", "int64": "<i8"}

Array = np.ndarray[Any, Any]


class NetworkError(Exception):
    """This network cannot answer here: one sentence that says why."""


def packed(numbers: Array) -> Plain:
    """Write an array as plain data, in pieces of text that are short enough to cross a process boundary."""
    kind = "float32" if numbers.dtype.kind == "f" else "int64"
    text = base64.b64encode(np.ascontiguousarray(numbers, dtype=KINDS[kind]).tobytes())
    pieces = [text[at : at + CHUNK].decode() for at in range(0, len(text), CHUNK)]
    return {"shape": list(numbers.shape), "kind": kind, "bytes": pieces}


def unpacked(data: Any) -> Array:
    """Read an array written by `packed`. Raises NetworkError for anything else."""
    try:
        raw = base64.b64decode("".join(data["bytes"]), validate=True)
        array = np.frombuffer(raw, KINDS[data["kind"]])
        return array.reshape([int(size) for size in data["shape"]])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NetworkError("What was handed over is no network.") from error


def predictions(network: Any, images: Array) -> list[int]:
    """Return the class that the network gives each image the highest score.

    images: (n, …) float32, n a multiple of BATCH. Raises NetworkError for what cannot be done.
    """
    try:
        steps, result = (
            [(str(name), arguments) for name, arguments in network["steps"]],
            int(network["result"]),
        )
        numbers = [unpacked(data) for data in network["numbers"]]
    except (KeyError, TypeError, ValueError) as error:
        raise NetworkError("What was handed over is no network.") from error
    if len(steps) > MOST_STEPS or sum(array.size for array in numbers) > MOST_NUMBERS:
        raise NetworkError("The network is too large to be tried here.")
    unknown = [name for name, _ in steps if name not in OPERATIONS]
    if unknown:
        raise NetworkError(f"The network uses an operation that cannot be tried here: {unknown[0][:60]}.")
    answers: list[int] = []
    for start in range(0, len(images), BATCH):
        scores = _run(steps, [images[start : start + BATCH], *numbers], result)
        if scores.ndim != 2 or len(scores) != BATCH:
            raise NetworkError(
                f"For {BATCH} images the network gives a result of shape {scores.shape}: one row of scores for each "
                "image is needed."
            )
        answers += [int(answer) for answer in scores.argmax(axis=1)]
    return answers


def _run(steps: Sequence[tuple[str, Any]], values: list[Any], result: int) -> Array:
    """Do every step on one batch and return what stands in the place `result`."""
    budget = _Budget()
    try:
        with np.errstate(all="ignore"):
            for name, arguments in steps:
                value = OPERATIONS[name](budget, *(_resolved(argument, values) for argument in arguments))
                budget.spend(value)
                values.append(value)
        answer = values[result]
    except (
        ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError
    ) as error:  # fmt: skip
        raise NetworkError("What was handed over is no network that can be tried here.") from error
    if not isinstance(answer, np.ndarray):
        raise NetworkError("The network gives no tensor.")
    return answer


class _Budget:
    """What may still be reckoned for one batch."""

    def __init__(self) -> None:
        self.elements, self.products = float(MOST_ELEMENTS), MOST_PRODUCTS

    def spend(self, value: Any) -> None:
        for part in value if isinstance(value, tuple) else (value,):
            self.need(np.size(part))

    def need(self, elements: float, products: float = 0.0) -> None:
        """Take so much from the budget before it is spent. Raises NetworkError if it is used up."""
        self.elements -= elements
        self.products -= products
        if self.elements < 0 or self.products < 0:
            raise NetworkError("The network reckons more for one image than can be tried here.")


def _resolved(argument: Any, values: Sequence[Any]) -> Any:
    if isinstance(argument, Mapping):
        place = argument["value"]
        if not 0 <= place < len(values):
            raise NetworkError("What was handed over is no network.")
        return values[place]
    if isinstance(argument, list):
        return [_resolved(item, values) for item in argument]
    return argument


def _elementwise(f: Callable[..., Any]) -> Callable[..., Any]:
    def operation(budget: _Budget, *arguments: Any) -> Any:
        arrays = [np.shape(argument) for argument in arguments]
        budget.need(math.prod(np.broadcast_shapes(*arrays)))
        return np.asarray(f(*arguments), dtype=_kind(arguments))

    return operation


def _kind(arguments: Sequence[Any]) -> Any:
    whole = all(np.asarray(item).dtype.kind in "iub" for item in arguments if item is not None)
    return np.int64 if whole else np.float32


def _shaped(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda budget, *arguments: f(*arguments)


def _product(budget: _Budget, a: Array, b: Array) -> Array:
    budget.need(math.prod(a.shape[:-1]) * b.shape[-1], math.prod(a.shape) * b.shape[-1])
    result: Array = np.matmul(a, b)
    return result


def _add_product(budget: _Budget, bias: Array, a: Array, b: Array) -> Array:
    return _product(budget, a, b) + bias


def _convolution(
    budget: _Budget,
    x: Array,
    weight: Array,
    bias: Array | None,
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    transposed: bool,
    output_padding: list[int],
    groups: int,
) -> Array:
    if transposed or weight.ndim != 4 or groups < 1:
        raise NetworkError("Only convolutions of images can be tried here, not transposed ones.")
    (n, *_), (out, per_group, *kernel) = x.shape, weight.shape
    x = _padded(budget, x, padding, 0.0)
    sizes = [_places(x.shape[2 + axis], kernel[axis], stride[axis], dilation[axis]) for axis in (0, 1)]
    budget.need(n * out * math.prod(sizes), n * out * math.prod(sizes) * per_group * math.prod(kernel))
    result = np.zeros((n, out, *sizes), np.float32)
    outs = out // groups
    for row in range(kernel[0]):
        for column in range(kernel[1]):
            part = _window(x, (row, column), sizes, stride, dilation)
            for group in range(groups):
                theirs = weight[group * outs : (group + 1) * outs, :, row, column]
                seen = part[:, group * per_group : (group + 1) * per_group]
                result[:, group * outs : (group + 1) * outs] += np.einsum(
                    "oc,nchw->nohw", theirs, seen, optimize=True
                )
    return result if bias is None else result + bias[None, :, None, None]


def _places(size: int, kernel: int, stride: int, dilation: int) -> int:
    places = (size - dilation * (kernel - 1) - 1) // stride + 1
    if places < 1:
        raise NetworkError("A layer of the network is larger than what it is given.")
    return places


def _window(x: Array, at: tuple[int, int], sizes: list[int], stride: list[int], dilation: list[int]) -> Array:
    """Return, for one place in the kernel, what it meets at every place of the result."""
    row, column = (place * step for place, step in zip(at, dilation, strict=True))
    rows = slice(row, row + stride[0] * (sizes[0] - 1) + 1, stride[0])
    return x[:, :, rows, column : column + stride[1] * (sizes[1] - 1) + 1 : stride[1]]


def _padded(budget: _Budget, x: Array, padding: Sequence[int], value: float) -> Array:
    if not any(padding):
        return x
    high, wide = padding
    budget.need(math.prod(x.shape[:2]) * (x.shape[2] + 2 * high) * (x.shape[3] + 2 * wide))
    return np.pad(x, ((0, 0), (0, 0), (high, high), (wide, wide)), constant_values=value)


def _pool(largest: bool) -> Callable[..., Any]:
    def pool(
        budget: _Budget,
        x: Array,
        kernel: list[int],
        stride: list[int] | None = None,
        padding: Sequence[int] = (0, 0),
        *rest: Any,
    ) -> Any:
        if any(item not in (0, 1, False, True, None, [1, 1], [0, 0]) for item in rest):
            raise NetworkError("Pooling with dilation or rounded up cannot be tried here.")
        kernel, padding = (_pair(item) for item in (kernel, padding))
        stride = _pair(stride or kernel)
        x = _padded(budget, x, padding, -np.inf if largest else 0.0)
        sizes = [_places(x.shape[2 + axis], kernel[axis], stride[axis], 1) for axis in (0, 1)]
        budget.need(math.prod(x.shape[:2]) * math.prod(sizes) * math.prod(kernel))
        parts = [
            _window(x, (row, column), sizes, stride, [1, 1])
            for row in range(kernel[0])
            for column in range(kernel[1])
        ]
        if largest:
            return np.maximum.reduce(parts), np.zeros(0)
        return np.add.reduce(parts) / np.float32(math.prod(kernel))

    return pool


def _pair(value: Any) -> list[int]:
    return [int(item) for item in (value * 2 if len(value) == 1 else value)]


def _adaptive(budget: _Budget, x: Array, size: list[int]) -> Array:
    kernel = [x.shape[2 + axis] // size[axis] for axis in (0, 1)]
    if any(x.shape[2 + axis] % size[axis] for axis in (0, 1)):
        raise NetworkError("Pooling to a size that does not divide the image cannot be tried here.")
    return np.asarray(_pool(False)(budget, x, kernel))


def _batch_norm(
    budget: _Budget, x: Array, weight: Any, bias: Any, mean: Any, variance: Any, training: bool, *rest: Any
) -> Any:
    if training or mean is None or variance is None:
        raise NetworkError(
            "Batch normalisation must use its running mean when it predicts: is the model in eval mode?"
        )
    form = (1, -1, *(1,) * (x.ndim - 2))
    scale = 1 / np.sqrt(variance + np.float32(rest[-1]))
    scale = scale if weight is None else scale * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    return (x * scale.reshape(form) + shift.reshape(form)).astype(np.float32), np.zeros(0), np.zeros(0)


def _layer_norm(budget: _Budget, x: Array, shape: list[int], weight: Any, bias: Any, eps: float) -> Any:
    axes = tuple(range(x.ndim - len(shape), x.ndim))
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    y = (x - mean) / np.sqrt(variance + np.float32(eps))
    y = y if weight is None else y * weight
    return y if bias is None else y + bias, mean, variance


def _softmax(x: Array, dim: int, *rest: Any) -> Array:
    return np.exp(_log_softmax(x, dim))


def _log_softmax(x: Array, dim: int, *rest: Any) -> Array:
    x = x - x.max(axis=dim, keepdims=True)
    return np.asarray(x - np.log(np.exp(x).sum(axis=dim, keepdims=True)))


def _axes(dims: Any) -> Any:
    return (
        tuple(dims)
        if isinstance(dims, list) and dims
        else None
        if isinstance(dims, list) or dims is None
        else dims
    )


def _reduced(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda budget, x, dims=None, keep=False, *rest: f(x, axis=_axes(dims), keepdims=bool(keep))


def _expand(x: Array, sizes: list[int], *rest: Any) -> Array:
    whole = [1] * (len(sizes) - x.ndim) + list(x.shape)
    return np.broadcast_to(x, [old if new == -1 else new for old, new in zip(whole, sizes, strict=True)])


def _joined(f: Callable[..., Any]) -> Callable[..., Any]:
    def join(budget: _Budget, parts: list[Array], dim: int = 0) -> Any:
        budget.need(sum(part.size for part in parts))
        return f(parts, axis=dim)

    return join


def _slice(x: Array, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Array:
    return x[(slice(None),) * (dim % x.ndim) + (slice(start, end, step),)]


def _pad_constant(budget: _Budget, x: Array, padding: list[int], value: float = 0.0) -> Array:
    widths = [(0, 0)] * x.ndim
    for number in range(len(padding) // 2):
        widths[-1 - number] = (padding[2 * number], padding[2 * number + 1])
    if any(width < 0 for pair in widths for width in pair):
        raise NetworkError("Padding by a negative width cannot be tried here.")
    budget.need(math.prod(size + low + high for size, (low, high) in zip(x.shape, widths, strict=True)))
    return np.pad(x, widths, constant_values=value)


def _erf(x: Any) -> Any:
    """Return the error function, by Abramowitz and Stegun 7.1.26: off by at most 1.5e-7."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.sign(x) * (1 - series * np.exp(-np.square(x)))


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _elu(x: Any, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Any:
    return scale * np.where(x > 0, x, alpha * (np.exp(np.minimum(x, 0) * input_scale) - 1))


def _scaled(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return `f(a, b * alpha)`, as PyTorch's sums and differences have it."""
    return lambda a, b, alpha=1: f(a, b if alpha == 1 else np.multiply(b, alpha))


def _same(x: Any, *rest: Any) -> Any:
    return x


OPERATIONS: dict[str, Callable[..., Any]] = {
    **{
        name: _shaped(_same)
        for name in ("alias", "clone", "detach", "_to_copy", "contiguous", "lift_fresh_copy")
    },
    **{name: _shaped(lambda x, shape: np.reshape(x, shape)) for name in ("view", "_unsafe_view", "reshape")},
    "t": _shaped(np.transpose),
    "transpose": _shaped(np.swapaxes),
    "permute": _shaped(np.transpose),
    "unsqueeze": _shaped(np.expand_dims),
    "squeeze": _shaped(lambda x, dims=None: np.squeeze(x, _axes(dims))),
    "expand": _shaped(_expand),
    "select": _shaped(lambda x, dim, place: np.take(x, place, axis=dim)),
    "slice": _shaped(_slice),
    "cat": _joined(np.concatenate),
    "stack": _joined(np.stack),
    "flip": _shaped(lambda x, dims: np.flip(x, tuple(dims))),
    "roll": _shaped(lambda x, shifts, dims: np.roll(x, tuple(shifts), tuple(dims))),
    "getitem": _shaped(lambda parts, place: parts[place]),
    "constant_pad_nd": _pad_constant,
    "mm": _product,
    "bmm": _product,
    "addmm": _add_product,
    "convolution": _convolution,
    "max_pool2d_with_indices": _pool(True),
    "avg_pool2d": _pool(False),
    "_adaptive_avg_pool2d": _adaptive,
    "native_batch_norm": _batch_norm,
    "_native_batch_norm_legit_no_training": lambda budget, x, w, b, mean, var, momentum, eps: _batch_norm(
        budget, x, w, b, mean, var, False, momentum, eps
    ),
    "native_layer_norm": _layer_norm,
    "_softmax": _shaped(_softmax),
    "_log_softmax": _shaped(_log_softmax),
    "mean": _reduced(np.mean),
    "sum": _reduced(np.sum),
    "amax": _reduced(np.max),
    "add": _elementwise(_scaled(np.add)),
    "sub": _elementwise(_scaled(np.subtract)),
    "rsub": _elementwise(_scaled(lambda a, b: b - a)),
    "mul": _elementwise(np.multiply),
    "div": _elementwise(np.true_divide),
    "pow": _elementwise(np.power),
    "maximum": _elementwise(np.maximum),
    "minimum": _elementwise(np.minimum),
    "clamp": _elementwise(
        lambda x, low=None, high=None: np.clip(
            x, -np.inf if low is None else low, np.inf if high is None else high
        )
    ),
    "clamp_min": _elementwise(np.maximum),
    "neg": _elementwise(np.negative),
    "abs": _elementwise(np.abs),
    "exp": _elementwise(np.exp),
    "log": _elementwise(np.log),
    "sqrt": _elementwise(np.sqrt),
    "rsqrt": _elementwise(lambda x: 1 / np.sqrt(x)),
    "relu": _elementwise(lambda x: np.maximum(x, 0)),
    "leaky_relu": _elementwise(lambda x, slope=0.01: np.where(x > 0, x, slope * x)),
    "elu": _elementwise(_elu),
    "hardtanh": _elementwise(lambda x, low=-1.0, high=1.0: np.clip(x, low, high)),
    "tanh": _elementwise(np.tanh),
    "sigmoid": _elementwise(_sigmoid),
    "silu": _elementwise(lambda x: x * _sigmoid(x)),
    "gelu": lambda budget, x, *rest: np.asarray(x * (1 + _erf(x / math.sqrt(2))) / 2, dtype=np.float32),
}
