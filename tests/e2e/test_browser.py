"""The page in a real Chromium against a real server: submit, approve, plan, drive; both languages, desk and phone."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from tests.e2e.processes import ServerProcess

pytestmark = [pytest.mark.browser]

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))), None
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
expect.set_options(timeout=20_000)
DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
SUINING = "510900"
PURPOSE = "遂潼联席会议接送"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[ServerProcess]:
    """A server with a small demo day, and the page built."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    subprocess.run([sys.executable, str(repository / "web" / "build.py")], check=True)
    made = ServerProcess(
        tmp_path_factory.mktemp("browser") / "var",
        CHUANYU_DEMO="1",
        CHUANYU_DEMO_VEHICLES="150",
        CHUANYU_DEMO_REQUESTS="90",
        CHUANYU_PLAN_SECONDS="2",
    )
    made.start()
    try:
        wait_ready(made)
        yield made
    finally:
        made.close()


def wait_ready(server: ServerProcess) -> None:
    """Wait for the planned demo day; the first start on a machine also compiles the solver, which takes its minutes."""
    for _ in range(2):
        try:
            server.until("/readyz")
        except AssertionError:
            continue
        return
    server.until("/readyz")


@pytest.fixture(scope="module")
def browser(server: ServerProcess) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


class Desk:
    """One person's browser, which notes what a page must never do."""

    def __init__(self, context: BrowserContext, server: ServerProcess) -> None:
        self.context = context
        self.server = server
        self.page: Page = context.new_page()
        self.wrongs: list[str] = []
        self.page.on("request", self._note_request)
        self.page.on("pageerror", lambda error: self.wrongs.append(f"error: {error}"))
        self.page.on("console", lambda message: self._note_console(message.type, message.text))

    def _note_request(self, request: Any) -> None:
        if not request.url.startswith((self.server.url, "data:", "blob:")):
            self.wrongs.append(f"outside: {request.url}")

    def _note_console(self, kind: str, text: str) -> None:
        # A lost signal and a refusal are told by the network layer as errors; everything else is a fault of the page.
        if kind == "error" and "Failed to load resource" not in text:
            self.wrongs.append(f"console: {text}")

    def enter(self, login: str) -> Page:
        self.page.goto(f"{self.server.url}/sign-in")
        offered = self.page.locator(f"[data-login={login}]")
        if offered.count() == 0:
            expect(self.page.locator("[data-login]").first).to_be_visible()
        if offered.count() > 0:
            offered.click()
        else:
            self.page.locator("input[name=login]").fill(login)
            self.page.locator("input[name=password]").fill(password_of_demo(self.server))
            self.page.locator("button[type=submit]").click()
        self.page.wait_for_url(re.compile(r"/(driver)?$"))
        return self.page


def password_of_demo(server: ServerProcess) -> str:
    return str(httpx.get(f"{server.url}/v1/demo-accounts").json()[0]["password"])


def account(server: ServerProcess, role: str, login: str = "") -> str:
    """The first demo account with that role whose login has the given part."""
    accounts = httpx.get(f"{server.url}/v1/demo-accounts").json()
    return next(str(each["login"]) for each in accounts if role in each["roles"] and login in each["login"])


@contextmanager
def desk(
    browser: Browser, server: ServerProcess, size: ViewportSize | None = None, locale: str = "zh-CN"
) -> Iterator[Desk]:
    # A browser far from China: the page shows the clock of Shanghai all the same.
    context = browser.new_context(viewport=size or DESK, locale=locale, timezone_id="America/New_York")
    context.set_default_timeout(20_000)
    opened = Desk(context, server)
    try:
        yield opened
        assert opened.wrongs == []
    finally:
        context.close()


def choose_place(page: Page, field: str, words: str) -> None:
    page.locator(f"[data-place={field}] input").fill(words)
    page.get_by_role("option", name=words).first.click()
    expect(page.locator(f"[data-place={field}]")).to_contain_text(words)


