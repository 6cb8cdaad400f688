from __future__ import annotations

import multiprocessing
import os
import sys
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
from moto.server import ThreadedMotoServer

from ledgerkit.adapters.objects import FolderDocuments, S3Documents
from ledgerkit.ports.documents import BadKey, DocumentExists, DocumentMissing, Documents
from ledgerkit.testing.contracts.documents import PDF, DocumentsContract
from tests.processes import PROCESSES

posix_only = pytest.mark.skipif(os.name == "nt", reason="needs POSIX")


class TestFolderDocuments(DocumentsContract):
    @pytest.fixture
    def documents(self, tmp_path: Path) -> Documents:
        """Return an empty store."""
        return FolderDocuments(tmp_path / "documents")


class TestMemoryUrl(DocumentsContract):
    @pytest.fixture
    def documents(self) -> Documents:
        """Return an empty store."""
        return S3Documents("memory:///")


class TestS3Documents(DocumentsContract):
    @pytest.fixture
    def documents(self, bucket: S3Documents) -> Documents:
        """Return an empty store."""
        return bucket


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Return the address of an S3 of our own."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


@pytest.fixture
def bucket(server: str, request: pytest.FixtureRequest) -> S3Documents:
    """Return a store in a bucket that no other test has."""
    name = f"b{abs(hash(request.node.nodeid))}"
    urlopen(urllib.request.Request(f"{server}/{name}", method="PUT")).close()
    return S3Documents(
        f"s3://{name}/live",
        endpoint=server,
        region="us-east-1",
        access_key_id="AKIATEST",
        secret_access_key="wJalrXUtn",
        client_options={"allow_http": True},
    )


# ---- folder -----------------------------------------------------------------------------------
def test_folder_keeps_what_was_put(tmp_path: Path) -> None:
    """Documents are plain files that the next process finds."""
    FolderDocuments(tmp_path).put("invoices/1.pdf", b"one", media_type=PDF)

    assert b"one" == (tmp_path / "invoices" / "1.pdf").read_bytes()
    assert b"one" == FolderDocuments(str(tmp_path)).get("invoices/1.pdf")
    assert ["1.pdf"] == [file.name for file in (tmp_path / "invoices").iterdir()]


def test_folder_link_opens(tmp_path: Path) -> None:
    """Without a URL, a link is a file URL that opens the document."""
    documents = FolderDocuments(tmp_path / "my documents")
    link = documents.put("a+b/1=2.pdf", b"one", media_type=PDF).link

    assert b"one" == urlopen(link).read()


def test_folder_link_starts_with_the_url(tmp_path: Path) -> None:
    """With a URL, a link starts with it."""
    documents = FolderDocuments(tmp_path, url="https://billing.example/files/")
    stored = documents.put("invoices/1.pdf", b"one", media_type=PDF)

    assert "https://billing.example/files/invoices/1.pdf" == stored.link


@posix_only
def test_folder_is_private(tmp_path: Path) -> None:
    """Files and folders are for their owner alone, whatever the umask."""
    root = tmp_path / "documents"
    FolderDocuments(root).put("invoices/1.pdf", b"one", media_type=PDF)

    assert 0o700 == root.stat().st_mode & 0o777
    assert 0o700 == (root / "invoices").stat().st_mode & 0o777
    assert 0o600 == (root / "invoices" / "1.pdf").stat().st_mode & 0o777


@posix_only
@pytest.mark.parametrize("key", ["out/1.pdf", "in/out/1.pdf", "in/file.pdf", "in/nothing.pdf"])
def test_folder_follows_no_symbolic_link(tmp_path: Path, key: str) -> None:
    """A key that leads through a symbolic link is refused, and nothing outside is touched."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    documents = FolderDocuments(root)
    outside.mkdir()
    (outside / "1.pdf").write_bytes(b"secret")
    documents.put("in/1.pdf", b"one", media_type=PDF)
    (root / "out").symlink_to(outside)
    (root / "in" / "out").symlink_to(outside)
    (root / "in" / "file.pdf").symlink_to(outside / "1.pdf")
    (root / "in" / "nothing.pdf").symlink_to(outside / "2.pdf")

    with pytest.raises(BadKey, match="symbolic link"):
        documents.put(key, b"two", media_type=PDF)
    with pytest.raises(BadKey, match="symbolic link"):
        documents.get(key)
    with pytest.raises(BadKey, match="symbolic link"):
        documents.link(key, expires=None)
    assert {"1.pdf": b"secret"} == {file.name: file.read_bytes() for file in outside.iterdir()}


@posix_only
def test_folder_follows_no_link_made_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that appears after the check is still not followed by reading or writing."""
    documents = FolderDocuments(tmp_path / "root")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "root" / "1.pdf").symlink_to(tmp_path / "secret")
    monkeypatch.setattr(Path, "is_symlink", lambda _: False)

    with pytest.raises(OSError, match="symbolic link"):
        documents.get("1.pdf")
    with pytest.raises(OSError, match="symbolic link"):
        documents.put("1.pdf", b"one", media_type=PDF)
    assert b"secret" == (tmp_path / "secret").read_bytes()


