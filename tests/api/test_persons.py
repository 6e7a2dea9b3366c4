"""Accounts kept by admins."""

from __future__ import annotations

NEW = {
    "id": "P-new",
    "login": "li.ming",
    "name": "李明",
    "roles": ["requester"],
    "unit_id": "U-SN",
    "region": "510900",
    "password": "a long first password",
}


def test_an_admin_registers_an_account_that_then_signs_in(world):
    made = world.post("/v1/persons", "admin", NEW)
    assert made.status_code == 201, made.text
    assert "password" not in made.json()
    assert "password_hash" not in made.json()
    signed = world.client.post("/v1/sessions", json={"login": "li.ming", "password": NEW["password"]})
    assert signed.status_code == 201
    headers = {"Authorization": f"Bearer {signed.json()['token']}"}
    assert world.client.get("/v1/persons", headers=headers).status_code == 403
    changed = world.client.post(
        "/v1/me:changePassword",
        headers=headers,
        json={"old_password": NEW["password"], "new_password": "another long password"},
    )
    assert changed.status_code == 204, changed.text
    assert world.client.post("/v1/sessions", json={"login": "li.ming", "password": NEW["password"]}).status_code == 401
    off = world.client.patch("/v1/persons/P-new", headers=world.as_("admin"), json={"active": False})
    assert off.status_code == 200, off.text
    assert world.client.get("/v1/me", headers=headers).status_code == 401


def test_accounts_are_for_admins_only(world):
    for login in ("dispatcher", "planner", "auditor", "asker"):
        assert world.get("/v1/persons", login).status_code == 403
        assert world.post("/v1/persons", login, NEW).status_code == 403
    listed = world.get("/v1/persons", "admin").json()["items"]
    assert len(listed) == 13
    assert all("password_hash" not in item for item in listed)


def test_a_login_is_unique_and_a_short_password_is_refused(world):
    taken = world.post("/v1/persons", "admin", {**NEW, "login": "asker"})
    assert taken.status_code == 422
    assert taken.json()["errors"][0]["message"] == "账号已被使用"
    short = world.post("/v1/persons", "admin", {**NEW, "password": "geheim123"})
    assert short.status_code == 422
    assert "geheim123" not in short.text
    wrong = world.post("/v1/me:changePassword", "asker", {"old_password": "x", "new_password": "a new long password"})
    assert wrong.status_code == 401
