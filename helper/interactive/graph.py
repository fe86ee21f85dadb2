"""A two-layer network of plain numbers as a graph, to step through forwards and then backwards."""

from __future__ import annotations

import math

from helper.interactive import Figure, beside, button, figure, shown
from helper.plot import PALETTE

X, Y = 2.0, 1.0
W1, B1, W2, B2 = 0.5, -0.5, -1.5, 0.2

FORWARD, BACKWARD = PALETTE["blue"], PALETTE["red"]
ROW = 176  # the height of the arrows between boxes
BOXES = {"L1": 180, "S": 340, "L2": 500, "loss": 660}
FORMULAS = {"L1": "W1·x + b1", "S": "σ(L1)", "L2": "W2·S + b2", "loss": "(L2 − y)²"}
PARAMETERS = {"W1": (125, "L1"), "b1": (235, "L1"), "W2": (445, "L2"), "b2": (555, "L2")}
HALF = 32  # of a box's width


def graph() -> Figure:
    """Show the graph x → L1 → S → L2 → loss: buttons let its values appear step by step, then its gradients."""
    steps = _steps()
    return figure(
        svg=_drawing(""),
        static=_drawing("All values of the forward pass, and all gradients of the backward pass."),
        controls=button("first", "Start again")
        + button("back", "◀ One back")
        + button("next", "Next step ▶")
        + button("last", "Show all")
        + shown("number"),
        script=beside("graph.js"),
        data={
            "steps": steps,
            "names": [name for step in steps for name in step["shows"]],  # type: ignore[attr-defined]
            "boxes": list(BOXES),
            "ink": PALETTE["ink"],
        },
        alt="The graph of a two-layer network. Above each arrow, in blue, its value on the forward pass; below it, "
        "in red, the gradient of the loss on the backward pass. "
        + ", ".join(f"{name} = {_number(value)}" for name, value in numbers().items())
        + ".",
    )


def numbers() -> dict[str, float]:
    """Return every value of the forward pass and every gradient of the backward pass, in the order of the steps."""
    l1 = W1 * X + B1
    s = 1 / (1 + math.exp(-l1))
    l2 = W2 * s + B2
    d_l2 = 2 * (l2 - Y)
    d_s = d_l2 * W2
    d_l1 = d_s * s * (1 - s)
    return {
        **{"L1": l1, "S": s, "L2": l2, "loss": (l2 - Y) ** 2, "dloss": 1.0},
        **{"dL2": d_l2, "dW2": d_l2 * s, "db2": d_l2, "dS": d_s, "dL1": d_l1, "dW1": d_l1 * X, "db1": d_l1},
    }


def _steps() -> list[dict[str, object]]:
    """Return what each step shows, at which box, and the sentence below the graph."""
    n = {name: _number(value) for name, value in numbers().items()}
    w2, b2 = _number(W2), _number(B2)
    forward = [
        ("", "", "Known from the start: the input x, the target y, the four parameters. Now forwards."),
        ("L1", "L1", f"L1 = W1·x + b1 = {W1:g} · {X:g} − {-B1:g} = {n['L1']}"),
        ("S", "S", f"S = σ(L1) = σ({n['L1']}) = {n['S']}"),
        ("L2", "L2", f"L2 = W2·S + b2 = {w2} · {n['S']} + {b2} = {n['L2']}"),
        ("loss", "loss", f"loss = (L2 − y)² = ({n['L2']} − {Y:g})² = {n['loss']}. Now backwards."),
    ]
    backward = [
        ("loss", "dloss", "Start with 1: when the loss grows, the loss grows just as much."),
        ("loss", "dL2", f"dL2 = 1 · 2(L2 − y) = 2 · ({n['L2']} − {Y:g}) = {n['dL2']}"),
        ("L2", "dW2", f"dW2 = dL2 · S = {n['dL2']} · {n['S']} = {n['dW2']}"),
        ("L2", "db2", f"db2 = dL2 · 1 = {n['db2']}"),
        ("L2", "dS", f"dS = dL2 · W2 = {n['dL2']} · ({w2}) = {n['dS']}"),
        ("S", "dL1", f"dL1 = dS · S(1 − S) = {n['dS']} · {n['S']} · (1 − {n['S']}) = {n['dL1']}"),
        ("L1", "dW1", f"dW1 = dL1 · x = {n['dL1']} · {X:g} = {n['dW1']}"),
        ("L1", "db1", f"db1 = dL1 · 1 = {n['db1']}. Every parameter has its gradient."),
    ]
    return [
        {"at": at, "shows": [name] if name else [], "says": says, "colour": colour}
        for colour, part in ((FORWARD, forward), (BACKWARD, backward))
        for at, name, says in part
    ]


