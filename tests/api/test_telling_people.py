"""Webhooks that the published library verifies, calendars that a strict parser reads, orders as pages to print."""

from __future__ import annotations

import json
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from icalendar import Calendar
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from api.webhooks import PAUSES_S, Deliveries, post
from tests.api.conftest import trip
from tests.api.test_choices import order_of, placed, plan

__all__ = ["placed", "plan"]


class Receiver:
    """A real address that notes what it is sent and answers as it is told."""

    def __init__(self) -> None:
        self.status = 204
        self.got: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.append((dict(self.headers.items()), body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


class Now:
    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def registered(world, receiver, **more):
    answer = world.post("/v1/webhooks", "dispatcher", {"url": receiver.url, "types": ["request."], **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_messages_are_signed_as_the_published_library_expects(world, receiver):
    hook = registered(world, receiver)
    made = world.post("/v1/requests", "asker", trip()).json()
    assert Deliveries(world.store, clock=Now()).turn() == 1
    (headers, body), *_ = receiver.got
    told = Verifier(hook["secret"]).verify(body, headers)
    assert told["type"] == "request.submitted"
    assert {"kind": "request", "id": made["id"], "version": 1} in told["data"]["documents"]
    with pytest.raises(WebhookVerificationError):
        Verifier(hook["secret"]).verify(body.replace(b"request", b"request "), headers)
    shown = world.get(f"/v1/webhooks/{hook['id']}", "dispatcher").json()
    assert "secret" not in shown
    assert (shown["cursor"]["last_status"], shown["cursor"]["failures_count"]) == (204, 0)
    assert world.get(f"/v1/webhooks/{hook['id']}", "tn-dispatcher").status_code == 404
    assert world.post("/v1/webhooks", "asker", {"url": receiver.url}).status_code == 403
    assert world.post("/v1/webhooks", "dispatcher", {"url": "ftp://x"}).status_code == 422


def test_what_is_not_taken_in_is_tried_again_later_and_later_under_the_same_id(world, receiver):
    hook = registered(world, receiver)
    world.post("/v1/requests", "asker", trip())
    now, receiver.status = Now(), 503
    deliveries = Deliveries(world.store, clock=now)
    for number, pause in enumerate(PAUSES_S[:3], 1):
        assert deliveries.turn() == 0
        assert deliveries.turn() == 0, "not before its time"
        assert len(receiver.got) == number
        now.ahead += timedelta(seconds=pause + 1)
    receiver.status = 200
    assert deliveries.turn() == 1
    ids = {headers["webhook-id"] for headers, _ in receiver.got}
    assert len(ids) == 1
    assert world.get(f"/v1/webhooks/{hook['id']}", "dispatcher").json()["cursor"]["failures_count"] == 0


def test_a_message_that_nobody_takes_in_is_given_up_and_can_be_replayed(world, receiver):
    hook = registered(world, receiver)
    world.post("/v1/requests", "asker", trip())
    now = Now()

    def deaf(_url: str, _body: bytes, _headers: dict[str, str]) -> int:
        raise ConnectionRefusedError

    deliveries = Deliveries(world.store, clock=now, send=deaf)
    for pause in (*PAUSES_S, 0):
        assert deliveries.turn() == 0
        now.ahead += timedelta(seconds=pause + 1)
    cursor = world.get(f"/v1/webhooks/{hook['id']}", "dispatcher").json()["cursor"]
    assert len(cursor["given_up"]) == 1
    assert "ConnectionRefusedError" in cursor["last_error"]
    back = cursor["given_up"][0] - 1
    assert world.post(f"/v1/webhooks/{hook['id']}:replay", "dispatcher", {"after": back}).status_code == 200
    assert world.post(f"/v1/webhooks/{hook['id']}:replay", "dispatcher", {"after": 10**9}).status_code == 400
    assert Deliveries(world.store, clock=now, send=post).turn() >= 1
    assert json.loads(receiver.got[0][1])["type"] == "request.submitted"


def test_an_address_that_is_gone_or_ended_hears_no_more(world, receiver):
    hook = registered(world, receiver)
    world.post("/v1/requests", "asker", trip())
    receiver.status = 410
    deliveries = Deliveries(world.store, clock=Now())
    deliveries.turn()
    assert world.get(f"/v1/webhooks/{hook['id']}", "dispatcher").json()["active"] is False
    other = registered(world, receiver, types=[])
    assert world.post(f"/v1/webhooks/{other['id']}:end", "dispatcher").json()["active"] is False
    world.post("/v1/requests", "asker", trip())
    count = len(receiver.got)
    assert (deliveries.turn(), len(receiver.got)) == (0, count)


def test_a_webhook_hears_nothing_of_other_regions(world, receiver):
    registered(world, receiver)
    stops = [{**stop, "name": "别处"} for stop in trip()["stops"]]
    world.post("/v1/requests", "tn-asker", trip(stops=stops))
    Deliveries(world.store, clock=Now()).turn()
    assert receiver.got == []


def test_a_driver_subscribes_to_the_own_trips_and_can_end_that(world, placed):
    order = order_of(world, placed)
    login = {"D-SN-1": "driver", "D-SN-2": "driver2"}[order["driver_id"]]
    link = world.post("/v1/calendars", login, {"scope": "driver", "about": order["driver_id"]}).json()
    feed = world.client.get(link["path"])
    assert feed.headers["content-type"].startswith("text/calendar")
    calendar = Calendar.from_ical(feed.content)
    assert calendar.errors == []
    (event,) = calendar.walk("VEVENT")
    assert event.errors == []
    assert event.decoded("dtstart") == datetime.fromisoformat(order["pickup_at"])
    assert event["summary"] == "遂宁市政中心 → 潼南区政府"
    assert all(len(line) <= 75 for line in feed.content.split(b"\r\n"))
    assert feed.content.endswith(b"\r\n")
    assert b"token" not in world.client.get("/v1/calendars", headers=world.as_(login)).content
    world.post(f"/v1/requests/{placed}:cancel", "asker", {"reason": "改期"})
    (event,) = Calendar.from_ical(world.client.get(link["path"]).content).walk("VEVENT")
    assert event["status"] == "CANCELLED"
    assert event["sequence"] == 1
    assert world.post(f"/v1/calendars/{link['id']}:revoke", login).status_code == 200
    assert world.client.get(link["path"]).status_code == 404
    assert world.post(f"/v1/calendars/{link['id']}:revoke", login).status_code == 409


def test_a_calendar_is_for_those_concerned(world, placed):
    assert world.post("/v1/calendars", "boss", {"scope": "unit", "about": "U-SN"}).status_code == 201
    assert world.post("/v1/calendars", "asker", {"scope": "unit", "about": "U-SN"}).status_code == 403
    assert world.post("/v1/calendars", "driver", {"scope": "driver", "about": "D-SN-2"}).status_code == 403
    assert world.post("/v1/calendars", "dispatcher", {"scope": "driver", "about": "D-9"}).status_code == 422
    assert world.client.get("/v1/calendar-feeds/guess.ics").status_code == 404
    assert world.get("/v1/calendars", "tn-dispatcher").json()["items"] == []
    path = world.post("/v1/calendars", "dispatcher", {"scope": "unit", "about": "U-SN"}).json()["path"]
    assert len(Calendar.from_ical(world.client.get(path).content).walk("VEVENT")) == 1


def test_the_dispatch_order_is_a_page_in_chinese(world, placed, tmp_path):
    order = order_of(world, placed)
    answer = world.get(f"/v1/assignments/{order['id']}/order.pdf", "dispatcher")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert world.get(f"/v1/assignments/{order['id']}/order.pdf", "neighbour").status_code == 404
    path = tmp_path / "order.pdf"
    path.write_bytes(answer.content)
    try:
        said = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True).stdout.decode()
    except FileNotFoundError:
        return
    for word in ("公务用车派车单", "遂宁市政中心", "潼南区政府", "川JD0000", "赴潼南对接工作", "驾驶员签字"):
        assert word in said
