"""Sign-in, sessions and the brake on guessing."""

from __future__ import annotations

import pytest

from api.problems import TooManyAttempts, WrongPassword
from api.services import DemoAccess, DemoAccount
from tests.api.conftest import PASSWORD


def sign_in(world, login: str, password: str = PASSWORD, **headers: str):
    return world.client.post("/v1/sessions", json={"login": login, "password": password}, headers=headers)


def test_sign_in_and_out(world):
    answer = sign_in(world, "asker")
    assert answer.status_code == 201
    headers = {"Authorization": f"Bearer {answer.json()['token']}"}
    me = world.client.get("/v1/me", headers=headers).json()
    assert me["name"] == "姓名 asker"
    assert me["unit_name"] == "遂宁市机关事务管理局"
    assert me["region_name_zh"] == "遂宁市"
    assert "password_hash" not in me
    assert world.client.delete("/v1/sessions/current", headers=headers).status_code == 204
    after = world.client.get("/v1/me", headers=headers)
    assert after.status_code == 401
    assert after.headers["www-authenticate"].startswith("Bearer")


def test_a_session_ends_by_itself(world):
    headers = {"Authorization": f"Bearer {sign_in(world, 'asker').json()['token']}"}
    world.clock.pass_by(hours=11.9)
    assert world.client.get("/v1/me", headers=headers).status_code == 200
    world.clock.pass_by(hours=0.2)
    assert world.client.get("/v1/me", headers=headers).status_code == 401


def test_wrong_passwords_and_unknown_logins_sound_the_same(world):
    wrong, unknown = sign_in(world, "asker", "no"), sign_in(world, "nobody")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json()["detail"] == unknown.json()["detail"]
    assert sign_in(world, "asker", "no", **{"Accept-Language": "en"}).json()["title"] == "Login or password is wrong"


def test_guessing_is_slowed_down_and_forgiven(world):
    for _ in range(5):
        assert sign_in(world, "asker", "guess").status_code == 401
    blocked = sign_in(world, "asker")
    assert blocked.status_code == 429
    assert int(blocked.headers["retry-after"]) >= 1
    world.clock.pass_by(seconds=int(blocked.headers["retry-after"]))
    assert sign_in(world, "asker").status_code == 201


def attempt(world, address: str, guess: str = "guess", login: str = "admin") -> str:
    try:
        world.services.accounts.sign_in(login, guess, address=address)
    except (WrongPassword, TooManyAttempts) as error:
        return type(error).__name__
    return "in"


def test_guesses_elsewhere_do_not_lock_the_owner_out(world):
    outcomes = [attempt(world, "198.51.100.7") for _ in range(12)]
    assert outcomes == ["WrongPassword"] * 5 + ["TooManyAttempts"] * 7
    assert attempt(world, "198.51.100.7", PASSWORD) == "TooManyAttempts"
    assert attempt(world, "192.0.2.1", PASSWORD) == "in"


def test_guesses_from_everywhere_are_slowed_down_but_not_where_the_owner_was_before(world):
    assert attempt(world, "192.0.2.1", PASSWORD) == "in"
    outcomes = [attempt(world, f"198.51.100.{number}") for number in range(120)]
    assert outcomes == ["WrongPassword"] * 100 + ["TooManyAttempts"] * 20
    assert attempt(world, "192.0.2.1", PASSWORD) == "in"
    assert attempt(world, "203.0.113.9", PASSWORD) == "TooManyAttempts"
    for _ in range(10):
        world.clock.pass_by(minutes=1)
        assert attempt(world, "198.51.100.200") in ("WrongPassword", "TooManyAttempts")
    world.clock.pass_by(minutes=1)
    assert attempt(world, "203.0.113.9", PASSWORD) == "in"
    assert attempt(world, "203.0.113.9", "typo") == "WrongPassword"


def test_guesses_within_a_session_do_not_lock_the_sign_in(world):
    person = world.services.accounts.find_login("admin")
    for _ in range(5):
        assert not world.services.accounts.is_password(person, "guess")
    with pytest.raises(TooManyAttempts):
        world.services.accounts.is_password(person, PASSWORD)
    assert attempt(world, "192.0.2.1", PASSWORD) == "in"


def test_a_password_in_a_faulty_body_is_not_sent_back(world):
    answer = world.client.post("/v1/sessions", json={"login": "asker", "password": "s3cret" * 300})
    assert answer.status_code == 422
    assert "s3cret" not in answer.text


def test_demo_accounts_do_not_exist_outside_a_demo(world):
    assert world.client.get("/v1/demo-accounts").status_code == 404


def test_demo_accounts_are_only_told_to_this_machine(world):
    world.services.demo_access = DemoAccess(
        day="2026-03-03",
        password="drawn",
        accounts=(DemoAccount(login="asker", name="甲", roles=("requester",), region="510900"),),
    )
    [account] = world.client.get("/v1/demo-accounts").json()
    assert account["region_name_zh"] == "遂宁市"
    assert account["password"] == "drawn"
    rebound = world.client.get("/v1/demo-accounts", headers={"Host": "evil.example:8000"})
    assert rebound.status_code == 404


def test_no_token_no_data(world):
    for path in ("/v1/me", "/v1/requests", "/v1/vehicles", "/v1/plans", "/v1/events", "/v1/regions", "/v1/overview"):
        assert world.client.get(path).status_code == 401, path
    assert world.client.get("/v1/me", params={"access_token": "x"}).status_code == 401
    assert world.client.get("/v1/me", headers={"Authorization": "Bearer ü".encode()}).status_code == 401