def test_folder_is_a_document_or_a_folder(tmp_path: Path) -> None:
    """A key below a document, or one that names a folder, is refused with the reason."""
    documents = FolderDocuments(tmp_path)
    documents.put("a/b", b"one", media_type=PDF)

    with pytest.raises(BadKey, match="'b' is a document"):
        documents.put("a/b/c", b"two", media_type=PDF)
    with pytest.raises(BadKey, match="names a folder"):
        documents.put("a", b"two", media_type=PDF)
    with pytest.raises(DocumentMissing):
        documents.get("a")


def test_folder_leaves_nothing_when_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A put that fails halfway leaves neither the document nor a draft, and works later."""
    documents = FolderDocuments(tmp_path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            documents.put("1.pdf", b"one", media_type=PDF)

    assert [] == list(tmp_path.iterdir())
    documents.put("1.pdf", b"one", media_type=PDF)
    assert b"one" == documents.get("1.pdf")


def _attempt(root: Path, data: bytes, gate: multiprocessing.Barrier) -> None:  # type: ignore[valid-type]  # typeshed calls it a method
    documents = FolderDocuments(root)
    gate.wait()  # type: ignore[attr-defined]  # as above
    try:
        documents.put("a/b/c.pdf", data, media_type=PDF)
    except DocumentExists:
        sys.exit(3)


def test_folder_one_of_many_processes_wins(tmp_path: Path) -> None:
    """Of processes that put under one key exactly one wins; the others are told."""
    contents = [bytes([n]) * 300_000 for n in range(3)]
    gate = PROCESSES.Barrier(len(contents))
    runs = [PROCESSES.Process(target=_attempt, args=(tmp_path, data, gate)) for data in contents]
    for process in runs:
        process.start()
    for process in runs:
        process.join(60)

    assert [0, 3, 3] == sorted(process.exitcode or 0 for process in runs)
    winner = next(n for n, process in enumerate(runs) if process.exitcode == 0)
    assert contents[winner] == FolderDocuments(tmp_path).get("a/b/c.pdf")
    assert ["c.pdf"] == [file.name for file in (tmp_path / "a" / "b").iterdir()]


# ---- S3 ---------------------------------------------------------------------------------------
def test_s3_signed_link_opens(bucket: S3Documents) -> None:
    """A link with an expiry opens the document as its media type, for who has no account."""
    bucket.put("invoices/a=b@c+d.pdf", b"%PDF-1.7", media_type=PDF)
    link = bucket.link("invoices/a=b@c+d.pdf", expires=timedelta(minutes=10))

    assert "X-Amz-Expires=600" in link
    with urlopen(link) as answer:
        assert (b"%PDF-1.7", PDF) == (answer.read(), answer.headers["Content-Type"])


def test_s3_link_is_the_address(bucket: S3Documents) -> None:
    """A link without an expiry is the address in the bucket, and tells no secret."""
    link = bucket.put("invoices/1.pdf", b"one", media_type=PDF).link

    assert link.startswith("s3://b")
    assert link.endswith("/live/invoices/1.pdf")


def test_s3_keeps_its_keys_to_itself(bucket: S3Documents) -> None:
    """What prints of the store has no credentials in it."""
    shown = f"{bucket!r} {bucket}"

    assert "S3Documents" in shown
    assert "wJalrXUtn" not in shown
    assert "AKIATEST" not in shown


def test_s3_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without obstore, the error says what to install."""
    monkeypatch.setitem(sys.modules, "obstore.store", None)

    with pytest.raises(ImportError, match=r"pip install 'ledgerkit\[s3\]'"):
        S3Documents("memory:///")


def test_s3_is_no_folder(tmp_path: Path) -> None:
    """A folder has an adapter of its own."""
    with pytest.raises(ValueError, match="FolderDocuments"):
        S3Documents(tmp_path.as_uri())