def test_a_trip_from_the_request_to_the_finished_drive(browser: Browser, server: ServerProcess) -> None:
    with desk(browser, server) as asking:
        page = asking.enter(account(server, "requester", SUINING))
        page.locator("[data-do=new-request]").click()
        page.locator("[data-do=submit-request]").click()
        expect(page.get_by_text("请写明用车事由")).to_be_visible()
        page.locator("input[name=purpose]").fill(PURPOSE)
        choose_place(page, "from", "船山")
        choose_place(page, "to", "潼南")
        page.locator("[data-do=submit-request]").click()
        expect(page.locator("[data-answer]")).to_be_visible()
        page.locator(".el-dialog__footer button:visible").first.click()
        row = page.locator("[data-row]", has_text=PURPOSE)
        expect(row.locator(".state.submitted")).to_have_text("待审批")
        request_id = str(row.get_attribute("data-row"))

    with desk(browser, server) as approving:
        page = approving.enter(account(server, "approver", SUINING))
        page.locator("[data-figure=submitted]").click()
        page.locator(f"[data-row={request_id}]").click()
        page.locator("[data-do=approve]").click()
        expect(page.locator(".el-drawer .state.approved").first).to_have_text("待派车")

    with desk(browser, server) as dispatching:
        page = dispatching.enter(account(server, "dispatcher", SUINING))
        expect(page.locator(".live.live")).to_have_text("实时更新")
        page.locator("[data-do=plan]").click()
        page.locator("[data-do=start-plan]").click()
        expect(page.locator("[data-job=done]")).to_be_visible(timeout=60_000)
        page.locator(".el-dialog__footer button:visible").first.click()
        expect(page.locator(f"[data-row={request_id}] .state")).to_have_text("已派车")
        page.locator(f"[data-row={request_id}]").click()
        expect(page.locator(".el-drawer .state.offered")).to_be_visible()

    admin = server.sign_in(account(server, "admin"), password_of_demo(server))
    order = admin.get(f"/v1/requests/{request_id}")["assignment"]
    person_id = admin.get(f"/v1/drivers/{order['driver_id']}")["person_id"]

    with desk(browser, server, PHONE) as driving:
        page = driving.enter(person_id.removeprefix("P-"))
        card = page.locator(f"[data-assignment={order['id']}]")
        expect(card).to_contain_text(PURPOSE)
        card.locator("[data-tap=accept]").click()
        expect(card.locator(".state")).to_have_text("已接单")

        # The valley without signal: the tap is kept, shown as done, and sent once when the signal is back.
        driving.context.set_offline(True)
        card.locator("[data-tap=start]").click()
        expect(card.locator(".state")).to_have_text("已出车")
        expect(page.locator("[data-waiting]")).to_be_visible()
        assert admin.get(f"/v1/assignments/{order['id']}")["state"] == "accepted"
        driving.context.set_offline(False)
        expect(page.locator("[data-waiting]")).to_have_count(0)
        expect(card.locator("[data-tap=pick_up]")).to_be_visible()

        card.locator("[data-tap=pick_up]").click()
        card.locator("[data-tap=drop_off]").click()
        card.locator("[data-tap=finish]").click()
        page.locator("input[name=odometer]").fill("很多")
        page.locator("form.finish button[type=submit]").click()
        expect(page.get_by_text("请填写里程表读数")).to_be_visible()
        read_km = admin.get(f"/v1/vehicles/{order['vehicle_id']}")["odometer_m"] // 1000 + 52
        page.locator("input[name=odometer]").fill(f"{read_km:,}")
        page.locator("form.finish button[type=submit]").click()
        expect(card.locator(".state")).to_have_text("已完成")
        expect(page.locator("[data-waiting]")).to_have_count(0)

    done = admin.get(f"/v1/assignments/{order['id']}")
    assert done["state"] == "finished"
    assert [each["action"] for each in done["reports"]] == ["accept", "start", "pick_up", "drop_off", "finish"]
    assert done["reports"][-1]["odometer_m"] == read_km * 1000


