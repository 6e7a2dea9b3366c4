"""The rental pages in a real Chromium: a renter's phone from hold to return, the office that checks, settles and looks on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.api.conftest import PASSWORD
from tests.api.rental_world import approved, evening, open_points

pytestmark = [pytest.mark.browser]

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def browser(repository: Path) -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    subprocess.run([sys.executable, str(repository / "web" / "build.py")], check=True)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


def sign_in(browser: Browser, world, login: str, path: str, size: ViewportSize, language: str = "zh-CN") -> Page:
    context = browser.new_context(viewport=size, locale=language)
    page = context.new_page()
    page.goto(f"{world.client.base_url}/sign-in?back={path}")
    page.fill('input[name="login"]', login)
    page.fill('input[name="password"]', PASSWORD)
    page.click('button[type="submit"]')
    page.wait_for_url(f"**{path}")
    return page


def read_car(page: Page, km: str, percent: str, photo: Path) -> None:
    page.fill('input[name="odometer"]', km)
    page.fill('input[name="charge"]', percent)
    page.set_input_files('input[name="photos"]', str(photo))
    page.click('[data-do="read"]')


def test_from_hold_to_settlement_on_the_phone_and_at_the_desk(browser, world, tmp_path):
    open_points(world)
    approved(world, evening())
    photo = tmp_path / "front.jpg"
    photo.write_bytes(b"a photograph")
    page = sign_in(browser, world, "tn-asker", "/rent", PHONE)
    page.click('[data-point="S-TN"]')
    page.click('[data-reason="urgent"]')
    page.click('[data-do="quote"]')
    expect(page.locator("[data-quote]")).to_contain_text("¥")
    page.screenshot(path=str(tmp_path / "renter-quote-zh.png"), full_page=True)
    page.click('[data-do="hold"]')
    expect(page.locator('[data-state="held"]')).to_be_visible()

    desk = sign_in(browser, world, "tn-dispatcher", "/rentals", DESK)
    desk.click('[data-do="checkLicence"]')
    desk.fill('input[name="valid-until"]', "2031-06-30")
    desk.click('[data-do="send"]')
    expect(desk.locator("tbody")).to_contain_text("已预订")
    desk.screenshot(path=str(tmp_path / "desk-orders-zh.png"))

    # the phone hears of it by itself
    expect(page.locator('[data-state="booked"]')).to_be_visible()
    page.screenshot(path=str(tmp_path / "renter-booked-zh.png"), full_page=True)
    page.click('[data-do="inspect"]')
    read_car(page, "12345", "90", photo)
    # hours before the agreed start: the page says so, in Chinese
    expect(page.locator('[role="alert"]').first).to_contain_text("接近约定的取车时间")
    page.context.close()

    desk.click('[data-tab="points"]')
    expect(desk.locator('[data-table="points"]')).to_contain_text("川JD")
    desk.screenshot(path=str(tmp_path / "desk-points-zh.png"))
    desk.click('[data-tab="townships"]')
    expect(desk.locator('[data-table="townships"]')).to_contain_text("双江镇")
    desk.context.close()


def test_the_pages_speak_english(browser, world, tmp_path):
    open_points(world)
    approved(world, evening())
    page = sign_in(browser, world, "tn-asker", "/rent", PHONE, "en-GB")
    expect(page.locator("h2").first).to_have_text("My orders")
    page.screenshot(path=str(tmp_path / "renter-en.png"), full_page=True)
    page.context.close()
    desk = sign_in(browser, world, "tn-dispatcher", "/rentals", DESK, "en-GB")
    expect(desk.locator("h1")).to_have_text("Rentals")
    desk.click('[data-tab="points"]')
    expect(desk.locator('[data-table="points"]')).to_contain_text("free")
    desk.screenshot(path=str(tmp_path / "desk-points-en.png"))
    desk.context.close()
