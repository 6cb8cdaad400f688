"""The contract of `ports.documents.Documents`: one test for each of its numbered promises.

Subclass `DocumentsContract` in a test file and override the fixture `documents`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from ledgerkit.ports.documents import (
    MAX_KEY,
    BadKey,
    DocumentExists,
    DocumentMissing,
    Documents,
    Stored,
)

PDF = "application/pdf"
HOUR = timedelta(hours=1)

GOOD_KEYS = (
    "a",
    "invoices/2026/inv_20261101_k3.pdf",
    "tenant-1/a=b@c+d.pdf",
    "Z" * 200 + "/" + "9" * 200 + "/" + "x" * 110,
    "console/nullable/prn_1",
)
BAD_KEYS = (
    *("", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a/..", ".hidden"),
    *("a\\b", "..\\a", "C:\\a", "C:/a", "~/a", "a.", "a./b", "a b", "-a", "%2e%2e/a", "a%00b"),
    *("a\x00b", "a\nb", "a\n", "a\x1fb", "a\x7fb", "\ud800", "a\u202eb", "ä", "a/\uff0e\uff0e/b"),
    *("con", "NUL.txt", "a/Com1", "lpt9.pdf/a", "a?b", "a*b", "a|b", "a#b", "y" * 201),
    "/".join(["x" * 100] * 6),
)


class DocumentsContract:
    """What every `Documents` must do; override the fixture `documents` with an empty store."""

    @pytest.fixture
    def documents(self) -> Documents:
        """Return an empty store to be tested."""
        msg = "override the fixture `documents` with an empty store"
        raise NotImplementedError(msg)

    @pytest.mark.parametrize("key", GOOD_KEYS, ids=lambda key: key[:20])
    @pytest.mark.parametrize("data", [b"%PDF-1.7\r\n\x00\xff", b""], ids=["bytes", "empty"])
    def test_1_what_was_put_is_got_back(self, documents: Documents, key: str, data: bytes) -> None:
        """What was put is got back, byte for byte, and `Stored` tells its key, link and size."""
        stored = documents.put(key, data, media_type=PDF)

        assert data == documents.get(key)
        assert Stored(key, documents.link(key, expires=None), len(data)) == stored

    def test_1_only_bytes_are_put(self, documents: Documents) -> None:
        """Text or a buffer that may still change is refused."""
        for data in ("text", bytearray(b"x"), None):
            with pytest.raises(TypeError):
                documents.put("a", data, media_type=PDF)  # type: ignore[arg-type]  # the point
        with pytest.raises(DocumentMissing):
            documents.get("a")

    def test_2_the_same_again_changes_nothing(self, documents: Documents) -> None:
        """The same bytes under the same key again return an equal `Stored`."""
        first = documents.put("invoices/1.pdf", b"one", media_type=PDF)

        assert first == documents.put("invoices/1.pdf", b"one", media_type=PDF)
        assert b"one" == documents.get("invoices/1.pdf")

    def test_3_other_bytes_are_refused(self, documents: Documents) -> None:
        """Other bytes under a used key raise `DocumentExists`, and the first ones stay."""
        documents.put("invoices/1.pdf", b"one", media_type=PDF)

        for other in (b"two", b"", b"one\n"):
            with pytest.raises(DocumentExists) as caught:
                documents.put("invoices/1.pdf", other, media_type=PDF)
            assert "invoices/1.pdf" == caught.value.key
        assert b"one" == documents.get("invoices/1.pdf")

    @pytest.mark.parametrize("key", ["b", "a/b", "a/b.pdf/c"])
    def test_4_a_key_never_put_is_missing(self, documents: Documents, key: str) -> None:
        """`get` and `link` of a key never put raise `DocumentMissing`."""
        documents.put("a/b.pdf", b"one", media_type=PDF)

        with pytest.raises(DocumentMissing) as caught:
            documents.get(key)
        assert key == caught.value.key
        for expires in (None, HOUR):
            with pytest.raises(DocumentMissing):
                documents.link(key, expires=expires)

    def test_4_a_folder_is_no_document(self, documents: Documents) -> None:
        """The first half of a used key is not a document."""
        documents.put("a/b.pdf", b"one", media_type=PDF)

        with pytest.raises(DocumentMissing):
            documents.get("a")

    @pytest.mark.parametrize("key", BAD_KEYS, ids=lambda key: ascii(key)[:30])
    def test_5_a_bad_key_is_refused(self, documents: Documents, key: str) -> None:
        """A key that `check_key` refuses raises `BadKey` everywhere."""
        calls: tuple[Callable[[], object], ...] = (
            lambda: documents.put(key, b"x", media_type=PDF),
            lambda: documents.get(key),
            lambda: documents.link(key, expires=None),
            lambda: documents.link(key, expires=HOUR),
        )
        for call in calls:
            with pytest.raises(BadKey) as caught:
                call()
            assert key[:MAX_KEY] == caught.value.key

    def test_6_a_link_lasts(self, documents: Documents) -> None:
        """`link` without *expires* is the link of `Stored`; with it, a URL."""
        stored = documents.put("invoices/1.pdf", b"one", media_type=PDF)

        assert stored.link == documents.link("invoices/1.pdf", expires=None)
        for expires in (timedelta(seconds=1), HOUR, timedelta(days=7)):
            assert ":" in documents.link("invoices/1.pdf", expires=expires)

    def test_6_keys_have_links_of_their_own(self, documents: Documents) -> None:
        """No two keys have the same link."""
        keys = ("a/b", "a-b", "a=b", "a@b", "a+b")
        links = {documents.put(key, b"one", media_type=PDF).link for key in keys}

        assert len(keys) == len(links)

    @pytest.mark.parametrize("expires", [timedelta(), -HOUR, timedelta(days=7, microseconds=1)])
    def test_6_a_link_expires_within_a_week(self, documents: Documents, expires: timedelta) -> None:
        """An *expires* that is not positive or longer than 7 days is refused."""
        documents.put("a", b"one", media_type=PDF)

        with pytest.raises(ValueError, match="expires"):
            documents.link("a", expires=expires)

    def test_7_one_of_many_wins(self, documents: Documents) -> None:
        """Of concurrent puts under one key exactly one wins, and all read the winner's bytes."""
        contents = [bytes([n]) * 100_000 for n in range(8)]

        def attempt(data: bytes) -> bytes | None:
            try:
                documents.put("invoices/1.pdf", data, media_type=PDF)
            except DocumentExists:
                return None
            return data

        with ThreadPoolExecutor(len(contents)) as pool:
            won = [data for data in pool.map(attempt, contents) if data is not None]

        assert [documents.get("invoices/1.pdf")] == won
