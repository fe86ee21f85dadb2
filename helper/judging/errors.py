"""What PyTorch and Python meant to say: exceptions explained."""

from __future__ import annotations

import re

from helper.judging.evidence import Failure

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
