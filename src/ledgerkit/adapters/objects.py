"""Object stores: documents in a folder, or in S3 and what speaks its language.

Both put a document only if its key is free, which the operating system or the service decides,
so that two processes cannot both win. `FolderDocuments` needs nothing but a disk, `S3Documents`
the extra `s3`.
"""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ledgerkit.ports.documents import (
    BadKey,
    DocumentExists,
    DocumentMissing,
    Stored,
    check_expiry,
    check_key,
)

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)  # neither is everywhere


class FolderDocuments:
    """Documents as files below *root*, readable by their owner alone; a `Documents`.

    A put survives a power cut once it has returned. A symbolic link below *root* is never
    followed: a key that leads through one is a `BadKey`. So is a key that would need a document
    to be a folder, or the other way round, such as "a" and "a/b".

    Args:
        root: The folder; it is created.
        url: Where a web server shows *root*. Links start with it; without, they are file URLs.
            Either way they do not expire: whoever serves the files decides who may see them.
    """

    def __init__(self, root: Path | str, *, url: str | None = None) -> None:
        self._root = Path(root).absolute()
        self._root.mkdir(parents=True, exist_ok=True)
        self._url = (url or self._root.as_uri()).rstrip("/")

    def put(self, key: str, data: bytes, *, media_type: str) -> Stored:
        """Store *data* under *key* once; see `Documents.put`."""
        path = self._path(check_key(key))
        _check_bytes(data)
        self._make_folder(path.parent, key)
        known = self._read(path, key)
        if known is None and not _create(path, data):
            known = self._read(path, key)
        if known is not None and known != data:
            raise DocumentExists(key)
        return Stored(key, self._link(key), len(data))

    def get(self, key: str) -> bytes:
        """Return the bytes under *key*; see `Documents.get`."""
        found = self._read(self._path(check_key(key)), key)
        if found is None:
            raise DocumentMissing(key)
        return found

    def link(self, key: str, *, expires: timedelta | None) -> str:
        """Return the URL of the document; see `Documents.link`."""
        check_expiry(expires)
        self.get(key)
        return self._link(key)

    def _path(self, key: str) -> Path:
        """Return where *key* is kept, having looked at every step of the way for a link."""
        path = self._root
        for segment in key.split("/"):
            path /= segment
            if path.is_symlink():
                raise BadKey(key, f"leads through the symbolic link {path}")
        return path

    def _make_folder(self, folder: Path, key: str) -> None:
        missing = [up for up in (folder, *folder.parents) if not up.exists()]
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise BadKey(key, f"needs a folder where {error.filename} is a document") from error
        for made in missing:
            _sync(made.parent)

    def _read(self, path: Path, key: str) -> bytes | None:
        try:
            with os.fdopen(os.open(path, os.O_RDONLY | _NO_FOLLOW), "rb") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (IsADirectoryError, PermissionError) as error:
            if path.is_dir():  # opening a folder is "permission denied" on Windows
                raise BadKey(key, f"names the folder {path}") from error
            raise
        except OSError as error:
            if error.errno == errno.ELOOP:  # a link that was put there since we looked
                raise BadKey(key, f"leads through the symbolic link {path}") from error
            raise

    def _link(self, key: str) -> str:
        return f"{self._url}/{quote(key)}"


def _check_bytes(data: bytes) -> None:
    if type(data) is not bytes:
        msg = f"data must be bytes (got {type(data).__name__})"
        raise TypeError(msg)


def _create(path: Path, data: bytes) -> bool:
    """Write *data* to *path* all at once; return False if there is something already."""
    # No key starts with a dot, so that nobody can ask for a file that is not complete.
    draft = path.parent / f".{secrets.token_hex(16)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW
    try:
        with os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename, a link never replaces what another process has put meanwhile.
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
    _sync(path.parent)
    return True


def _sync(folder: Path) -> None:
    """Make the names in *folder* survive a power cut."""
    if os.name == "nt":  # Windows cannot open folders, and writes names through
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


class S3Documents:
    """Documents in a bucket of S3, R2, MinIO or another store that obstore opens; a `Documents`.

    The store must refuse to overwrite on `If-None-Match: *`, as those do. A link with *expires*
    is signed; one without is the plain address, which opens for whoever has access. Where links
    cannot be signed, as in memory, both are the address.

    Args:
        url: The bucket and, if wanted, a path in it: "s3://acme-documents/live".
        config: What obstore's `from_url` takes: region, endpoint, access_key_id, and so on.
            Without any, credentials come from the environment.

    Raises ImportError without the extra `s3`.
    """

    def __init__(self, url: str, **config: Any) -> None:
        try:
            from obstore.store import from_url
        except ImportError as missing:
            msg = "storing documents in S3 needs obstore: pip install 'ledgerkit[s3]'"
            raise ImportError(msg, name=missing.name) from missing
        self._store: ObjectStore = from_url(url, **config)
        self._url = url.rstrip("/")

    def __repr__(self) -> str:
        return f"S3Documents({self._url!r})"  # never the configuration: it holds secrets

    def put(self, key: str, data: bytes, *, media_type: str) -> Stored:
        """Store *data* under *key* once; see `Documents.put`."""
        import obstore
        from obstore.exceptions import AlreadyExistsError

        check_key(key)
        _check_bytes(data)
        attributes = {"Content-Type": media_type}
        try:
            obstore.put(self._store, key, data, mode="create", attributes=attributes)
        except AlreadyExistsError as error:
            # Also the answer to our own put when its first answer got lost and it was retried.
            if self.get(key) != data:
                raise DocumentExists(key) from error
        return Stored(key, self._link(key), len(data))

    def get(self, key: str) -> bytes:
        """Return the bytes under *key*; see `Documents.get`."""
        import obstore

        check_key(key)
        try:
            return bytes(obstore.get(self._store, key).bytes())
        except FileNotFoundError as error:
            raise DocumentMissing(key) from error

    def link(self, key: str, *, expires: timedelta | None) -> str:
        """Return a URL of the document; see `Documents.link`."""
        import obstore
        from obstore.store import AzureStore, GCSStore, S3Store

        check_key(key)
        check_expiry(expires)
        try:
            obstore.head(self._store, key)
        except FileNotFoundError as error:
            raise DocumentMissing(key) from error
        if expires is not None and isinstance(self._store, S3Store | GCSStore | AzureStore):
            return obstore.sign(self._store, "GET", key, expires)
        return self._link(key)

    def _link(self, key: str) -> str:
        return f"{self._url}/{quote(key)}"
