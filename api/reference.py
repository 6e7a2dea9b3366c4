"""The interface's description as a page for people: rendered here from OpenAPI, without scripts and without a network."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_STYLE = """
body{font:15px/1.6 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code,pre{font:13px/1.5 ui-monospace,Consolas,monospace}pre{background:#f4f7fa;padding:.8rem;overflow:auto}
summary{cursor:pointer;padding:.3rem 0}.m{display:inline-block;min-width:4.2rem;font-weight:700}
.get{color:#0b6e4f}.post{color:#a34700}.patch{color:#6b3fa0}.delete{color:#b00020}
table{border-collapse:collapse}td,th{border:1px solid #d6dee6;padding:.2rem .6rem;text-align:left;vertical-align:top}
"""
_INTRO = (
    "<p>每个写请求都可以带 <code>Idempotency-Key</code>；修改时用 <code>If-Match</code> 防止覆盖他人的更改；"
    "错误按 RFC 9457 返回，语言随 <code>Accept-Language</code>（默认中文）。机器可读的描述见 "
    '<a href="/openapi.json">/openapi.json</a>。</p>'
    '<p lang="en">Every writing request may carry an <code>Idempotency-Key</code>; changes take <code>If-Match</code>; '
    "errors are RFC 9457 problems in the language of <code>Accept-Language</code> (Chinese by default). "
    'The machine-readable description is <a href="/openapi.json">/openapi.json</a>.</p>'
)


def render_reference(schema: Mapping[str, Any]) -> str:
    """Return the page of an OpenAPI description: every operation with its parameters and its example."""
    parts = [
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>{escape(schema['info']['title'])}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(schema['info']['title'])}</h1>{_INTRO}",
    ]
    tag = None
    for method, path, operation in _operations(schema):
        here = (operation.get("tags") or ["-"])[0]
        if here != tag:
            tag = here
            parts.append(f"<h2>{escape(tag)}</h2>")
        parts.append(_operation(schema, method, path, operation))
    return "".join([*parts, "</body></html>"])


def _operations(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def _operation(schema: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{escape(parameter['in'])}</td>"
        f"<td>{escape(parameter.get('description') or parameter.get('schema', {}).get('description') or '')}</td></tr>"
        for parameter in operation.get("parameters", [])
    )
    table = f"<table><tr><th>name</th><th>in</th><th></th></tr>{rows}</table>" if rows else ""
    text = f"<p>{escape(operation['description'])}</p>" if operation.get("description") else ""
    shown = "".join(
        f"<pre>{escape(json.dumps(example, ensure_ascii=False, indent=2))}</pre>"
        for example in _examples(schema, operation)
    )
    return (
        f'<details><summary><span class="m {method}">{method.upper()}</span><code>{escape(path)}</code> '
        f"{escape(operation.get('summary', ''))}</summary>{text}{table}{shown}</details>"
    )


def _examples(schema: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[Any]:
    content = operation.get("requestBody", {}).get("content", {})
    body = content.get("application/json", {}).get("schema", {})
    for reference in (body, *body.get("anyOf", [])):
        name = str(reference.get("$ref", "")).rsplit("/", 1)[-1]
        yield from schema.get("components", {}).get("schemas", {}).get(name, {}).get("examples", [])