def test_five_taps_without_a_signal_over_a_cold_start_are_each_applied_once_and_in_order(
    browser: Browser, server: ServerProcess
) -> None:
    admin = server.sign_in(account(server, "admin"), password_of_demo(server))
    order = admin.get("/v1/assignments", state="offered", limit=1)["items"][0]
    id = order["id"]
    person_id = admin.get(f"/v1/drivers/{order['driver_id']}")["person_id"]
    with desk(browser, server, PHONE) as driving:
        page = driving.enter(person_id.removeprefix("P-"))
        card = page.locator(f"[data-assignment='{id}']")
        expect(card).to_be_visible()
        assert page.evaluate("fetch('/manifest.webmanifest').then((r) => r.json())")["start_url"] == "/driver"
        page.wait_for_function("navigator.serviceWorker.ready.then((r) => r.active?.state === 'activated')")
        page.reload()  # from here on the kept page is in charge
        page.wait_for_function("navigator.serviceWorker.controller !== null")
        expect(card.locator("[data-tap=accept]")).to_be_visible()

        driving.context.set_offline(True)
        card.locator("[data-tap=accept]").click()
        card.locator("[data-tap=start]").click()
        expect(card.locator(".state")).to_have_text("已出车")
        # The phone was switched off in the valley: the page opens from what it keeps, with orders and waiting taps.
        page.close()
        page = driving.context.new_page()
        page.goto(f"{server.url}/driver")
        card = page.locator(f"[data-assignment='{id}']")
        expect(card.locator(".state")).to_have_text("已出车")
        expect(page.locator("[data-waiting]")).to_contain_text("2")
        card.locator("[data-tap=pick_up]").click()
        card.locator("[data-tap=drop_off]").click()
        card.locator("[data-tap=finish]").click()
        read_m = admin.get(f"/v1/vehicles/{order['vehicle_id']}")["odometer_m"] + 41_000
        page.locator("input[name=odometer]").fill(str(read_m // 1000))
        page.locator("form.finish button[type=submit]").click()
        expect(card.locator(".state")).to_have_text("已完成")
        expect(page.locator("[data-waiting]")).to_contain_text("5")
        # A call that left just as the signal went may have arrived; the page has not heard so, and will repeat it.
        assert admin.get(f"/v1/assignments/{id}")["state"] in ("offered", "accepted")

        driving.context.set_offline(False)
        expect(page.locator("[data-waiting]")).to_have_count(0)
    done = admin.get(f"/v1/assignments/{id}")
    assert done["state"] == "finished"
    assert [each["action"] for each in done["reports"]] == ["accept", "start", "pick_up", "drop_off", "finish"]
    assert [each["at"] for each in done["reports"]] == sorted(each["at"] for each in done["reports"])
    assert not any(each["implied"] for each in done["reports"])


def test_a_conflict_is_told_in_plain_words_when_the_signal_is_back(browser: Browser, server: ServerProcess) -> None:
    admin = server.sign_in(account(server, "admin"), password_of_demo(server))
    order = admin.get("/v1/assignments", state="offered", limit=2)["items"][-1]
    person_id = admin.get(f"/v1/drivers/{order['driver_id']}")["person_id"]
    with desk(browser, server, PHONE) as driving:
        page = driving.enter(person_id.removeprefix("P-"))
        card = page.locator(f"[data-assignment='{order['id']}']")
        expect(card.locator("[data-tap=accept]")).to_be_visible()
        driving.context.set_offline(True)
        card.locator("[data-tap=accept]").click()
        admin.post(f"/v1/requests/{order['request_id']}:cancel", {"reason": "会议取消"})
        driving.context.set_offline(False)
        told = page.locator(".note.bad[role=alert]")
        expect(told).to_contain_text("已撤回")
        expect(told).to_contain_text("接单")
        told.get_by_role("button").click()
        expect(told).to_have_count(0)


def test_another_desk_sees_a_change_without_asking(browser: Browser, server: ServerProcess) -> None:
    dispatcher = account(server, "dispatcher", SUINING)
    with desk(browser, server) as watching:
        page = watching.enter(dispatcher)
        expect(page.locator(".live.live")).to_be_visible()
        page.locator(".tabs button").nth(1).click()
        row = page.locator("tbody tr", has=page.locator(".state.available")).first
        plate = row.locator(".row-link").inner_text()
        mine = page.locator("tbody tr", has_text=plate)
        other = server.sign_in(dispatcher, password_of_demo(server))
        vehicle = next(each for each in other.get("/v1/vehicles", limit=1000)["items"] if each["plate"] == plate)
        other.post(f"/v1/vehicles/{vehicle['id']}:takeOutOfService", {})
        expect(mine.locator(".state")).to_have_text("停用")
        mine.get_by_role("button", name="恢复使用").click()
        expect(mine.locator(".state")).to_have_text("可用")


def test_the_map_shows_the_network_and_a_vehicles_day(browser: Browser, server: ServerProcess) -> None:
    with desk(browser, server) as looking:
        page = looking.enter(account(server, "dispatcher", "510000"))
        expect(page.locator("[data-ready=true]")).to_be_visible()
        expect(page.locator(".legend")).to_contain_text("未核实")
        busy = page.locator("[data-row]", has=page.locator(".state.assigned")).first
        busy.click()
        expect(page.locator(".map .pin").first).to_be_attached()
        page.locator(".el-drawer .link").first.click()
        expect(page.locator(".stops li").first).to_be_visible()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_both_languages_fit_the_screen(browser: Browser, server: ServerProcess, size: ViewportSize) -> None:
    chinese = re.compile("[一-鿿]")
    with desk(browser, server, size) as reading:
        page = reading.enter(account(server, "dispatcher", "510000"))
        expect(page.locator("[data-row]").first).to_be_visible()
        assert page.locator("html").get_attribute("lang") == "zh-CN"
        for _ in range(2):
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, "the page scrolls sideways"
            page.get_by_role("button", name=re.compile("切换语言|Switch language")).click()
        page.get_by_role("button", name="切换语言").click()
        expect(page.locator("[data-do=plan]")).to_have_text("Make plan")
        said = page.locator(".panel-head, .figures, .commands, .legend, .keys, th, .state").all_inner_texts()
        assert [text for text in said if chinese.search(text)] == []
        page.reload()
        expect(page.locator("[data-do=plan]")).to_have_text("Make plan")


def test_the_page_speaks_the_browsers_language_until_another_is_chosen(browser: Browser, server: ServerProcess) -> None:
    with desk(browser, server, locale="en-US") as reading:
        page = reading.enter(account(server, "dispatcher", "510000"))
        expect(page.locator("[data-do=plan]")).to_have_text("Make plan")
        assert page.locator("html").get_attribute("lang") == "en"
        page.locator("[data-do=new-request]").click()
        choose_place(page, "from", "Tongnan")
        page.get_by_role("dialog").get_by_role("button", name="Back").click()
        page.get_by_role("button", name="中文").click()
        expect(page.locator("[data-do=plan]")).to_have_text("生成派车方案")
        page.reload()
        expect(page.locator("[data-do=plan]")).to_have_text("生成派车方案")
        page.get_by_role("button", name="English").click()
        expect(page.locator("[data-do=plan]")).to_have_text("Make plan")


def test_each_role_sees_what_is_for_it(browser: Browser, server: ServerProcess) -> None:
    buttons = {
        "requester": {"new-request"},
        "auditor": {"closures"},
        "planner": {"plan", "closures"},
        "dispatcher": {"new-request", "plan", "closures"},
    }
    for role, expected in buttons.items():
        with desk(browser, server) as reading:
            page = reading.enter(account(server, role))
            expect(page.locator("[data-row], .empty").first).to_be_visible()
            found = {each.get_attribute("data-do") for each in page.locator(".commands [data-do]").all()}
            assert found == expected, role


def test_a_wrong_password_is_told_and_a_driver_lands_on_the_phone_page(browser: Browser, server: ServerProcess) -> None:
    driver = account(server, "driver")
    with desk(browser, server, PHONE) as signing_in:
        page = signing_in.page
        page.goto(server.url)
        page.locator("input[name=login]").fill(driver)
        page.locator("input[name=password]").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_text("账号或密码不正确。")).to_be_visible()
        signing_in.enter(driver)
        expect(page).to_have_url(f"{server.url}/driver")
        expect(page.locator("main footer")).to_contain_text("的内容")


def test_a_lost_connection_is_shown_and_taken_up_again(browser: Browser, server: ServerProcess) -> None:
    with desk(browser, server) as watching:
        page = watching.enter(account(server, "dispatcher", SUINING))
        expect(page.locator("[data-ready=true]")).to_be_visible()
        expect(page.locator(".live.live")).to_be_visible()
        server.stop()
        expect(page.locator(".live.lost")).to_have_text("连接中断，正在重连")
        server.start()
        wait_ready(server)
        expect(page.locator(".live.live")).to_have_text("实时更新", timeout=60_000)
        expect(page.locator("[role=alert]")).to_have_count(0)
