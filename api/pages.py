"""The built browser side: files with a hash in their name are kept by the browser, the page itself is asked for anew."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response

from api.reference import render_reference

STATIC = Path(__file__).resolve().parent / "static"

_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_NOT_BUILT = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>川渝公务用车调度</title>
<p>页面尚未构建：运行 <code>make run</code>。接口说明见 <a href="/docs">/docs</a>。</p>
<p lang="en">The page is not built yet: use <code>make run</code>. The interface is described at /docs.</p></html>"""


def add_pages(app: FastAPI, folder: Path = STATIC) -> None:
    """Serve the built page for every address that is neither the interface nor a file."""

    def get_reference() -> Response:
        return HTMLResponse(render_reference(app.openapi()), headers=_HEADERS)

    app.add_api_route("/docs", get_reference, methods=["GET"], include_in_schema=False)

    def get_page(path: str) -> Response:
        if path.startswith(("v1/", "gbfs/", "openapi.json")):
            raise HTTPException(404)
        found = find_file(folder, path)
        if found is not None:
            age = "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
            return FileResponse(found, headers={**_HEADERS, "Cache-Control": age})
        if "." in path.rsplit("/", 1)[-1]:
            raise HTTPException(404)
        page = folder / "index.html"
        if not page.is_file():
            return HTMLResponse(_NOT_BUILT, headers=_HEADERS)
        return FileResponse(page, headers={**_HEADERS, "Cache-Control": "no-cache"})

    app.add_api_route("/{path:path}", get_page, methods=["GET"], include_in_schema=False)


def find_file(folder: Path, path: str) -> Path | None:
    """Return the file of that path inside the folder; None for anything else, also for paths that lead out of it."""
    if not path or "\x00" in path:
        return None
    candidate = (folder / path).resolve()
    if not candidate.is_relative_to(folder.resolve()) or not candidate.is_file():
        return None
    return candidate
