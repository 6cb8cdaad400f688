"""Alerts: opened once, acknowledged, opened again only when it gets worse, and resolved."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.alerts import (
    ACKNOWLEDGED,
    OPEN,
    RESOLVED,
    SEVERITIES,
    Alert,
    Alerted,
    Observation,
    acknowledge,
    raise_alert,
)
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.testing.samples import NOON, hour


def seen(severity: str | None, minor: int = 0) -> Observation:
    """Return what was seen of the drift."""
    facts = (("drift_minor", str(minor)),) if minor else ()
    return Observation(kind="drift", subject="gateway:stripe/USD", severity=severity, facts=facts)


def after(previous: Alert | None, severity: str | None, minor: int = 0, **more: Any) -> Alerted:
    """Return what is stored after something was seen."""
    done = raise_alert(previous, seen(severity, minor), at=more.pop("at", hour(1)), **more)
    assert done is not None
    return done


OPENED = after(None, "warning", 5, at=NOON).alert
TAKEN = acknowledge(OPENED, by="maria", at=hour(1), note="a fee").alert


def test_trouble_opens_an_alert_and_tells() -> None:
    """It is stored with the message to whoever wants to know."""
    done = after(None, "warning", 1_001, tell="office")

    assert (OPEN, 1, "warning", hour(1)) == (
        done.alert.status,
        done.alert.openings,
        done.alert.severity,
        done.alert.opened_at,
    )
    assert done.message is not None
    assert ("notice.alert.drift", "office") == (done.message.topic, done.message.recipient)
    assert (
        ("drift_minor", "1001"),
        ("severity", "warning"),
        ("subject", "gateway:stripe/USD"),
        ("alert", done.alert.id),
    ) == done.message.body
    assert ((done.alert,), (done.message,)) == (done.effects.records, done.effects.messages)


def test_nobody_is_told_unless_named() -> None:
    """Without a recipient there is no message."""
    done = after(None, "notice")

    assert ((done.alert,), ()) == (done.effects.records, done.effects.messages)


def test_nothing_wrong_and_nothing_known() -> None:
    """Nothing is stored."""
    assert None is raise_alert(None, seen(None), at=NOON)


def test_the_same_again_stores_nothing() -> None:
    """Neither while it is open, nor when somebody looks after it, nor when it is gone."""
    gone = after(OPENED, None).alert

    assert None is raise_alert(OPENED, seen("warning", 5), at=hour(1))
    assert None is raise_alert(TAKEN, seen("warning", 5), at=hour(1))
    assert None is raise_alert(gone, seen(None), at=hour(1))


def test_who_when_and_what_was_noted() -> None:
    """An acknowledgement has an actor, a time and a note. (spec: billing 9)"""
    assert (ACKNOWLEDGED, "maria", hour(1), "a fee") == (
        TAKEN.status,
        TAKEN.acknowledged_by,
        TAKEN.acknowledged_at,
        TAKEN.note,
    )
    with pytest.raises(IllegalTransition, match="alert is acknowledged; acknowledge needs open"):
        acknowledge(TAKEN, by="olga", at=hour(2))


def test_worse_opens_again() -> None:
    """The acknowledgement was of something milder, so it is gone; it is told again."""
    done = after(TAKEN, "critical", 9, tell="office")

    assert (OPEN, 2, None, "") == (
        done.alert.status,
        done.alert.openings,
        done.alert.acknowledged_by,
        done.alert.note,
    )
    assert done.message is not None
    assert after(None, "warning", 5, tell="office").message != done.message


def test_worse_while_open_is_told_again() -> None:
    """Nobody has looked yet, but it is not what they were told."""
    assert (OPEN, 2, "critical") == (
        (found := after(OPENED, "critical").alert).status,
        found.openings,
        found.severity,
    )


@pytest.mark.parametrize("severity", ["warning", "notice"])
def test_other_figures_leave_the_acknowledgement(severity: str) -> None:
    """Milder, or as bad with other figures: noted, and not opened again."""
    done = after(TAKEN, severity, 7, tell="office")

    assert (ACKNOWLEDGED, 1, severity, (("drift_minor", "7"),), None) == (
        done.alert.status,
        done.alert.openings,
        done.alert.severity,
        done.alert.facts,
        done.message,
    )


def test_gone_is_resolved() -> None:
    """With the last figures seen, or those that show that it is gone; who took note stays."""
    done = after(TAKEN, None, at=hour(3)).alert

    assert (RESOLVED, hour(3), (("drift_minor", "5"),), "maria") == (
        done.status,
        done.resolved_at,
        done.facts,
        done.acknowledged_by,
    )
    assert done.is_over
    assert not TAKEN.is_over
    assert (("drift_minor", "1"),) == after(TAKEN, None, 1).alert.facts


def test_back_again_is_opened_again() -> None:
    """What was gone and comes back is new trouble, even if it is milder."""
    gone = after(TAKEN, None).alert
    done = after(gone, "notice", at=hour(5)).alert

    assert (OPEN, 2, hour(5), None) == (
        done.status,
        done.openings,
        done.opened_at,
        done.resolved_at,
    )


def test_another_subject_is_another_alert() -> None:
    """An observation is of its own alert only."""
    other = attrs.evolve(seen("notice"), subject="gateway:paystack/NGN")
    with pytest.raises(ValueError, match="is not about 'drift' of 'gateway:paystack/NGN'"):
        raise_alert(OPENED, other, at=NOON)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"severity": "bad"}, ValueError),
        ({"status": "lost"}, ValueError),
        ({"openings": 0}, ValueError),
        ({"openings": True}, ValueError),
        ({"kind": ""}, ValueError),
        ({"facts": [("a", "b")]}, TypeError),
        ({"note": "\x00"}, ValueError),
        ({"acknowledged_by": "maria"}, ValueError),
        ({"status": ACKNOWLEDGED}, ValueError),
        ({"resolved_at": NOON}, ValueError),
        ({"status": RESOLVED}, ValueError),
        ({"opened_at": datetime(2026, 1, 1)}, ValueError),  # noqa: DTZ001 - what is refused
    ],
)
def test_what_cannot_be(change: dict[str, Any], error: type[Exception]) -> None:
    """An alert says who took note exactly where somebody did, and when it was gone."""
    with pytest.raises(error):
        attrs.evolve(OPENED, **change)


def test_an_observation_is_of_a_known_severity() -> None:
    """Or of none."""
    with pytest.raises(ValueError, match="notice or warning or critical, or None"):
        seen("bad")


OBSERVED = st.tuples(st.sampled_from([None, *SEVERITIES]), st.integers(0, 3), st.booleans())


@given(st.lists(OBSERVED, max_size=20))
def test_it_opens_only_when_it_is_new_or_worse(steps: list[tuple[str | None, int, bool]]) -> None:
    """Whatever is seen, and whenever somebody takes note of it."""
    alert: Alert | None = None
    for n, (severity, minor, take) in enumerate(steps):
        before = alert
        done = raise_alert(alert, seen(severity, minor), at=hour(n), tell="office")
        alert = alert if done is None else done.alert
        was = -1 if before is None or before.is_over else SEVERITIES.index(before.severity)
        worse = severity is not None and SEVERITIES.index(severity) > was
        opened = 0 if before is None else before.openings

        assert worse == (alert is not None and alert.openings > opened)
        assert worse == (done is not None and done.message is not None)
        assert (severity is None) == (alert is None or alert.is_over)
        if take and alert is not None and alert.status == OPEN:
            alert = acknowledge(alert, by="maria", at=hour(n)).alert
