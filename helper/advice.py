"""From evidence to words: what differs, what it looks like, and what PyTorch meant to say."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from helper.evidence import Failure, Plain, numbers_of, same

# Matched on fragments, because the wording drifts between versions. First match wins.
PYTORCH: tuple[tuple[str, str], ...] = (
    (
        r"mat1 and mat2 shapes cannot be multiplied",
        "Two matrices do not fit: the columns of the first must be as many as the rows of the second. Print both "
        "shapes. Were images flattened, is a transpose missing, do the sizes of neighbouring layers agree?",
    ),
    (
        r"mat1 and mat2 must have the same dtype|expected m1 and m2 to have the same dtype"
        r"|expected scalar type (Float|Double) but found",
        "Two tensors of different dtypes met. Images come as bytes and NumPy makes float64: turn the input into "
        "float32 first.",
    ),
    (
        r"expected (target dtype|scalar type|floating point type).{0,30}Long|but got Float",
        "Class labels must be whole numbers (int64): one class index per example, not floats and not one-hot.",
    ),
    (
        r"multi-target not supported|0D or 1D target tensor expected",
        "The labels have one dimension too many: the loss wants shape (batch,), one class index per example.",
    ),
    (
        r"Expected floating point type for target with class probabilities",
        "Labels with the shape of the logits are taken for probabilities. Give class indices of shape (batch,).",
    ),
    (
        r"Target -?\d+ is out of bounds|index -?\d+ is out of bounds",
        "An index is larger than there are entries: labels run from 0 to classes - 1.",
    ),
    (
        r"not implemented for '(Long|Int|Byte)'",
        "A whole-number tensor came where floats are needed. Are the arguments swapped? Prediction first, then "
        "target.",
    ),
    (
        r"Boolean value of Tensor with more than one (value|element) is ambiguous",
        "A tensor stands where one yes or no is needed. Was the loss built with the data? First build the "
        "criterion, then call it with prediction and target.",
    ),
    (
        r"modified by an inplace operation",
        "A value that the backward pass still needs was overwritten in place. Make a new tensor instead.",
    ),
    (
        r"a leaf Variable that requires grad is being used in an in-place operation",
        "A parameter may not be changed in place while its operations are recorded. Update it under "
        "`torch.no_grad()`.",
    ),
    (
        r"does not require grad and does not have a grad_fn",
        "Nothing leads from this result back to a tensor that requires gradients. Somewhere the tape was cut: "
        "`no_grad`, `detach`, `item`, NumPy, or a new tensor made from old numbers.",
    ),
    (
        r"grad can be implicitly created only for scalar outputs",
        "`backward` starts from one number. Reduce the result to a scalar, or say which vector to multiply with.",
    ),
    (
        r"backward through the graph a second time",
        "The recorded operations are freed after one `backward`. Compute the forward pass again before the next.",
    ),
    (
        r"Can't call numpy\(\) on Tensor that requires grad",
        "NumPy cannot carry gradients. Detach the tensor first, outside the path of the loss.",
    ),
    (
        r"optimizer got an empty parameter list",
        "The optimiser found no parameters: are the layers in a plain Python list, or was the generator used up?",
    ),
    (
        r"all elements of input should be between 0 and 1",
        "This loss wants probabilities and got logits. Use the form made for logits.",
    ),
    (
        r"Weights only load failed",
        "The file holds more than tensors. Save the `state_dict`, not the whole model.",
    ),
    (
        r"must match the size of tensor|size mismatch|shape .* is invalid for input of size|is not broadcastable",
        "Two shapes do not fit together. Print both: which axis is the batch, which the classes?",
    ),
    (
        r"Only Tensors of floating point",
        "Only floating-point tensors can require gradients: write 1. instead of 1.",
    ),
    (
        r"Dimension out of range",
        "There is no such axis. Axes count from 0, and -1 is the last.",
    ),
    (
        r"Inference tensors cannot be saved for backward",
        "A tensor made in inference mode cannot take part in training. Use `no_grad`, or clone it.",
    ),
    (
        r"only one element tensors can be converted|only tensors with one element|cannot be converted to Scalar",
        "One number was needed here and a tensor of many came. Was the mean (or sum) forgotten?",
    ),
)

PYTHON: dict[str, str] = {
    "KeyError": "The dictionary has no entry of that name; the docstring lists the names.",
    "RecursionError": "The function calls itself too deeply. A loop has no such limit.",
    "ZeroDivisionError": "Something was divided by zero. What is counted here, and can the count be zero?",
    "ModuleNotFoundError": "That library is not part of the course; the exercise can be solved without it.",
    "IndentationError": "Python could not read the cell: the indentation does not line up.",
    "SyntaxError": "Python could not read the cell.",
}


def compare(expected: Plain, got: Plain, sizes: Sequence[int] = (), reveal: bool = True) -> str:
    """Say in one or two sentences how a wrong value differs, with a guess at the cause where the numbers betray it.

    sizes: lengths of the inputs, to recognise a factor as the batch size or the number of classes; reveal:
    whether expected numbers may be shown (in practice yes, for secret inputs no). Never raises, whatever `got`
    is: it may come from a hostile process.
    """
    try:
        return _compare(expected, got, sizes, reveal)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return "The answer is not of the kind that is expected."


def _compare(expected: Plain, got: Plain, sizes: Sequence[int], reveal: bool) -> str:
    if "none" in got:
        return "The answer is `None`. Does every path end with a `return`?"
    if "text" in got and "text" not in expected:
        return f"Instead of numbers there came: {got['text']}."
    if describe(expected) != describe(got):
        return _compare_kinds(expected, got)
    if "dict" in expected:
        return _compare_entries(expected["dict"], got["dict"], sizes, reveal)
    if "list" in expected:
        a, b = ([[f"number {n}", item] for n, item in enumerate(side["list"], 1)] for side in (expected, got))
        return _compare_entries(a, b, sizes, reveal)
    wanted, numbers = numbers_of(expected), numbers_of(got)
    if wanted is None or numbers is None or len(wanted) != len(numbers):
        return "The kind of answer is right, the value is not."
    return _compare_numbers(wanted, numbers, sizes, reveal)


def describe(value: Plain) -> str:
    """Name the kind and shape of a piece of plain data, such as "a tensor of shape (8, 10)"."""
    for library in ("tensor", "array", "numpy number"):
        if library in value:
            kind = {"float": "floats", "int": "whole numbers", "bool": "truth values"}.get(value["type"], "?")
            shape = (
                "(" + ", ".join(map(str, value["shape"])) + ("," if len(value["shape"]) == 1 else "") + ")"
            )
            return (
                f"a NumPy {value['type']}"
                if library == "numpy number"
                else f"{_article(library)} of shape {shape} with {kind}"
            )
    if "list" in value:
        return f"a sequence of {value['length']}"
    if "dict" in value:
        return "a dictionary with " + ", ".join(f"`{name}`" for name, _ in value["dict"])
    if "object" in value:
        return f"an object of type `{value['object']}`"
    names = {"number": "a plain number", "bool": "True or False", "text": "a text", "none": "None"}
    return next((words for kind, words in names.items() if kind in value), "something else")


PLACE = " It arose at "  # what follows is one student's own line


def explain(failure: Failure | None, reveal: bool = True) -> str:
    """Say what an exception means and where it arose.

    reveal: whether to quote its text, into which code may have written the inputs.
    """
    if failure is None:
        return ""
    where = f"{PLACE}`{failure.line}`." if failure.line else ""
    first = failure.message.strip().split("\n", 1)[0][:200]
    said = f"`{failure.kind}: {first}`" if first and reveal else f"`{failure.kind}`"
    for pattern, words in PYTORCH:
        if re.search(pattern, failure.message):
            return f"{words} Python said {said}.{where}"
    if failure.kind in PYTHON:
        return f"{PYTHON[failure.kind]} Python said {said}.{where}"
    return f"The code stopped with {said}.{where}"


BUILDS_ON = "It builds on "


def builds_on(names: Sequence[str]) -> str:
    """Point to the other exercises an answer calls whose own checks it has not passed."""
    listed = " and ".join(f"`{name}`" for name in names)
    passed = "whose own check has not passed yet. Get that right first"
    if len(names) > 1:
        passed = "whose own checks have not passed yet. Get those right first"
    return f"{BUILDS_ON}{listed}, {passed}: what goes wrong here may come from there."


def forbidden(exercise: str, names: Sequence[str]) -> str:
    listed = " and ".join(f"`{name}`" for name in names)
    return (
        f"This exercise builds `{exercise}` from scratch: it does without {listed}. What happens inside it?"
    )


def not_attempted(exercise: str, failure: Failure | None) -> str:
    if failure and failure.kind == "NameError":
        return f"`{exercise}` is not defined yet: run the cell above this one first."
    return "Nothing to check yet: write your answer in the cell above, run it, then run this cell again."


def _compare_entries(expected: list[Any], got: list[Any], sizes: Sequence[int], reveal: bool) -> str:
    for (name, a), (_, b) in zip(expected, got, strict=True):
        if not same(a, b):
            return f"The first that differs is {name}. {compare(a, b, sizes, reveal)}"
    return "The kind of answer is right, the value is not."


def _compare_kinds(expected: Plain, got: Plain) -> str:
    a, b = expected.get("shape"), got.get("shape")
    text = f"Expected is {describe(expected)}, your answer is {describe(got)}."
    if isinstance(a, list) and isinstance(b, list) and a != b:
        if len(a) == 2 and b == a[::-1]:
            return text + " It looks transposed."
        if math.prod(a) == math.prod(b):
            return text + " The numbers of elements agree: an axis is missing, or one too many."
        if len(b) > len(a):
            return text + " A sum or mean over one axis may be missing, or two shapes were broadcast."
        return text
    if "number" in expected and "tensor" in got:
        return text + " `.item()` turns a tensor of one element into a number."
    if "tensor" in expected and "number" in got:
        return text + " Once it is a plain number, it can carry no gradient: keep it a tensor."
    return text


def _compare_numbers(a: list[float], b: list[float], sizes: Sequence[int], reveal: bool) -> str:
    if not all(map(math.isfinite, b)) and all(map(math.isfinite, a)):
        bad = "NaN" if any(map(math.isnan, b)) else "infinite"
        return f"Some of the numbers are {bad}. Where could something overflow, or a logarithm meet zero?"
    if not any(b) and any(a):
        return "The value is 0." if len(b) == 1 else "Every number is 0. What should have changed them?"
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if math.isfinite(x) and math.isfinite(y)]
    ratios = [y / x for x, y in pairs if abs(x) > 1e-6]
    if (
        ratios
        and all(math.isclose(ratio, ratios[0], rel_tol=1e-3) for ratio in ratios)
        and len(ratios) > len(pairs) / 2
    ):
        guess = _factor(ratios[0], sizes, several=len(b) > 1)
        if guess:
            return guess
    shifts = [y - x for x, y in pairs]
    if len(shifts) > 1 and all(math.isclose(s, shifts[0], rel_tol=1e-3, abs_tol=1e-5) for s in shifts):
        amount = f", {shifts[0]:+.4g}" if reveal else ""
        return f"Every number is off by the same amount{amount}. What was added, or left out?"
    if len(b) > 1 and sorted(round(x, 4) for x in a) == sorted(round(x, 4) for x in b):
        return "The right numbers, in the wrong places. Which axis is which?"
    if not reveal:
        return "The kind of answer is right, its numbers are not."
    if len(b) == 1:
        return f"The value is {b[0]:.5g}; expected is {a[0]:.5g}."
    wrong = sum(not math.isclose(x, y, rel_tol=1e-3, abs_tol=1e-5) for x, y in pairs)
    where = next(
        (i for i, (x, y) in enumerate(pairs) if not math.isclose(x, y, rel_tol=1e-3, abs_tol=1e-5)), 0
    )
    return (
        f"{wrong} of {len(pairs)} numbers differ; the first at position {where}: {pairs[where][1]:.5g}, expected "
        f"{pairs[where][0]:.5g}."
    )


def _factor(ratio: float, sizes: Sequence[int], several: bool) -> str:
    if math.isclose(ratio, -1, rel_tol=1e-3):
        return "The size is right, the sign is not."
    sign = " and the sign is wrong" if ratio < 0 else ""
    for factor, way in ((abs(ratio), "large"), (1 / abs(ratio) if ratio else 0.0, "small")):
        whole = round(factor)
        if whole >= 2 and math.isclose(factor, whole, rel_tol=1e-3):
            text = f"Exactly {whole} times too {way}{sign}."
            if whole in sizes and whole > 2:
                sums = (
                    "a sum where a mean belongs"
                    if way == "large"
                    else "a mean taken once too often, or over too much"
                )
                return f"{text} {whole} is one of the sizes of the input: {sums}?"
            if whole == 100:
                return f"{text} A fraction lies between 0 and 1; a percentage does not."
            return f"{text} Is a factor of {whole} missing or one too many?"
    if several and not math.isclose(abs(ratio), 1, rel_tol=1e-3):
        return f"All numbers are {abs(ratio):.4g} times the expected ones{sign}. Which factor is that?"
    return ""


def _article(noun: str) -> str:
    return ("an " if noun[0] in "aeiou" else "a ") + noun
