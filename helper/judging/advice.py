"""All sentences of the judge, made from the kind of a piece and its fields. Nothing is read back out of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from helper.judging.errors import MEANS

Fields = Mapping[str, Any]

STOPPED = {
    "TimeOut": "It took too long and was stopped. Is there a loop that never ends?",
    "MemoryError": "It asked for more memory than there is. Does something grow in a loop?",
    "Flooded": "It printed more than anybody could read and was stopped. Print less, or only now and then.",
    "Crashed": "It ended or crashed the whole program. Does it call exit, or reach out of the notebook?",
    "NotRun": "This check did not run, because the code before it ended the whole program.",
}

# Sentences whose fields only fill in. `{entry}` is put in front where a list or dictionary was compared.
PLAIN = {
    "mistake": "{text}",
    "likely": "It looks like this: {text}",
    "scored": "{text}",
    "part missing": "The parts written so far count; another part is not written yet.",
    "not attempted": "Nothing to check yet: write your answer in the cell above, run it, then run this cell again.",
    "undefined": "`{exercise}` is not defined yet: run the cell above this one first.",
    "none": "The answer is `None`. Does every path end with a `return`?",
    "message": "Instead of numbers there came: {came}.",
    "text": "There came `{came}`, and something else is expected.",
    "unknown text": "The answer is `{came}`, which is none of those to choose from. Is it spelt as in the text?",
    "other": "The kind of answer is right, the value is not.",
    "nan": "Some of the numbers are NaN. Where could something overflow, or zero be divided by zero?",
    "infinite": "Some of the numbers are infinite. Where could something overflow, or a logarithm meet zero?",
    "finite": "Where an infinite number is expected, there is none. Was it replaced or cut off, or a small number "
    "added before a logarithm?",
    "zero": "Every number is 0. What should have changed them?",
    "sign": "The size is right, the sign is not.",
    "factor": "Every number is exactly {factor} times too {way}{sign}. "
    "Is a factor of {factor} missing, or one too many?",
    "whole": "Exactly {factor} times too {way}. Is a division or multiplication by {factor} missing, or one too many?",
    "size": "Exactly {factor} times too {way}{sign}, and {factor} is one of the sizes of the input. Is there {guess}?",
    "percent": "Exactly 100 times too large. A fraction lies between 0 and 1; a percentage does not.",
    "ratio": "Every number is {ratio} times the expected one{sign}. Which factor is that?",
    "shift": "Every number is off by the same amount. What was added, or left out?",
    "places": "The right numbers, in the wrong places. Which axis is which?",
    "swapped": "Two words have changed places: {words}.",
    "one word": "{wrong} of {of} answers are wrong, and all of these say `{came}`. Which rule leads there too often "
    "or too early?",
    "quotient": "It is {over}/{under} of what is right{sign}, and both are sizes of the input. Was it divided by "
    "{under} where {over} belongs?",
    "written into": "What was handed in has changed. It belongs to the caller, who may need it again: work on a copy, "
    "or make something new. (`+=` and its like and functions that end in `_` write into what is there.)",
    "not zero": "{wrong} of {of} numbers differ: all that should be 0. The others are right.",
    "lost": "{wrong} of {of} numbers differ, and all of these came out as 0. The others are right.",
    "some signs": "The sizes are right. The sign is wrong in {wrong} of {of} numbers.",
    "alike": "{wrong} of {of} numbers differ, and all of these came out as {came}. Was something cut off or filled "
    "in, or a small number added before a logarithm?",
    "order": "The right numbers, in the wrong places. In which order do they belong?",
    "numbers": "{wrong} of {of} numbers differ{where}.",
    "constant": "The same number came {of} times, where different ones are expected. What should make them differ?",
    "nothing": "The number is 0, and another one is expected. Is something never counted, or compared with what it "
    "cannot equal?",
    "one off": "It is one too {way}. Does a count begin at 0 or at 1, and is its end part of it?",
    "count": "A share between 0 and 1 is expected, and a whole number came that is a multiple of it. Is it a count? "
    "By how many should it be divided?",
    "early": "The right numbers, but each stands one place too early, so the first is missing. Does the count begin "
    "at 0 or at 1?",
    "late": "The right numbers, but each stands one place too late, so the last is missing. Does the count begin at "
    "0 or at 1, and is its end part of it?",
    "running": "Each number is the sum of all the right ones up to its place. Is a total or a count never set back?",
    "other axis": "Each {line} should add up to {total}, and here it is the other way round: lines across the "
    "{line}s do. Along which axis should it run?",
    "factor of each": "Each {line} has the right proportions and a factor of its own. What is every {line} divided "
    "by or multiplied with, and over which axis is that worked out?",
    "shift of each": "Each {line} is right but for an amount of its own. What is added to every {line} or taken from "
    "it, and over which axis is that worked out?",
    "root of a size": "Exactly the root of {of} times too {way}, and {of} is one of the sizes of the input. Is a "
    "root missing, or one too many?",
    "one less": "The ratio of what came and what is expected is that of {of} and {less}, or the root of it, and {of} "
    "is one of the sizes of the input. Divide by n, or by n - 1?",
    "base": "Off by exactly the natural logarithm of {base}. Has a logarithm another base, or is a factor of that size "
    "missing or one too many?",
    "number": "The kind of answer is right, the number is not.",
    "incomparable": "The answer is not of the kind that is expected.",
    # Notes: right as it stands, but.
    "cell failed": "The last run of the cell above ended in an error, and this is about what was there before it. "
    "Mend it and run both cells again: when marked, only what stands in the cell counts.",
    "not in notebook": "The answer reads {names}, which only a worked example defines. Examples are not run when "
    "your work is marked: write it into your own cell.",
    "slow": "This check took {seconds} s. When marked, a cell may take {limit} s.",
    "from setup": "The setup cell at the top has not been run: run it first.",
    "settings": "Your notebook changed {names}. Checks run under PyTorch's own settings, and so will your answer "
    "when it is marked; code of yours that needs the change stops here.",
    "hint": "This exercise does without {names}. They stand in the answer's text, though nothing of them ran.",
    "half": "As long as more than a detail is missing, at most half of the points count.",
    "company": "What is right here does not depend on the inputs, and counts only together with something that does.",
}
CHANGED = {
    "complement": "What came is 1 minus what is expected. Is something the wrong way round?",
    "square": "What came is the square of what is expected. Is a root missing, or a square too many?",
    "root": "What came is the root of what is expected. Is a square missing, or a root too many?",
    "logarithm": "What came is the logarithm of what is expected. Is a logarithm too many, or `exp` missing?",
    "minus logarithm": "What came is minus the logarithm of what is expected.",
    "exponential": "What came is `exp` of what is expected. Is a logarithm missing, or `exp` too many?",
    "minus exponential": "What came is `exp` of minus what is expected.",
    "inverse": "What came is 1 divided by what is expected. Was the division turned round?",
    "absolute": "The sizes are right, but the signs of the negative ones are lost. Is there an absolute value, or a "
    "root of a square?",
    "no negatives": "The positive numbers are right, but every negative one became 0. Is a `relu`, `clamp` or "
    "maximum with 0 one too many?",
}
WAYS = {"large": "a sum where a mean belongs", "small": "a mean taken once too often, or over too much"}


def sentence(kind: str, fields: Fields) -> str:
    """Say one piece in full."""
    text = gist(kind, fields)
    if kind == "error" and fields.get("line"):
        text += f" It arose at `{fields['line']}`."
    return text


def gist(kind: str, fields: Fields) -> str:
    """Say one piece without a line of the student's own."""
    before = f"The first that differs is {fields['entry']}. " if fields.get("entry") else ""
    if kind == "builds on":
        return _builds_on(fields["exercises"])
    if kind == "forbidden":
        return (
            f"This exercise builds `{fields['exercise']}` from scratch: it does without "
            f"{listed(fields['names'])}. What happens inside it?"
        )
    if kind == "either":
        return "One of these: " + " Or: ".join(fields["texts"])
    if kind == "stopped":
        return STOPPED[fields["how"]]
    if kind == "error":
        return _error(fields)
    if kind == "kinds":
        return before + _kinds(fields)
    filled = {name: _words(value) for name, value in fields.items()}
    if kind == "size":
        filled["guess"] = WAYS[fields["way"]]
    if kind == "changed":
        return before + CHANGED[fields["how"]]
    if kind == "numbers":
        filled["where"] = f": {fields['where']}" if fields.get("where") else ""
    return before + PLAIN[kind].format_map(filled)


