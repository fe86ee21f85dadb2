"""A network as plain data gives the answers that PyTorch gives, and costs its judge no more than it may."""

import copy
import json

import numpy as np
import pytest
import torch
from torch import nn

from helper.fixtures.network import network
from helper.judging.network import BATCH, NetworkError, packed, predictions, unpacked

SHAPE = (1, 12, 12)


class Own(nn.Module):
    """A network as a person writes it, with a way round a layer."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(144, 20), nn.Linear(20, 20)
        self.last = nn.Linear(20, 5)

    def forward(self, x):
        x = torch.tanh(self.first(x.view(len(x), -1) - 0.1))
        x = x + 0.5 * nn.functional.relu(self.second(x))
        return nn.functional.log_softmax(self.last(x / 2), dim=1)


class Twice(nn.Module):
    """The mean over an image and its mirror image, through a layer used twice."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(144, 5))

    def forward(self, x):
        return torch.stack([self.net(x), self.net(x.flip(3))]).mean(0)


NETWORKS = {
    "linear": lambda: nn.Sequential(nn.Flatten(), nn.Linear(144, 5)),
    "one of one's own": Own,
    "a mean over two views": Twice,
    "convolutions": lambda: nn.Sequential(
        nn.Conv2d(1, 6, 5, stride=2, padding=2), nn.BatchNorm2d(6), nn.GELU(), nn.MaxPool2d(2, padding=1),
        nn.Conv2d(6, 8, 3, padding=1, groups=2, dilation=1), nn.LeakyReLU(0.1), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Dropout(0.5), nn.Linear(8, 5),
    ),
    "norms": lambda: nn.Sequential(
        nn.AvgPool2d(3), nn.Flatten(), nn.Linear(16, 9), nn.LayerNorm(9), nn.SiLU(), nn.BatchNorm1d(9), nn.ELU(),
        nn.Linear(9, 7), nn.Hardtanh(), nn.Linear(7, 5), nn.Sigmoid(), nn.Softmax(dim=1),
    ),
}  # fmt: skip


def trained_a_little(make):
    torch.manual_seed(1)
    model = make()
    model(torch.randn(64, *SHAPE))  # running statistics that are not those of the start
    return model


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_as_plain_data_answers_as_pytorch_does(name):
    model = trained_a_little(NETWORKS[name])
    images = torch.randn(3 * BATCH, *SHAPE)
    sent = json.loads(json.dumps(network(model, SHAPE, most=200_000)))
    with torch.no_grad():
        expected = model.eval()(images).argmax(dim=1)
    assert predictions(sent["network"], images.numpy()) == expected.tolist()


def test_numbers_used_twice_count_once_and_hidden_ones_count_too():
    assert isinstance(network(Twice(), SHAPE, most=725), dict)
    assert "725 numbers, and 724 are allowed" in network(Twice(), SHAPE, most=724)

    class Hides(nn.Module):
        table = torch.ones(300, 144)

        def forward(self, x):
            return x.flatten(1) @ self.table.T

    assert "43,200 numbers" in network(Hides(), SHAPE, most=200)


def test_arrays_survive_the_way():
    for array in (np.arange(6.0, dtype=np.float32).reshape(2, 3), np.arange(4), np.float32(2.5).reshape(())):
        assert np.array_equal(unpacked(json.loads(json.dumps(packed(array)))), array)


GOOD = network(nn.Sequential(nn.Flatten(), nn.Linear(144, 5)), SHAPE, most=1000)
IMAGES = np.zeros((BATCH, *SHAPE), np.float32)
FIRST, BIG = {"value": 0}, {"value": 3}


def spoilt(**changes):
    return copy.deepcopy(GOOD["network"]) | changes


@pytest.mark.parametrize(
    "network",
    [
        None, 3, [], {}, spoilt(steps=3), spoilt(result=99), spoilt(result="x"), spoilt(numbers=[{"shape": [3]}]),
        spoilt(numbers=[{"shape": [-1], "kind": "float32", "bytes": ["????"]}]),
        spoilt(steps=[["__import__", ["os"]]]), spoilt(steps=[["view", [FIRST, [10**12]]]]),
        spoilt(steps=[["view", []]] * 501), spoilt(steps=[["t", [{"value": -1}]]]),
        spoilt(steps=[["expand", [FIRST, [10**6, 100, 1, 12, 12]]], ["exp", [{"value": 3}]]]),
        spoilt(steps=[["cat", [[FIRST] * 10**5, 0]]]),
        spoilt(steps=[["constant_pad_nd", [FIRST, [10**9, 0], 0.0]]]),
        spoilt(steps=[["add", [FIRST, FIRST]]] * 3, result=0),
        spoilt(steps=[["view", [FIRST, [14400, 1]]], ["t", [BIG]], ["mm", [BIG, {"value": 4}]]]),
    ],
)  # fmt: skip
def test_what_is_no_network_or_reckons_too_much_is_refused_in_one_sentence(network):
    with pytest.raises(NetworkError) as error:
        predictions(network, IMAGES)
    assert str(error.value).endswith(".")
