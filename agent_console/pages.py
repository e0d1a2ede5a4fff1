"""The browser app's files: the start page always fresh, everything with a hash in its name kept.

Addresses of pages (``/desk``, ``/orders/…``) all get the start page: the app itself routes.
Compressed siblings (``x.js.br``, ``x.js.gz``) are served by aiohttp where the browser takes them.
"""

from __future__ import annotations

from pathlib import Path

from aiohttp import hdrs, web

from agent_console.services import CONSOLE

FRESH = "no-cache"
#: The build puts files with a hash of their content into this folder.
HASHED = "assets"
FOR_EVER = "public, max-age=31536000, immutable"

NOT_BUILT = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>12345 热线</title></head>
<body><h1>界面文件还没有生成</h1>
<p>后台服务已经启动，但浏览器界面尚未构建。请在项目目录运行：</p>
<pre>make run</pre>
<p>它会安装所需的工具、构建界面并重新启动服务。</p>
<p>接口说明见 <a href="/api/openapi.json">/api/openapi.json</a>。</p>
</body></html>
"""


async def start_page(request: web.Request) -> web.StreamResponse:
    """The app's only page, or a word on how to get it built."""
    index = _dist(request) / "index.html"
    if not index.is_file():
        return web.Response(
            status=503, text=NOT_BUILT, content_type="text/html", headers={"Retry-After": "60"}
        )
    return web.FileResponse(index, headers={hdrs.CACHE_CONTROL: FRESH})


async def file(request: web.Request) -> web.StreamResponse:
    """A file of the build; the start page where the address does not look like one."""
    dist, path = _dist(request).resolve(), request.match_info["path"].lstrip("/")
    if "\x00" in path:
        raise web.HTTPNotFound
    wanted = (dist / path).resolve()
    if "." not in wanted.name:
        return await start_page(request)
    if not wanted.is_relative_to(dist) or not wanted.is_file():
        raise web.HTTPNotFound
    hashed = wanted.is_relative_to(dist / HASHED)
    return web.FileResponse(wanted, headers={hdrs.CACHE_CONTROL: FOR_EVER if hashed else FRESH})


def mount_pages(app: web.Application) -> None:
    """Serve pages and files; call last, this matches any address."""
    app.router.add_get("/", start_page)
    app.router.add_get("/{path:(?!api/|sip$|healthz$).+}", file)


def _dist(request: web.Request) -> Path:
    return request.app[CONSOLE].services.web_dist
