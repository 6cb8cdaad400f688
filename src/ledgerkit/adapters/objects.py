"""Object stores: documents in a folder, or in S3 and what speaks its language.

Both put a document only if its key is free, which the operating system or the service decides,
so that two processes cannot both win. `FolderDocuments` needs nothing but a disk, `S3Documents`
the extra `s3`.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from datetime import timedelta
from io import FileIO
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

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)  # Windows has none, and few symbolic links
_BINARY = getattr(os, "O_BINARY", 0)  # only Windows has it, and would write CR LF without


class FolderDocuments:
    """Documents as files below *root*, readable by their owner alone; a `Documents`.

    A put survives a power cut once it has returned. A key that leads through a symbolic link
    below *root* is a `BadKey`. So is one that would need a document to be a folder, or the other
    way round, such as "a" and "a/b". The file system must have hard links, as all but FAT have.

    Args:
        root: The folder; it is created.
        url: Where the host shows *root*. Links start with it; without, they are file URLs.
            Either way they do not expire: whoever serves the files decides who may see them.
    """

    def __init__(self, root: Path | str, *, url: str | None = None) -> None:
        self._root = Path(root).absolute()
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._url = (url or self._root.as_uri()).rstrip("/")

    def put(self, key: str, data: bytes, *, media_type: str) -> Stored:
        """Store *data* under *key* once; see `Documents.put`."""
        path = self._path(check_key(key))
        _check_bytes(data)
        folders = self._make_folders(key)
        known = _read(path)
        if known is None and not _create(path, data):
            known = _read(path)
            if known is None:
                raise BadKey(key, "names a folder, which holds other documents")
        if known is not None and known != data:
            raise DocumentExists(key)
        for folder in folders:
            # Even if another process made the file or a folder: it may not have got to this yet.
            _sync(folder)
        return Stored(key, self._link(key), len(data))

    def get(self, key: str) -> bytes:
        """Return the bytes under *key*; see `Documents.get`."""
        found = _read(self._path(check_key(key)))
        if found is None:
            raise DocumentMissing(key)
        return found

    def link(self, key: str, *, expires: timedelta | None) -> str:
        """Return the URL of the document; see `Documents.link`."""
        check_key(key)
        check_expiry(expires)
        if not self._path(key).is_file():
            raise DocumentMissing(key)
        return self._link(key)

    def _path(self, key: str) -> Path:
        """Return where *key* is kept, having looked at every step of the way for a link."""
        path = self._root
        for segment in key.split("/"):
            path /= segment
            if path.is_symlink():
                raise BadKey(key, f"leads through the symbolic link {path}")
        return path

    def _make_folders(self, key: str) -> list[Path]:
        """Make the folders that *key* lies in, and return them from the root down."""
        folders = [self._root]
        for segment in key.split("/")[:-1]:
            folder = folders[-1] / segment
            try:
                folder.mkdir(mode=0o700)
            except FileExistsError as error:
                if not folder.is_dir():
                    raise BadKey(key, f"needs a folder where {segment!r} is a document") from error
            folders.append(folder)
        return folders

    def _link(self, key: str) -> str:
        return f"{self._url}/{quote(key)}"


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | _NO_FOLLOW)


def _read(path: Path) -> bytes | None:
    """Return the bytes of the file at *path*, or None if there is none."""
    try:
        with FileIO(path, opener=_open) as file:
            return file.readall()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except PermissionError:
        if path.is_dir():  # what opening a folder is on Windows
            return None
        raise


def _check_bytes(data: bytes) -> None:
    if type(data) is not bytes:
        msg = f"data must be bytes (got {type(data).__name__})"
        raise TypeError(msg)


def _create(path: Path, data: bytes) -> bool:
    """Write *data* to *path* all at once; return False if there is something already."""
    # No key starts with a dot, so that nobody can ask for a file that is not complete.
    draft = path.parent / f".{secrets.token_hex(16)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _BINARY
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
    """Documents in a bucket of S3 or of another store that obstore opens; a `Documents`.

    The store must refuse to overwrite on `If-None-Match: *`, as S3 does; `DocumentsContract`
    tells whether another one does. A link with *expires* is signed; one without is the plain
    address, which opens for whoever has access. Where links cannot be signed, as in memory, both
    are the address.

    Args:
        url: The bucket and, if wanted, a path in it: "s3://acme-documents/live".
        config: What obstore's `from_url` takes: region, endpoint, access_key_id, and so on.
            Without any, credentials come from the environment.

    Raises ImportError without the extra `s3`, ValueError for a folder.
    """

    def __init__(self, url: str, **config: Any) -> None:
        if url.startswith("file:"):
            msg = f"{url} is a folder; use FolderDocuments, which needs no extra"
            raise ValueError(msg)
        try:
            from obstore.store import from_url
        except ImportError as missing:
            msg = "storing documents in S3 needs obstore: pip install 'ledgerkit[s3]'"
            raise ImportError(msg, name=missing.name) from missing
        self._store: ObjectStore = from_url(url, **config)
        self._url = url if url.endswith("/") else f"{url}/"

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
        return f"{self._url}{quote(key)}"