def claim(kind: str, fields: Fields) -> tuple[str, ...]:
    """Return what a piece claims, the same whatever the inputs were."""
    if kind in ("mistake", "likely", "either", "builds on", "forbidden", "stopped"):
        return kind, gist(kind, fields)
    if kind == "error":
        return kind, fields["error"], fields.get("means", ""), fields.get("line", "")
    if kind == "kinds":
        return kind, fields.get("hint", "")
    return (kind, *(str(fields[name]) for name in ("way", "sign", "how", "line", "base") if fields.get(name)))


def listed(names: Sequence[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def _words(value: Any) -> str:
    return listed(value) if isinstance(value, list | tuple) else str(value)


def _builds_on(names: Sequence[str]) -> str:
    passed = "whose own check has not passed yet. Get that right first"
    if len(names) > 1:
        passed = "whose own checks have not passed yet. Get those right first"
    return f"It builds on {listed(names)}, {passed}: what goes wrong here may come from there."


def _error(fields: Fields) -> str:
    first = str(fields.get("message", ""))
    said = f"`{fields['error']}: {first}`" if first else f"`{fields['error']}`"
    means = MEANS.get(fields.get("means", ""))
    return f"{means} Python said {said}." if means else f"The code stopped with {said}."


def _kinds(fields: Fields) -> str:
    text = f"Expected is {fields['expected']}; there came {fields['got']}."
    hints = {
        "transposed": " It looks transposed.",
        "axis": " Only axes of length 1 differ.",
        "axis lost": " Only axes of length 1 differ. `squeeze()` drops all of them, `squeeze(dim)` one; a sum or "
        "maximum along an axis keeps it with `keepdim=True`.",
        "axis left": " Only axes of length 1 differ. `keepdim=True`, `unsqueeze` and `None` as an index leave one; "
        "`squeeze(dim)` takes it away.",
        "square": " Each number met every other, as when a column `(n, 1)` and a row `(n,)` are broadcast, or two "
        "lists of indices that should be paired are not.",
        "broadcast": " A sum or mean over one axis may be missing, or two shapes were broadcast.",
        "item": " `.item()` turns a tensor of one element into a number.",
        "tensor": " A plain number can carry no gradient: keep it a tensor.",
        "entries": " The names of the entries differ.",
        "single": " One number came where several are expected: was something added up, averaged, or only the last one "
        "kept?",
        "flat": " As many numbers, but axes were joined.",
        "reduced": " An axis is missing: was something added up, averaged or picked along it?",
        "fewer": " There are too few: does something end too early, begin anew in a loop, or leave the rest out?",
        "more": " There are too many: does a loop run too long, or is something kept twice?",
        "whole": " Whole numbers came: was something counted, rounded, divided by `//`, or chosen by `argmax`?",
        "truth": " Truth values came: that is what a comparison gives.",
        "several": " A list or tuple came in the place of one tensor.",
    }
    return text + hints.get(fields.get("hint", ""), "")
