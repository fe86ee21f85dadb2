"""Full MNIST on request: brought here whole or not at all, from a mirror that the tests run themselves."""

import errno
import gzip
import hashlib
import io
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.datasets import MNIST

from helper.data import download as archives
from helper.data import in_memory, mnist
from helper.data.download import DownloadError, fetch

TRAIN_IMAGES = "train-images-idx3-ubyte.gz"
Reply = Callable[[BaseHTTPRequestHandler, bytes], None]


def idx(array: np.ndarray) -> bytes:
    header = b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(header + array.tobytes(), mtime=0)


def small_mnist() -> dict[str, bytes]:
    """Return four archives like MNIST's, with 12 training and 5 test images."""
    random = np.random.RandomState(0)
    small = {}
    for part, n in (("train", 12), ("t10k", 5)):
        small[f"{part}-images-idx3-ubyte.gz"] = idx(random.randint(0, 256, (n, 28, 28)).astype(np.uint8))
        small[f"{part}-labels-idx1-ubyte.gz"] = idx((np.arange(n) % 10).astype(np.uint8))
    return small


def whole(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def refusal(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    handler.send_error(403)


def other_bytes(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    whole(handler, b"<html>Please log in to this network</html>")


def half(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])


def half_of_unknown_length(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    handler.protocol_version = "HTTP/1.1"
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"%x\r\n" % len(body) + body[: len(body) // 2])
    handler.close_connection = True


def no_answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Hang up without a word."""


class Mirror:
    """Serve the small archives on the loopback address; `replies` names those answered in another way."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.replies: dict[str, Reply] = {}
        self.asked: list[str] = []
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.removeprefix("/mnist/")
                mirror.asked.append(name)
                mirror.replies.get(name, whole)(self, mirror.files[name])

            def log_message(self, *args: object) -> None:
                """Keep the tests' output clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/mnist"


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    mirror = Mirror(small_mnist())
    sums = [(name, hashlib.md5(body).hexdigest()) for name, body in mirror.files.items()]
    monkeypatch.setattr(MNIST, "resources", sums)
    monkeypatch.setattr(MNIST, "mirrors", [])  # nothing here may ask the real ones
    monkeypatch.delenv("COURSE_MNIST_URL", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    thread = threading.Thread(target=mirror.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield mirror
    mirror.server.shutdown()
    mirror.server.server_close()
    thread.join()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def unpacked(mirror: Mirror) -> set[str]:
    return {name.removesuffix(".gz") for name in mirror.files}


def failure(root: Path, url: str) -> str:
    """Return the one sentence that fetching from `url` fails with."""
    with pytest.raises(DownloadError) as caught:
        fetch(root, url)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


# What arrives


def test_mnist_is_downloaded_once_and_is_torchvisions(mirror, tmp_path):
    train = mnist(train=True, root=tmp_path, mirror=mirror.url)
    test = mnist(train=False, root=tmp_path, mirror=mirror.url)
    assert isinstance(train, MNIST)
    assert (len(train), len(test)) == (12, 5)
    assert train.targets.tolist() == [*range(10), 0, 1]
    assert sorted(mirror.asked) == sorted(mirror.files)
    assert names(tmp_path) == set(mirror.files) | unpacked(mirror)


def test_mnist_goes_into_memory_like_the_digits(mirror, tmp_path):
    dataset = mnist(root=tmp_path, mirror=mirror.url)
    images, labels = in_memory(dataset)
    assert (images.shape, images.dtype, labels.dtype) == ((12, 1, 28, 28), torch.float32, torch.int64)
    assert torch.equal(((images + 1) * 127.5).round().to(torch.uint8).squeeze(1), dataset.data)


def test_a_transform_applies_to_mnist(mirror, tmp_path):
    assert mnist(root=tmp_path, transform=lambda image: image.size, mirror=mirror.url)[0] == ((28, 28), 0)


def test_the_folder_and_the_mirror_can_come_from_the_environment(mirror, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "chosen"))
    monkeypatch.setenv("COURSE_MNIST_URL", mirror.url + "/")
    assert len(mnist()) == 12
    assert (tmp_path / "chosen" / "MNIST" / "raw" / TRAIN_IMAGES).is_file()


def test_without_a_word_mnist_goes_to_a_cache_folder_in_the_home(mirror, tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    mnist(mirror=mirror.url)
    assert (tmp_path / ".cache" / "training-neural-networks" / "MNIST" / "raw" / TRAIN_IMAGES).is_file()


def test_an_argument_counts_more_than_the_environment(mirror, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "other"))
    monkeypatch.setenv("COURSE_MNIST_URL", "http://127.0.0.1:9/")
    mnist(root=tmp_path / "this", mirror=mirror.url)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("folder", [".", "MNIST/raw"])
def test_archives_that_are_already_there_need_no_network(mirror, tmp_path, folder):
    place = tmp_path / folder
    place.mkdir(parents=True, exist_ok=True)
    for name, body in mirror.files.items():
        (place / name).write_bytes(body)
    assert len(mnist(root=tmp_path, mirror=mirror.url)) == 12
    assert mirror.asked == []


def test_unpacked_files_need_neither_archives_nor_a_network_nor_a_writable_folder(
    mirror, tmp_path, monkeypatch
):
    fetch(tmp_path, mirror.url)
    mirror.asked.clear()
    for name in mirror.files:
        (tmp_path / "MNIST" / "raw" / name).unlink()
    monkeypatch.setattr(Path, "mkdir", lambda *_, **__: pytest.fail("wrote into a finished folder"))
    assert len(mnist(train=False, root=tmp_path, mirror=mirror.url)) == 5
    assert mirror.asked == []


@pytest.mark.parametrize("damage", [lambda body: body[:-1], lambda body: b"", lambda body: b"other" + body])
def test_a_damaged_unpacked_file_is_unpacked_again(mirror, tmp_path, damage):
    fetch(tmp_path, mirror.url)
    damaged = tmp_path / "MNIST" / "raw" / TRAIN_IMAGES.removesuffix(".gz")
    before = damaged.read_bytes()
    damaged.write_bytes(damage(before))
    fetch(tmp_path, mirror.url)
    assert damaged.read_bytes() == before


def test_only_what_is_missing_is_downloaded(mirror, tmp_path):
    (tmp_path / TRAIN_IMAGES).write_bytes(mirror.files[TRAIN_IMAGES])
    fetch(tmp_path, mirror.url)
    assert sorted(mirror.asked) == sorted(set(mirror.files) - {TRAIN_IMAGES})


def test_the_next_of_torchvisions_mirrors_is_asked_when_one_refuses(mirror, tmp_path, monkeypatch):
    refusing = Mirror(mirror.files)
    refusing.replies = dict.fromkeys(mirror.files, refusal)
    thread = threading.Thread(target=refusing.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setattr(MNIST, "mirrors", [refusing.url + "/", mirror.url + "/"])
    try:
        fetch(tmp_path)
        assert sorted(refusing.asked) == sorted(mirror.asked) == sorted(mirror.files)
    finally:
        refusing.server.shutdown()
        refusing.server.server_close()
        thread.join()


def test_when_every_mirror_fails_the_first_ones_trouble_is_told(mirror, tmp_path, monkeypatch):
    mirror.replies[TRAIN_IMAGES] = refusal
    monkeypatch.setattr(MNIST, "mirrors", [mirror.url, "http://127.0.0.1:1/"])
    with pytest.raises(DownloadError, match="403 Forbidden"):
        fetch(tmp_path)


# What goes wrong


def test_without_a_network_the_offline_digits_are_named(mirror, tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    message = failure(tmp_path, url)
    assert message.startswith(f"Cannot reach {url}/{TRAIN_IMAGES} (")
    assert "helper.data.Digits, which needs no download" in message


def test_something_that_is_no_address_is_said_to_be_out_of_reach(mirror, tmp_path):
    assert failure(tmp_path, "nowhere").startswith(f"Cannot reach nowhere/{TRAIN_IMAGES} (unknown url type")


def test_a_server_that_hangs_up_is_said_to_be_out_of_reach(mirror, tmp_path):
    mirror.replies[TRAIN_IMAGES] = no_answer
    assert failure(tmp_path, mirror.url).startswith(f"Cannot reach {mirror.url}/{TRAIN_IMAGES} (")


def test_a_refusal_is_told_with_its_number_and_the_way_round(mirror, tmp_path):
    mirror.replies[TRAIN_IMAGES] = refusal
    assert failure(tmp_path, mirror.url) == (
        f"{mirror.url}/{TRAIN_IMAGES} answered 403 Forbidden: set COURSE_MNIST_URL to another mirror, "
        "or use helper.data.Digits, which needs no download."
    )


def test_wrong_bytes_are_removed_and_both_sums_are_told(mirror, tmp_path):
    mirror.replies[TRAIN_IMAGES] = other_bytes
    message = failure(tmp_path, mirror.url)
    assert f"expected {dict(MNIST.resources)[TRAIN_IMAGES]}" in message
    assert f"md5 {hashlib.md5(b'<html>Please log in to this network</html>').hexdigest()}" in message
    assert "removed" in message
    assert names(tmp_path) == set()


@pytest.mark.parametrize("broken_off", [half, half_of_unknown_length])
def test_a_transfer_that_breaks_off_keeps_nothing_and_can_be_started_again(mirror, tmp_path, broken_off):
    mirror.replies["t10k-images-idx3-ubyte.gz"] = broken_off
    message = failure(tmp_path, mirror.url)
    assert "broke off after" in message
    assert "run this again" in message
    assert all(name.startswith("train-") and not name.endswith(".part") for name in names(tmp_path))
    mirror.replies.clear()
    mirror.asked.clear()
    fetch(tmp_path, mirror.url)
    assert len(mnist(train=False, root=tmp_path)) == 5
    assert not any(name.startswith("train-") for name in mirror.asked)


def test_stopping_a_transfer_by_hand_leaves_nothing(mirror, tmp_path, monkeypatch):
    def stopped(*_: object) -> Iterator[bytes]:
        yield b"some bytes"
        raise KeyboardInterrupt

    monkeypatch.setattr(archives, "_body", stopped)
    with pytest.raises(KeyboardInterrupt):
        fetch(tmp_path, mirror.url)
    assert names(tmp_path) == set()


def test_nothing_is_written_under_its_final_name_before_it_is_complete(mirror, tmp_path, monkeypatch):
    real_open, written = Path.open, []

    def opened(path: Path, mode: str = "r", **options: object) -> object:
        written.extend([path.name] if "w" in mode else [])
        return real_open(path, mode, **options)

    monkeypatch.setattr(Path, "open", opened)
    fetch(tmp_path, mirror.url)
    assert len(written) == 8
    assert all(name.endswith(".part") for name in written)


@pytest.mark.parametrize("archive", [True, False])
def test_a_full_disk_is_told_with_the_way_out_and_nothing_half_written_stays(
    mirror, tmp_path, monkeypatch, archive
):
    class FullFile(io.FileIO):
        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    real_open = Path.open

    def opened(path: Path, mode: str = "r") -> object:
        return (
            FullFile(path, "w")
            if mode == "wb" and (".gz." in path.name) == archive
            else real_open(path, mode)
        )

    monkeypatch.setattr(Path, "open", opened)
    message = failure(tmp_path, mirror.url)
    assert message.startswith(f"Cannot write {tmp_path}")
    assert "No space left on device" in message
    assert message.endswith("free some space there, or set COURSE_DATA to another folder.")
    assert names(tmp_path) == (set() if archive else {TRAIN_IMAGES})


def test_a_folder_that_cannot_be_made_is_told_with_the_way_out(mirror, tmp_path):
    (tmp_path / "file").write_text("in the way")
    message = failure(tmp_path / "file", mirror.url)
    assert message.startswith(f"Cannot write {tmp_path / 'file'}")
    assert "COURSE_DATA" in message


def test_an_archive_with_other_bytes_is_named_and_left_for_its_owner_to_delete(mirror, tmp_path):
    (tmp_path / TRAIN_IMAGES).write_bytes(b"something else")
    message = failure(tmp_path, mirror.url)
    assert message.startswith(f"{tmp_path / TRAIN_IMAGES} is not MNIST's archive (md5 ")
    assert "delete it and run this again" in message
    assert (tmp_path / TRAIN_IMAGES).read_bytes() == b"something else"


# What is shown


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_each_archive_and_how_far_it_is(mirror, tmp_path, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    fetch(tmp_path, mirror.url)
    assert all(name in terminal.getvalue() for name in mirror.files)
    assert "100%" in terminal.getvalue()


def test_a_log_file_stays_clean(mirror, tmp_path, capfd):
    fetch(tmp_path, mirror.url)
    assert capfd.readouterr() == ("", "")
