"""Names an exercise does without, however they are written."""

import gc
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from helper.judging.names import calls, definitions, forbidden_names, statements

WITHOUT = ("log_softmax", "softmax")
AUTOGRAD = ("autograd", "backward", "requires_grad", "requires_grad_", "torch.func")
STAR = "from torch.nn.functional import *"


@pytest.mark.parametrize(
    "cells",
    [
        ["def f(x): return torch.log_softmax(x, 1)"],
        ["def f(x): return x.log_softmax(1)"],
        ["def f(x): return torch.nn.functional.log_softmax(x, 1)"],
        ["def f(x):\n    from torch.nn.functional import log_softmax as g\n    return g(x, 1)"],
        ["from torch.nn.functional import log_softmax as g", "def f(x): return g(x, 1)"],
        ["def f(x): return getattr(torch, 'log_softmax')(x, 1)"],
        ["mine = torch.log_softmax", "def f(x): return mine(x, 1)"],
        ["def mine(x): return torch.log_softmax(x, 1)", "def f(x): return mine(x)"],
        ["f = lambda x: torch.log_softmax(x, 1)"],
        ["def f(x): return x", "def f(x): return torch.log_softmax(x, 1)"],
        ["%time\ndef f(x): return torch.log_softmax(x, 1)"],
        ["f: object = torch.log_softmax"],
        ["from torch.nn.functional import *", "def f(x): return log_softmax(x, 1)"],
        ["def f(x): return torch.log_softmax(x, 1)", "mine = f", "def f(x): return mine(x)"],
        ["def f(x): return torch.log_softmax(x, 1)", "def f(x, mine=f): return mine(x)"],
        ["def f(x): return torch.log_softmax(x, 1)", "@wraps(f)\ndef f(x): return x"],
        ["def f(x): return torch.log_softmax(x, 1)", "mine = (lambda: f)()", "def f(x): return mine(x)"],
        [
            "def f(x): return torch.log_softmax(x, 1)",
            "def get(): return f",
            "mine = get()",
            "def f(x): return mine(x)",
        ],
        ["if True:\n    def mine(x): return torch.log_softmax(x, 1)", "def f(x): return mine(x)"],
        [
            "try:\n    from torch import log_softmax as mine\nfinally:\n    pass",
            "def f(x): return mine(x, 1)",
        ],
        [
            "def prepare():\n    global mine\n    mine = torch.log_softmax",
            "prepare()",
            "def f(x): return mine(x, 1)",
        ],
        ["match torch.log_softmax:\n    case mine: pass", "def f(x): return mine(x, 1)"],
        ["def g(y=(mine := torch.log_softmax)): pass", "def f(x): return mine(x, 1)"],
        ["store = {}", "store['a'] = torch.log_softmax", "def f(x): return store['a'](x, 1)"],
        ["store = []", "store.append(torch.log_softmax)", "def f(x): return store[0](x, 1)"],
        ["def f(x): return f.old(x, 1)", "f.old = torch.log_softmax"],
        ["torch.mine = torch.log_softmax", "def f(x): return torch.mine(x, 1)"],
        ["class Store: pass", "setattr(Store, 'a', torch.log_softmax)", "def f(x): return Store.a(x, 1)"],
        ["from torch.nn.functional import *", "def f(x, log_softmax=log_softmax): return log_softmax(x, 1)"],
        [STAR, "def f(x):\n    [log_softmax for log_softmax in ()]\n    return log_softmax(x, 1)"],
        ["softmax?\ndef f(x): return torch.log_softmax(x, 1)"],
        ["x = !ls\ndef f(x): return torch.log_softmax(x, 1)"],
        ["t = %time 1\ndef f(x): return torch.log_softmax(x, 1)"],
        ["% 1\ndef f(x): return torch.log_softmax(x, 1)"],
        ["%%time\ndef f(x): return torch.log_softmax(x, 1)"],
    ],
)
def test_a_forbidden_name_is_found(cells):
    assert forbidden_names(definitions(cells), "f", WITHOUT) == ("log_softmax",)


@pytest.mark.parametrize(
    "cells",
    [
        ["def f(x): return x - x.logsumexp(1)"],
        ["def f(x):\n    '''Like log_softmax, by hand.'''\n    return x  # not log_softmax"],
        ["def f(x): return x", "print(torch.log_softmax(x, 1) - f(x))"],
        ["def compare(x): return torch.log_softmax(x, 1)", "def f(x): return x"],
        ["def f(x): return torch.log_softmax(x, 1)", "def f(x): return x"],
        [
            "import torch",
            "def f(x): return torch.exp(x)",
            "torch.testing.assert_close(f(x), torch.log_softmax(x, 1))",
        ],
        ["found = []", "found.append(torch.log_softmax(x, 1))", "def f(x): return x"],
        ["def f(x): return torch.log_softmax(x, 1)", "def f(x): return f(x - 1)"],
        ["def f(x): return torch.log_softmax(x, 1)", "size = 3", "def f(x: 'f') -> f: return size * x"],
        ["def f(x): return torch.log_softmax(x, 1)", "def f(x):\n    y: f = 2\n    return y"],
        ["def f(x):\n    log_softmax = x - x.logsumexp(1)\n    return log_softmax"],
        ["def f(log_softmax): return log_softmax"],
        ["def f(x):\n    def softmax(x): return x\n    return softmax(x)"],
        ["def log_softmax(x): return x", "def f(x): return log_softmax(x)"],
        ["def f(x: this is not python"],
        [],
    ],
)
def test_comparing_explaining_and_old_versions_are_no_use_of_it(cells):
    assert forbidden_names(definitions(cells), "f", WITHOUT) == ()


