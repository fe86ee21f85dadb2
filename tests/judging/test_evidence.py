"""Plain data: what becomes of values on their way out of a student's process."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helper.judging.evidence import MOST_NUMBERS, Evidence, Failure, plain, same, sealed

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(ANYTHING)
def test_everything_plain_survives_json_and_equals_itself(value):
    data = plain(value)
    again = json.loads(json.dumps(data, allow_nan=False))
    assert same(data, again)
    assert again == data


@given(ANYTHING, ANYTHING)
def test_comparing_anything_with_anything_never_raises(a, b):
    assert same(a, b) in (True, False)
    assert same(plain(a), b) in (True, False)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (torch.tensor([1.0]), torch.tensor([1.0, 1.0])),
        (torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0], [2.0]])),
        (torch.tensor([1.0]), torch.tensor([1])),
        (torch.tensor(1.0), 1.0),
        (torch.tensor(1.0), np.float64(1.0)),
        (np.ones(2), torch.ones(2)),
        (True, 1),
        ("a", "b"),
        ([1, 2], [1, 2, 3]),
        ({"a": 1}, {"a": 2}),
        (None, 0),
        (math.nan, 0.0),
        (math.inf, -math.inf),
        (1.0, 1.001),
        (torch.tensor([1.0, math.nan]), torch.tensor([math.nan, 1.0])),
    ],
)
def test_what_differs_in_kind_shape_or_value_is_not_the_same(a, b):
    assert not same(plain(a), plain(b))
    assert not same(plain(b), plain(a))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.0], dtype=torch.float64)),
        (torch.tensor([1.0, 2.0]), torch.tensor([1.00001, 2.0], requires_grad=True)),
        (1, 1.0),
        ((1, 2), [1, 2]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (math.nan, math.nan),
        (0.0, 1e-9),
        (torch.tensor([1000.0, 0.0]), torch.tensor([1000.0, 1e-4])),
    ],
)
def test_rounding_precision_and_the_way_of_writing_do_not_count(a, b):
    assert same(plain(a), plain(b))


def test_a_tolerance_can_be_tighter():
    assert same(plain(1.0), plain(1.00005))
    assert not same(plain(1.0), plain(1.00005), tolerance=1e-6)


def test_a_large_tensor_is_sampled_and_keeps_its_shape():
    data = plain(torch.arange(1_000_000.0).reshape(1000, 1000))
    assert data["shape"] == [1000, 1000]
    assert len(data["values"]) <= MOST_NUMBERS


def test_what_has_no_plain_form_is_named():
    assert plain(object()) == {"object": "object"}
    assert plain(torch.nn.Linear(1, 1)) == {"object": "Linear"}


class Own(torch.Tensor):
    """A subclass, as some libraries have."""


class Rude(torch.Tensor):
    """A subclass that does not let itself be looked at."""

    def detach(self):
        raise RuntimeError("hands off")


class Hostile:
    def __getattr__(self, name):
        raise ValueError(name)


class Endless(dict):
    def items(self):
        raise RuntimeError("no end")


def nested():
    return torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])


NUMBERS = {
    "float64": torch.ones(2, dtype=torch.float64),
    "half": torch.ones(2, dtype=torch.float16),
    "bfloat16": torch.ones(2, dtype=torch.bfloat16),
    "float8": torch.ones(2).to(torch.float8_e4m3fn),
    "float8, another": torch.ones(2).to(torch.float8_e5m2),
    "a parameter": torch.nn.Parameter(torch.ones(2)),
    "tracked": torch.ones(2, requires_grad=True) * 1,
    "a view with the sign kept back": torch.tensor([-1j, -1j]).conj().imag,
    "a subclass": torch.ones(2).as_subclass(Own),
    "transposed": torch.ones(1, 2).T[:, 0].expand(2),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_every_tensor_of_numbers_is_evidence(kind):
    assert plain(NUMBERS[kind]) == {"tensor": True, "shape": [2], "type": "float", "values": [1.0, 1.0]}


NAMED = {
    "sparse": (lambda: torch.eye(2).to_sparse(), "sparse_coo"),
    "sparse rows": (lambda: torch.eye(2).to_sparse_csr(), "sparse_csr"),
    "quantised": (lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.quint8), "quint8"),
    "nested": (nested, "Tensor"),
    "complex": (lambda: torch.ones(2, dtype=torch.complex64), "complex64"),
    "complex, conjugated": (lambda: torch.ones(2, dtype=torch.complex64).conj(), "complex64"),
    "on no device": (lambda: torch.ones(2, device="meta"), "device meta"),
    "a subclass that resists": (lambda: torch.ones(2).as_subclass(Rude), "Rude"),
    "bits": (lambda: torch.empty(2, dtype=torch.bits8), "bits8"),
    "whatever answers nothing": (Hostile, "Hostile"),
    "a mapping without end": (lambda: Endless(a=1), "Endless"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", NAMED)
def test_what_has_no_numbers_to_read_is_named_and_raises_nothing(kind):
    make, words = NAMED[kind]
    data = plain(make())
    assert set(data) == {"object"}
    assert words in data["object"]
    assert plain([make()]) == {"list": [data], "length": 1}


def test_a_tensor_inside_a_transformation_is_named():
    seen = []
    torch.func.vmap(lambda row: seen.append(plain(row)) or row)(torch.ones(2, 3))
    assert set(seen[0]) in ({"object"}, {"tensor", "shape", "type", "values"})


def test_an_unanswered_value_is_told_apart_from_none():
    assert plain(...) != plain(None)


def test_sealing_hides_texts_and_keeps_numbers_comparable():
    data = plain({"choice": "b", "loss": 2.5})
    hidden = sealed(data, "lesson")
    assert '"b"' not in json.dumps(hidden)
    assert same(hidden, sealed(plain({"choice": "b", "loss": 2.5}), "lesson"))
    assert not same(hidden, sealed(plain({"choice": "c", "loss": 2.5}), "lesson"))
    assert not same(hidden, sealed(data, "another lesson"))


def test_evidence_survives_json():
    evidence = Evidence({"one": plain(1)}, Failure("ValueError", "no", "x = 1"))
    assert Evidence.from_json(json.loads(json.dumps(evidence.to_json()))) == evidence


@pytest.mark.parametrize(
    "garbage", [None, 3, [], {"shown": 3}, {"shown": [[1]]}, {"shown": [], "failure": 3}]
)
def test_garbage_is_refused_as_evidence(garbage):
    with pytest.raises(ValueError, match="not evidence"):
        Evidence.from_json(garbage)
