"""The page of a plan in a real browser that is cut off from every network."""

from __future__ import annotations

import shutil
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from api.cli.offline import Nouns, Task, plan_offline, write_book
from api.outputs.plan_html import write_plan_html
from api.wording import Text
from dispatch.policy import DispatchPolicy
from dispatch.solve import StopRule
from routing.builtin import load_builtin
from scenarios.region import build_demo

DAY = date(2026, 11, 23)
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)


@pytest.fixture
def page_path(tmp_path: Path, solver, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("dispatch.service.check", lambda _problem, _plan: ())
    demo = build_demo(3, day=DAY, vehicles=70, requests=70, sites=59)
    nouns = Nouns(
        units=demo.units, sites=demo.sites, vehicles=demo.vehicles, drivers=demo.drivers, requests=demo.requests
    )
    task = Task(
        day=DAY,
        now=datetime(2026, 11, 23, tzinfo=ZoneInfo("Asia/Shanghai")),
        graph=load_builtin(),
        policy=DispatchPolicy(),
        seed=1,
        stop=StopRule(iterations=1),
    )
    answer = plan_offline(nouns, task, solver=solver)
    book = write_book(
        answer,
        assumptions=[Text("假设一", "assumption one")],
        notes=["<img src=x onerror=alert(1)>"],
        set_aside={},
        advance=lambda _part, _said: None,
    )
    path = tmp_path / "plan.html"
    path.write_bytes(write_plan_html(book, language="zh"))
    return path


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium on the machine")
def test_the_page_works_offline_in_both_languages(page_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    said: list[str] = []
    asked: list[str] = []
    with playwright.sync_playwright() as run:
        browser = run.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(page_path.as_uri())
        assert page.locator("h1").inner_text() == "调度方案 2026-11-23"
        rows = page.locator("#gantt .row")
        assert rows.count() > 10
        painted = (
            "() => new Set(document.getElementById('map').getContext('2d').getImageData(0, 0, 600, 400).data).size"
        )
        assert page.evaluate(painted) > 20
        whole = page.evaluate("() => view.k")
        rows.nth(2).click()
        assert page.evaluate("() => view.k") > whole
        assert page.locator("#stops tr").count() > 3
        page.click("#swap")
        assert page.locator("h1").inner_text() == "Dispatch plan 2026-11-23"
        assert "assumption one" in page.locator("#assumed").inner_text()
        assert "<img src=x" in page.locator("#assumed").inner_text()
        before = page.locator("#unserved tr").count()
        page.fill("#filter", "no such request")
        assert page.locator("#unserved tr").count() == 1 <= before
        page.set_viewport_size({"width": 400, "height": 800})
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 400
        browser.close()
    assert said == []
    assert [url for url in asked if not url.startswith("file:")] == []
