"""What PyTorch and Python meant to say: exceptions told apart. An explanation holds wherever the error arises."""

from __future__ import annotations

import re

from helper.judging.evidence import Failure

# What an exception means, by the name of its explanation.
MEANS = {
    "matrices": "Two matrices do not fit: the columns of the first must be as many as the rows of the second. Print "
    "both shapes. Were images flattened, is a transpose missing, do the sizes of neighbouring layers agree?",
    "dtypes": "Two tensors of different dtypes met, and this operation wants one dtype. Which of the two should be "
    "converted?",
    "labels float": "Class labels must be whole numbers (int64): one class index per example, not floats and not "
    "one-hot.",
    "labels shape": "The labels have one dimension too many: the loss wants shape (batch,), one class index per "
    "example.",
    "labels probabilities": "Labels with the shape of the logits are taken for probabilities. Give class indices of "
    "shape (batch,).",
    "labels range": "A label is no index of a class: labels run from 0 to classes - 1.",
    "index": "An index is larger than there are entries along that axis.",
    "whole numbers": "An operation for floats met a tensor of whole numbers. Should it be converted, or did two "
    "arguments change places?",
    "ambiguous": "A tensor of several numbers stands where one yes or no is needed, as in `if`, `and`, `max` or a "
    "comparison of Python's own. Decide element by element, with `torch.where` or its like.",
    "criterion": "A tensor stands where one yes or no is needed: the loss was built with the data. First build the "
    "criterion, then call it with prediction and target.",
    "saved": "A value that the backward pass still needs was overwritten in place. Make a new tensor instead.",
    "leaf": "A tensor that gradients are to arrive at was changed in place while operations are recorded. A "
    "parameter is updated under `torch.no_grad()`; everything else becomes a new tensor.",
    "no tape": "Nothing leads from this result back to a tensor that requires gradients: none requires them, or the "
    "tape was cut by `no_grad`, `detach`, `item`, NumPy, or a new tensor made from old numbers.",
    "scalar": "`backward` starts from one number. Reduce the result to a scalar, or say which vector to multiply with.",
    "twice": "The recorded operations are freed after one `backward`. Compute the forward pass again before the next.",
    "numpy": "NumPy cannot carry gradients. Stay with tensors where gradients are needed; detach elsewhere.",
    "no parameters": "The optimiser found no parameters: are the layers in a plain Python list, or was the generator "
    "used up?",
    "probabilities": "This loss wants probabilities from 0 to 1 and got other numbers. Use the form made for logits.",
    "weights": "The file holds more than tensors and plain values. Save states (`state_dict`, `get_state`), not the "
    "objects that have them.",
    "report": "What `load_state_dict` returns is a report. It changes the object that it is called on: keep that one.",
    "save": "`torch.save` wants first what is to be saved, then where.",
    "minus mask": "A minus met a mask of true and false. `~` turns a mask round.",
    "call": "Something was called that is no function. Has a variable of the notebook taken the name of one, such as "
    "`sum` or `list`? Then `del` it.",
    "shapes": "Two shapes do not fit together. Print both: which axis is which?",
    "float only": "Only floating-point tensors can require gradients: write 1. instead of 1.",
    "axis": "There is no such axis. Axes count from 0, and -1 is the last.",
    "inference": "A tensor made in inference mode cannot take part in training. Use `no_grad`, or clone it.",
    "one number": "One number was needed here and a tensor of several came. Should it be reduced, by a mean or a sum?",
    "same matrices": "Two matrices of the same shape were multiplied as matrices, rows with columns. If each number "
    "belongs to its partner, `*` multiplies them; else one of the two must be transposed.",
    "argmax": "Over axis 0 `argmax` looks for the best *row* of each column. Where each row is one example: over "
    "which axis do its classes lie?",
    "none": "`None` stands where something else is needed. Does a function end without `return`, is it a `grad` before "
    "`backward`, or is the result of something used that works in place, such as `backward`, `append` or `sort`?",
    "position": "A list or tuple has no entry at that place: it is shorter than the code assumes. Where does the "
    "count begin and end, and should it begin again?",
    "plain": "A plain number stands where a tensor or another object is needed. Did something like `.item()`, "
    "`float()` or `len` make a number of it before?",
    "no parts": "A plain number has no parts to go through or to pick from. Is `range` missing, or did something make "
    "a number of what had parts?",
    "unused": "The result does not depend on this tensor. Was the function called with another one, such as the "
    "original instead of the copy?",
    "unpack": "What is taken apart does not have as many parts as there are names for it on the left. If the line is "
    "the check's, it is what the answer returned.",
    "view": "`view` needs numbers that lie in memory in this order, and after a transpose they do not. `reshape` "
    "copies where it must.",
    "mask": "A mask must have the shape of what it is laid on. Print both shapes.",
    "cast": "A change in place keeps the dtype: a tensor of whole numbers or truth values cannot take up floats.",
    "generator": "A generator hands out its items one after the other, and only once; it has no length and no places. "
    "Make a list of it first.",
    "NameError": "A name is used that nothing has defined up to there. Is it spelt alike everywhere, and defined "
    "where it is used?",
    "KeyError": "A dictionary was asked for an entry that it does not have.",
    "NobodyAnswers": "`input()` or `breakpoint()` waits for somebody to type, and nobody is there when this is marked: "
    "write the value into the code, or take the line out.",
    "not called": "A function stands where its result is needed. Are the brackets `()` of a call missing, or do square "
    "ones stand in their place?",
    "pair": "Along an axis, `max`, `min`, `sort` and their like give two things, the values and their places. Take "
    "one of them.",
    "layers": "What was handed over is no layer: a list must be unpacked with `*`, and a class wants the brackets `()` "
    "that make a layer of it.",
    "arguments": "A function was called with other arguments than it takes: compare the call with its definition.",
    "domain": "A function of `math` met a number for which it has no value: the logarithm of 0 or of a negative "
    "number, the root of a negative one.",
    "OverflowError": "A number became too large for a float. Does an exponential or a power grow without bound?",
    "plain number": "A function of `math` wants a plain number and got something else. Take the number out first.",
    "join numbers": "`stack` and `cat` join tensors, and plain numbers came. `torch.tensor` makes a tensor of a list "
    "of numbers.",
    "no axis to join": "`cat` joins along an axis that is there, and a single number has none. `stack` makes one.",
    "no tensor": "A function of `torch` wants a tensor and got something else. Is it a plain number, a list, or a "
    "function that was not called?",
    "plain kind": "This kind of value has no such thing: does a plain number or a list stand where a tensor or a node "
    "is meant?",
    "lists": "Lists and tuples do not calculate element by element: make a tensor, or go through them in a loop.",
    "many axes": "The tensor has fewer axes than the index has parts.",
    "gather": "`gather` and `scatter` want an index with as many axes as the table.",
    "float index": "An index or a count must be a whole number: dividing with `/` makes a float.",
    "no mean": "A mean needs floats: turn whole numbers, or True and False, into floats first.",
    "order": "`<`, `>`, `max` or `sorted` met something that has no size to compare. Take the number out of it first.",
    "raised": "Your own `raise` stopped it where an answer was expected. Which condition leads there?",
    "UnboundLocalError": "A variable is read before anything was stored in it: the line that sets it did not run, or "
    "stands further down.",
    "RecursionError": "The function calls itself again and again. Does that ever end? If it does, it goes too deep for "
    "Python, and a loop has no such limit.",
    "ZeroDivisionError": "Something was divided by zero. What is counted here, and can the count be zero?",
    "ModuleNotFoundError": "That library is not part of the course; the exercise can be solved without it.",
    "IndentationError": "Python could not read the cell: the indentation does not line up.",
    "SyntaxError": "Python could not read the cell.",
}

