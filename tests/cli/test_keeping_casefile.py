"""``casefile``: everything Cisco licensing asks for, and no code unless it was asked for with a reason."""

from __future__ import annotations

import stat

from .keeping import SECRET, SERIAL, Keeping


def test_it_is_made_by_operation_or_serial_and_says_what_was_sent(keeping: Keeping) -> None:
    op_id = keeping.request()
    by_op, by_serial = keeping("casefile", op_id), keeping("casefile", SERIAL.lower())
    assert by_op.code == by_serial.code == 0, str(by_op)
    for text in (
        SERIAL,
        "acme.example",
        "Expressway EMEA",
        "192.0.2.11",
        op_id,
        "xCommand License Smart Reservation Request",
    ):
        assert text in by_op.out, str(by_op)
    assert "its outcome is not known" in by_op.out
    assert SECRET not in by_op.out + by_op.err


def test_raw_bytes_need_a_reason_and_leave_a_record(keeping: Keeping) -> None:
    op_id = keeping.request()
    refused = keeping("casefile", op_id, "--with-raw")
    assert refused.code == 64
    assert "--reason" in refused.err
    file = keeping.folder / "case.md"
    shown = keeping("casefile", op_id, "--with-raw", "--reason", "SR 698", "-o", str(file))
    assert shown.code == 0, str(shown)
    assert SECRET in file.read_text(encoding="utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with keeping.journal() as journal:
        events = journal.operation(op_id).events
    assert [event.text.partition(":")[2] for event in events if event.kind == "revealed"] == [" SR 698"]


def test_bytes_that_are_not_readable_here_are_named_by_size(keeping: Keeping) -> None:
    op_id = keeping.request()
    from reconciler.journal import default_identity

    default_identity().unlink()
    ran = keeping("casefile", op_id, "--with-raw", "--reason", "SR 698")
    assert ran.code == 0, str(ran)
    assert "bytes, not readable here" in ran.out


def test_a_subject_that_nobody_knows_is_said(keeping: Keeping) -> None:
    for subject in ("0E4D3C99", "op-none"):
        ran = keeping("casefile", subject)
        assert ran.code == 64, str(ran)
        assert subject in ran.err