@pytest.mark.parametrize(
    ("layer", "name"), [("Softmax2d()", "Softmax"), ("NLLLoss2d()", "NLLLoss"), ("Dropout3d()", "Dropout")]
)
def test_a_layer_for_images_is_the_same_layer(layer, name):
    assert forbidden_names(definitions([f"def f(x): return nn.{layer}(x)"]), "f", (name,)) == (name,)


@pytest.mark.parametrize(
    "cells",
    [
        ["def f(x):\n    print('backward')\n    return {'backward': x, 'requires_grad': 1}"],
        ['def f(x):\n    "Go backward, without autograd."\n    return x'],
        ["class Layer:\n    def backward(self, g): return g", "def f(x): return Layer().backward(x)"],
        ["def f(x): return torch.zeros(3, requires_grad=False) + x"],
        ["def f(x):\n    assert not x.requires_grad\n    return x"],
        ["def f(x): return torch.func.vmap(torch.exp)(x)"],
        ["from torch.func import vmap", "def f(x): return vmap(torch.exp)(x)"],
    ],
)
def test_words_and_methods_of_ones_own_are_no_use_of_autograd(cells):
    assert forbidden_names(definitions(cells), "f", AUTOGRAD) == ()


def test_code_made_to_hurt_the_reader_is_survived():
    chain = ["x = f", *5_000 * ["x = x"], *5_000 * ["x[0] = x"], "def f(x): return x"]
    assert forbidden_names(definitions(chain), "f", WITHOUT) == ()
    chain.append("f = x")
    assert forbidden_names(definitions(chain), "f", WITHOUT) == ()
    nested = "def f(x): return " + "(" * 5000 + "x" + ")" * 5000
    assert (
        forbidden_names(definitions([nested, "def f(x): return " + "-" * 50_000 + "x", "\0"]), "f", WITHOUT)
        == ()
    )


def test_definitions_that_use_each_other_end():
    cells = ["def f(x): return g(x)", "def g(x): return f(x)"]
    assert forbidden_names(definitions(cells), "f", WITHOUT) == ()


@pytest.mark.parametrize(
    "cells",
    [
        ["loss = torch.softmax(x, 1)", "def f(loss): return 2 * loss"],
        ["def f(x):\n    total = x.sum()\n    return total", "total = torch.softmax(x, 1).sum()"],
        ["def f(x): return sum(row for row in x)", "row = torch.softmax(x, 1)[0]"],
        ["shape = torch.softmax(x, 1).shape", "def f(x): return x.shape"],
    ],
)
def test_a_name_of_the_answers_own_does_not_lead_to_a_cell_that_uses_it_otherwise(cells):
    assert forbidden_names(definitions(cells), "f", WITHOUT) == ()


@pytest.mark.parametrize(
    "cells",
    [
        ["def f(x): return torch.func.grad(g)(x)"],
        ["from torch.func import grad", "def f(x): return grad(g)(x)"],
        ["from torch import func as tools", "def f(x): return tools.grad(g)(x)"],
        ["import torch.func as tools", "def f(x): return tools.grad(g)(x)"],
    ],
)
def test_a_module_is_found_however_it_is_imported(cells):
    assert forbidden_names(definitions(cells), "f", ("torch.func",)) == ("torch.func",)


def test_a_keyword_is_found():
    assert forbidden_names(definitions(["def f(x): return torch.tensor(x, y=True)"]), "f", ("y",)) == ("y",)


def test_threads_may_read_at_once():
    # Dask registers such a callback; in it, in the middle of building a tree, Python 3.11 changes threads.
    deep = ("x = " + "[" * 60 + "1" + "]" * 60 + "\n") * 40
    callback = lambda phase, info: [None for _ in range(20)]  # noqa: E731
    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    gc.callbacks.append(callback)
    try:
        sys.setswitchinterval(1e-5)
        gc.set_threshold(10)
        with ThreadPoolExecutor(4) as threads:
            lengths = list(threads.map(lambda _: len(statements(deep)), range(40)))
    finally:
        gc.callbacks.remove(callback)
        sys.setswitchinterval(interval)
        gc.set_threshold(*threshold)
    assert lengths == [40] * 40


OTHERS = ("f", "g", "h")


@pytest.mark.parametrize(
    "cells",
    [
        ["def f(x): return g(x)"],
        ["def g(x): return x", "def f(x): return 2 * g(x)"],
        ["def mine(x): return g(x)", "def f(x): return mine(x)"],
        ["f = g"],
        ["def g(x): return f(x)", "def f(x): return g(x)"],
        ["def f(x):\n    if x is None:\n        raise ValueError('what?')\n    return g(x)"],
    ],
)
def test_an_answer_that_calls_another_is_known(cells):
    assert calls(definitions(cells), "f", OTHERS) == ("g",)


@pytest.mark.parametrize(
    "cells",
    [
        ["def f(x): return f(x - 1)"],
        ["def f(x): return x.g(1)"],
        ["def f(g): return g(1)"],
        ["def g(x): return h(x)", "def f(x): return x"],
        ["def f(x): return g(x)", "def f(x): return x"],
        ["def f(x):\n    y = g(x)\n    raise NotImplementedError()"],
        ["f = 'g'"],
        ["f = = g"],
        [],
    ],
)
def test_methods_arguments_and_unfinished_answers_call_nothing(cells):
    assert calls(definitions(cells), "f", OTHERS) == ()
