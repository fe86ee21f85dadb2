"""Bring the four archives of MNIST to a folder, each whole or not at all."""

import gzip
import hashlib
import os
import shutil
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPException, HTTPResponse
from math import prod
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from torchvision.datasets import MNIST

_OTHERWISE = "set COURSE_MNIST_URL to another mirror, or use helper.data.Digits, which needs no download"
_CHUNK = 1 << 16  # bytes


class DownloadError(RuntimeError):
    """Say in one sentence why MNIST is not here and what to do next."""


def fetch(root: Path, mirror: str | None = None) -> None:
    """Put MNIST's files, unpacked, where torchvision looks for them: in `root/MNIST/raw`.

    What is there is left as it is; archives in `root` or `root/MNIST/raw` are unpacked; only what is missing
    is downloaded, from the folder at the address `mirror`, else COURSE_MNIST_URL, else torchvision's mirrors.
    A file appears under its name only once it is complete, so this can be stopped and started at any time.
    Raises DownloadError for no network, a refusal, a broken-off transfer, wrong bytes, an unwritable folder.
    """
    own = mirror or os.environ.get("COURSE_MNIST_URL")
    raw = root / "MNIST" / "raw"
    for name, md5 in MNIST.resources:
        unpacked = raw / name.removesuffix(".gz")
        if _is_whole(unpacked):
            continue
        archive = _find(name, md5, (root, raw))
        if archive is None:
            archive = raw / name
            _download(archive, md5, [own] if own else MNIST.mirrors)
        with gzip.open(archive) as source, _appearing_whole(unpacked) as target:
            shutil.copyfileobj(source, target)


def _is_whole(path: Path) -> bool:
    """Tell whether `path` is an idx file as long as its own header says (two zeros, type, rank, lengths)."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        magic = file.read(4)
        rank = magic[-1] if magic[:3] == b"\0\0\x08" and len(magic) == 4 else 0
        lengths = file.read(4 * rank)
    if rank == 0 or len(lengths) < 4 * rank:
        return False
    size: int = 4 + 4 * rank + prod(struct.unpack(f">{rank}I", lengths))
    return path.stat().st_size == size


def _find(name: str, md5: str, folders: Sequence[Path]) -> Path | None:
    """Return the archive if a folder has it; refuse one with other bytes, which is never ours to delete."""
    for path in (folder / name for folder in folders):
        if path.is_file():
            found = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
            if found != md5:
                raise DownloadError(
                    f"{path} is not MNIST's archive (md5 {found}, expected {md5}): "
                    "delete it and run this again."
                )
            return path
    return None


def _download(path: Path, md5: str, mirrors: Sequence[str]) -> None:
    errors = []
    for mirror in mirrors:
        try:
            return _download_from(f"{mirror.rstrip('/')}/{path.name}", path, md5)
        except DownloadError as error:
            errors.append(error)
    raise errors[0]  # mirrors come best first: the others' troubles say less


def _download_from(url: str, path: Path, md5: str) -> None:
    digest = hashlib.md5(usedforsecurity=False)
    with _appearing_whole(path) as file, _answer(url) as answer:
        size = int(answer.headers.get("Content-Length") or 0) or None
        with _progress(path.name, size) as advance:
            for chunk in _body(answer, url, size):
                file.write(chunk)
                digest.update(chunk)
                advance(len(chunk))
        if digest.hexdigest() != md5:
            raise DownloadError(
                f"{url} sent other bytes than MNIST's (md5 {digest.hexdigest()}, expected {md5}), which were "
                f"removed: run this again, {_OTHERWISE}."
            )


@contextmanager
def _appearing_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary neighbour of `path` that takes its name when complete and disappears otherwise."""
    part = path.with_name(f"{path.name}.{token_hex(4)}.part")  # two notebooks may fetch at the same time
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise DownloadError(
            f"Cannot write {path} ({error.strerror}): free some space there, "
            "or set COURSE_DATA to another folder."
        ) from error
    finally:
        with suppress(OSError):
            part.unlink()


def _answer(url: str) -> HTTPResponse:
    try:
        request = Request(url, headers={"User-Agent": "training-neural-networks"})  # some refuse Python's own
        answer: HTTPResponse = urlopen(request, timeout=30)  # seconds without a byte
        return answer
    except HTTPError as error:
        error.close()
        raise DownloadError(f"{url} answered {error.code} {error.reason}: {_OTHERWISE}.") from None
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise DownloadError(f"Cannot reach {url} ({reason}): check the network, {_OTHERWISE}.") from None


def _body(answer: HTTPResponse, url: str, size: int | None) -> Iterator[bytes]:
    received, reason = 0, "connection closed"
    try:
        while chunk := answer.read(_CHUNK):
            received += len(chunk)
            yield chunk
    except (OSError, HTTPException) as error:
        size, reason = size or received + 1, str(error)
    if size is not None and received < size:
        raise DownloadError(
            f"The transfer of {url} broke off after {received} bytes ({reason}); nothing of it was kept: "
            f"run this again, {_OTHERWISE}."
        )


@contextmanager
def _progress(name: str, size: int | None) -> Iterator[Callable[[int], None]]:
    """Show how far a transfer is, on a terminal or in a notebook; a log file stays clean."""
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress

    columns = (*Progress.get_default_columns(), DownloadColumn())
    console = Console(stderr=True)
    hidden = not (console.is_terminal or console.is_jupyter)
    with Progress(*columns, console=console, disable=hidden) as progress:
        task = progress.add_task(name, total=size)
        yield lambda count: progress.advance(task, count)
