"""The plain text renderer keeps the contract of `Renderer`."""

from __future__ import annotations

import pytest

from ledgerkit.ports.renderer import Renderer
from ledgerkit.testing.contracts.renderer import RendererContract, sample
from ledgerkit.testing.fakes.renderer import PlainTextRenderer


class TestPlainTextRenderer(RendererContract):
    @pytest.fixture
    def renderer(self) -> Renderer:
        """Return the renderer to be tested."""
        return PlainTextRenderer()


def test_lines() -> None:
    """Each part of a document stands on lines of its own, cells apart by tabs."""
    printed = PlainTextRenderer().render(sample(logo=None)).decode().split("\n")

    assert ["Nivaa Tutoring", "Lindenallee 12", "10115 Berlin", "Invoice 2026-00017"] == printed[:4]
    assert "1 Oct 2026\tMathematics, 60 min\t€50.00" in printed
    assert "IVA\t21%\t€50.00\t€10.50" in printed
    assert "Total\t€60.50" in printed
    assert "Page 1 of 1" == printed[-1]


def test_no_tax_no_tax_table() -> None:
    """A document without taxes has no head of a tax table."""
    printed = PlainTextRenderer().render(sample(taxes=())).decode()

    assert "Taxable amount" not in printed
