"""Somebody at a browser without scripts: cookies, forms, links. For pages of a hub in this process."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape

import aiohttp

_INPUT = re.compile(r"<input\b[^>]*>")
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Shown:
    """A page that came back."""

    status: int
    headers: Mapping[str, str]
    text: str
    cookies: tuple[str, ...] = ()
    body: bytes = b""

    @property
    def token(self) -> str:
        """The token of the page's own form, which stands after the one that signs out."""
        return self.hidden("csrf")

    @property
    def token_of_frame(self) -> str:
        """The token of the form that signs out."""
        return self.text.split('action="/sign-out"')[1].split('name="csrf" value="')[1].split('"')[0]

    def hidden(self, name: str) -> str:
        found = [dict(_ATTRIBUTE.findall(tag)) for tag in _INPUT.findall(self.text)]
        for attributes in reversed(found):
            if attributes.get("name") == name:
                return unescape(attributes.get("value", ""))
        raise AssertionError(f"no input {name} on the page")


class Browser:
    """One browser with its own cookies. Redirects are shown, not followed."""

    def __init__(self, url: str) -> None:
        self.url = url
        jar = aiohttp.CookieJar(unsafe=True)
        self.session = aiohttp.ClientSession(cookie_jar=jar, headers={"Accept": "text/html"})

    async def close(self) -> None:
        await self.session.close()

    async def get(self, path: str, **headers: str) -> Shown:
        return await self._call("GET", path, None, headers)

    async def post(self, path: str, form: Mapping[str, object] | None = None, **headers: str) -> Shown:
        return await self._call("POST", path, form or {}, headers)

    async def _call(
        self, method: str, path: str, form: Mapping[str, object] | None, headers: Mapping[str, str]
    ) -> Shown:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        fields = [(name, item) for name, value in (form or {}).items() for item in _each(value)]
        data = None if form is None else aiohttp.FormData(fields)
        return await self._ask(method, path, data, named, is_empty=not fields)

    async def upload(self, path: str, form: Mapping[str, str], name: str, files: Mapping[str, str]) -> Shown:
        """A form with files, each by its own name."""
        data = aiohttp.FormData(dict(form), default_to_multipart=True)
        for filename, text in files.items():
            data.add_field(name, text.encode(), filename=filename, content_type="application/octet-stream")
        return await self._ask("POST", path, data, {}, is_empty=False)

    async def _ask(
        self, method: str, path: str, data: aiohttp.FormData | None, named: dict[str, str], *, is_empty: bool
    ) -> Shown:
        if data is not None and is_empty:
            named.setdefault("Content-Type", "application/x-www-form-urlencoded")
        async with self.session.request(
            method, self.url + path, data=data, headers=named, allow_redirects=False
        ) as answer:
            cookies = tuple(answer.headers.getall("Set-Cookie", []))
            body, text = await answer.read(), await answer.text(errors="replace")
            return Shown(answer.status, answer.headers, text, cookies, body)

    async def sign_in(self, person: str) -> Shown:
        """As one of the invented persons."""
        page = await self.get("/sign-in")
        return await self.post("/sign-in/demo", {"csrf": page.token, "person": person})


def _each(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