# Matched on fragments, because the wording drifts between versions. First match wins.
PYTORCH: tuple[tuple[str, str], ...] = (
    (r"mat1 and mat2 shapes cannot be multiplied \((\d+x\d+) and \1\)", "same matrices"),
    (r"mat1 and mat2 shapes cannot be multiplied", "matrices"),
    (r"'NoneType' object|unsupported operand type.*'NoneType'|non-iterable NoneType", "none"),
    (r"(list|tuple) index out of range", "position"),
    (r"'(float|int|bool)' object has no attribute", "plain"),
    (r"'(float|int|bool)' object is not (subscriptable|iterable)|iteration over a 0-d tensor", "no parts"),
    (r"appears? to not have been used in the graph", "unused"),
    (r"values to unpack|cannot unpack non-iterable", "unpack"),
    (r"view size is not compatible", "view"),
    (r"The shape of the mask", "mask"),
    (r"can't be cast to the desired output type", "cast"),
    (r"'generator' (object is not subscriptable|has no len)", "generator"),
    (
        r"mat1 and mat2 must have the same dtype|expected m1 and m2 to have the same dtype"
        r"|expected scalar type (Float|Double) but found",
        "dtypes",
    ),
    (r"expected (target dtype|scalar type|floating point type).{0,30}Long|but got Float", "labels float"),
    (r"multi-target not supported|0D or 1D target tensor expected", "labels shape"),
    (r"Expected floating point type for target with class probabilities", "labels probabilities"),
    (r"Target -?\d+ is out of bounds", "labels range"),
    (r"index -?\d+ is out of bounds|index out of range", "index"),
    (
        r"'(builtin_function_or_method|method|function|method-wrapper)' (object|and)|and '\w*(method|function)'",
        "not called",
    ),
    (r"torch\.return_types", "pair"),
    (r"is not a Module subclass", "layers"),
    (r"NoneType", "none"),
    (r"'(float|int)' has no len|a 0-d tensor", "no parts"),
    (r"required positional argument|positional arguments? but|unexpected keyword argument", "arguments"),
    (r"math domain error|expected a (positive|nonnegative|noninteger)", "domain"),
    (r"must be real number, not", "plain number"),
    (r"expected Tensor as element", "join numbers"),
    (r"zero-dimensional tensor .* cannot be concatenated", "no axis to join"),
    (r"must be Tensor, not", "no tensor"),
    (r"'(str|list|tuple)' object has no attribute", "plain kind"),
    (r"unsupported operand type.*'(list|tuple)'|can only concatenate|can't multiply sequence", "lists"),
    (r"too many indices", "many axes"),
    (r"Index tensor must have the same number of dimensions", "gather"),
    (
        r"tensors used as indices must|only integers, slices|cannot be interpreted as an integer",
        "float index",
    ),
    (r"could not infer output dtype", "no mean"),
    (r"not supported between instances of", "order"),
    (r"not implemented for '(Long|Int|Byte)'", "whole numbers"),
    (r"Boolean value of Tensor with more than one (value|element) is ambiguous", "ambiguous"),
    (r"modified by an inplace operation", "saved"),
    (r"a leaf Variable that requires grad is being used in an in-place operation", "leaf"),
    (r"does not require grad and does not have a grad_fn", "no tape"),
    (r"grad can be implicitly created only for scalar outputs", "scalar"),
    (r"backward through the graph a second time", "twice"),
    (r"Can't call numpy\(\) on Tensor that requires grad", "numpy"),
    (r"optimizer got an empty parameter list", "no parameters"),
    (r"all elements of input should be between 0 and 1", "probabilities"),
    (r"Weights only load failed", "weights"),
    (r"'_IncompatibleKeys' object", "report"),
    (r"expected 'f' to be string, path", "save"),
    (r"`-` operator, with (a|two) bool", "minus mask"),
    (r"^'\w+' object is not callable", "call"),
    (
        r"must match the size of tensor|size mismatch|shape .* is invalid for input of size|is not broadcastable"
        r"|expects each tensor to be equal size|1D tensors expected",
        "shapes",
    ),
    (r"Only Tensors of floating point", "float only"),
    (r"Dimension out of range", "axis"),
    (r"Inference tensors cannot be saved for backward", "inference"),
    (
        r"only one element tensors can be converted|only tensors with one element|cannot be converted to Scalar",
        "one number",
    ),
)


def meaning(failure: Failure) -> str:
    """Return the name of the explanation that fits an exception, "" if there is none."""
    if failure.line.startswith("raise "):
        return "raised"
    for pattern, name in PYTORCH:
        if re.search(pattern, failure.message):
            if name == "ambiguous" and "Loss(" in failure.line:
                return "criterion"
            if name == "shapes" and re.search(r"argmax\((dim=|axis=)?0\)", failure.line):
                return "argmax"
            return name
    return failure.kind if failure.kind in MEANS else ""


def first_line(failure: Failure) -> str:
    coloured = failure.message.strip().split("\n", 1)[0]
    return re.sub(r"\x1b\[[0-9;]*m", "", coloured)[:200]
