"""E-mail addresses and phone numbers are taken out; what only looks a little like them stays."""

import pytest

from inference.wire.addresses import without_addresses


@pytest.mark.parametrize(
    "phone",
    [
        "+44 20 7946 0018",
        "+49 (0) 151 / 123 45 67",
        "0171-5551234",
        "06 12 34 56 78",
        "06-12-34-56-78",
        "06.12.34.56.78",
        "415-555-2671",
        "(415) 555-2671",
        "415.555.2671",
        "1.415.555.2671",
        "+41 79.123.45.67",
        "1 (800) 555-0199",
        "15123456789",
        "4155552671",
        "612 345 678",
        "415\u2013555\u20132671",
        "415\u00a0555\u00a02671",
        "415-555-2671 x123",
        "415-555-2671ext. 5",
        "4 1 5 5 5 5 2 6 7 1",
        "\uff11\uff15\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19",
    ],
)
@pytest.mark.parametrize(
    "around", ["{}", "call {}!", "Tel.{}, thanks", "({})", "_{}_", "电话{}谢谢"]
)
def test_phone_numbers_are_replaced_however_they_are_written(phone, around):
    assert without_addresses(around.format(phone)) == around.format("<phone>")


def test_several_numbers_are_all_replaced():
    text = "415-555-2671, (415) 555-2672\nhttps://wa.me/15123456789 or t.me/+15123456789"

    assert without_addresses(text) == ("<phone>, <phone>\nhttps://wa.me/<phone> or t.me/<phone>")
    assert "555" not in without_addresses("415-555-2671 415-555-2672 / 415 555 2673")


@pytest.mark.parametrize(
    "text",
    [
        "on 2024-01-15 10:30",
        "at 2024-01-15T10:30:00, 2024/01/15",
        "5 2024-01-15 10:30, 3 01.02.2024 10:30",
        "2024-01-15/2024-01-16 or 01.02.2024 - 03.02.2024",
        "01.02.2024 and 1/15/2024",
        "backup_20240115-103000.tar, 20240115103000",
        "v0.12.345",
        "1000000 lines, 1 000 000 000 rows, 2000000000 bytes",
        "10.0.0.12, 192.168.100.200:8080",
        "the loss was 0.123456789",
        "message 1199876543210987654 of 123456789012345678",
        "it took 1767600000123 ms <t:1767600000:R>",
        "id 12345678-1234-4e1f-8123-123456789012",
        "a41555526718 41555526718b build-4155552671 /issues/4155552671",
        "1 2 3 4 5 6 7 8 9 10, 2021 2022 2023",
        "call 555-2671",
    ],
)
def test_numbers_that_are_no_phone_stay(text):
    assert without_addresses(text) == text


def test_a_date_after_a_number_stays():
    assert without_addresses("415-555-2671 2024-01-15") == "<phone> 2024-01-15"


@pytest.mark.parametrize("email", ["ana@silva.org", "a.b+c@d-e.co.uk", "jose\u0301@silva.org"])
def test_email_addresses_are_replaced(email):
    assert without_addresses(f"write to {email}.") == "write to <email>."


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "1 " * 100_000, "1" * 100_000, "2024-01-15/" * 9_000]
)
def test_a_long_text_is_read_through_at_once(text):
    assert len(without_addresses(text)) <= len(text)
