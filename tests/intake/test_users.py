from __future__ import annotations

from maild.intake.users import BLOCK_AFTER, BLOCK_FOR, Attempts, hash_password, password_fits


def test_ten_wrong_passwords_block_an_address_and_a_name_for_minutes() -> None:
    attempts = Attempts()
    for at in range(BLOCK_AFTER):
        assert not attempts.blocked("peer 192.0.2.1", "name erp", now=float(at))
        attempts.failed("peer 192.0.2.1", "name erp", now=float(at))
    assert attempts.blocked("peer 192.0.2.1", "name other", now=10.0)
    assert attempts.blocked("peer 192.0.2.9", "name erp", now=10.0)
    assert not attempts.blocked("peer 192.0.2.9", "name other", now=10.0)
    assert attempts.blocked("name erp", now=BLOCK_FOR - 1)
    assert not attempts.blocked("name erp", now=BLOCK_FOR + BLOCK_AFTER)


def test_many_names_do_not_fill_the_memory_nor_hide_who_is_at_it() -> None:
    attempts = Attempts(remember=100)
    for at in range(5_000):
        attempts.failed("peer 192.0.2.1", f"name {at}", now=at / 1000)
    assert attempts.blocked("peer 192.0.2.1", now=5.0)
    assert len(attempts._failures) == 100
    assert len(attempts._failures["peer 192.0.2.1"]) == BLOCK_AFTER


def test_a_password_fits_its_own_name_only() -> None:
    users = {"erp": hash_password("right")}
    assert password_fits(users, "erp", b"right")
    assert not password_fits(users, "erp", b"wrong")
    assert not password_fits(users, "nobody", b"right")
    # What an unknown name is compared with belongs to nobody, whatever its password.
    assert not password_fits(users, "nobody", b"")