def _drawing(says: str) -> str:
    """Return the whole graph with every value and gradient, and a sentence below."""
    n = {name: _number(value) for name, value in numbers().items()}
    ink, grey = PALETTE["ink"], PALETTE["grey"]
    places = list(BOXES.items())
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 300" font-size="14" '
        f'font-family="DejaVu Sans, Verdana, sans-serif" fill="{ink}" text-anchor="middle">',
        *(
            f'<marker id="@@{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            f'orient="auto"><path d="M0 0 8 4 0 8z" fill="{colour}"/></marker>'
            for name, colour in (("on", FORWARD), ("home", BACKWARD), ("known", grey))
        ),
        f'<text x="20" y="22" text-anchor="start" fill="{FORWARD}">values, forwards</text>',
        f'<text x="20" y="42" text-anchor="start" fill="{BACKWARD}">gradients of the loss, backwards</text>',
        f'<text x="780" y="22" text-anchor="end" fill="{grey}">rounded to three decimals</text>',
        _arrow("known", 62, ROW, BOXES["L1"] - HALF, ROW),
        f'<text x="34" y="{ROW + 5}" fill="{FORWARD}">x = {X:g}</text>',
        _arrow("known", BOXES["loss"], 102, BOXES["loss"], ROW - 26),
        f'<text x="{BOXES["loss"]}" y="94" fill="{FORWARD}">y = {Y:g}</text>',
    ]
    for name, (x, box) in PARAMETERS.items():
        to = BOXES[box] + (18 if x > BOXES[box] else -18)
        value = {"W1": W1, "b1": B1, "W2": W2, "b2": B2}[name]
        parts += [
            f'<text x="{x}" y="74" fill="{FORWARD}">{name} = {_number(value)}</text>',
            _arrow("known", x + (to - x) * 0.2 - 4, 102, to - 4, ROW - 26),
            f'<g data-name="d{name}"><text x="{x}" y="94" fill="{BACKWARD}">d{name} = {n[f"d{name}"]}</text>'
            f"{_arrow('home', to + 5, ROW - 26, x + (to - x) * 0.2 + 5, 102)}</g>",
        ]
    for number, (name, x) in enumerate(places):
        left = x + HALF
        right = places[number + 1][1] - HALF if number + 1 < len(places) else 790
        middle = (left + right) / 2
        words = "ℓ" if name == "loss" else name
        parts += [
            f'<rect data-name="box-{name}" x="{x - HALF}" y="{ROW - 24}" width="{2 * HALF}" height="48" rx="8" '
            f'fill="#ffffff" stroke="{ink}" stroke-width="1.5"/>',
            f'<text x="{x}" y="{ROW + 6}" font-size="18">{words}</text>',
            f'<text x="{x}" y="{ROW + 46}" fill="{grey}">{FORMULAS[name]}</text>',
            f'<g data-name="{name}">{_arrow("on", left, ROW - 6, right, ROW - 6)}'
            f'<text x="{middle:g}" y="{ROW - 16}" fill="{FORWARD}" font-size="13">{_label(words, n[name])}</text></g>',
            f'<g data-name="d{name}">{_arrow("home", right, ROW + 8, left, ROW + 8)}'
            f'<text x="{middle:g}" y="{ROW + 27}" fill="{BACKWARD}" font-size="13">'
            f"{_label(f'd{words}', n[f'd{name}'])}</text></g>",
        ]
    parts += [
        f'<text data-name="says" data-says="" x="400" y="276" font-size="16">{says}</text>',
        "</svg>",
    ]
    return "\n".join(parts)


def _arrow(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    colour = {"on": FORWARD, "home": BACKWARD, "known": PALETTE["grey"]}[kind]
    return (
        f'<line x1="{x1:.4g}" y1="{y1:.4g}" x2="{x2:.4g}" y2="{y2:.4g}" stroke="{colour}" stroke-width="2" '
        f'marker-end="url(#@@{kind})"/>'
    )


def _label(name: str, value: str) -> str:
    return f"{name} = {value}"


def _number(value: float) -> str:
    """Write a number with at most three decimals, and with a real minus sign."""
    return f"{value:.3f}".rstrip("0").rstrip(".").replace("-", "−")
