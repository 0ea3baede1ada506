"""Signed HTTP to the app's request URLs, with Slack's second tries."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp

from tests.slack_server.deliveries import EVENTS, Delivery
from tests.slack_server.world import Json
from tests.waiting import WITHIN_S

if TYPE_CHECKING:
    from tests.slack_server.server import SlackServer

COMMANDS, INTERACTIVE = "slash_commands", "interactive"
AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """What the app said to a request; `reason` is why it is to be sent again, "" if it is not."""

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    reason: str = ""

    @property
    def payload(self) -> Any:
        try:
            return json.loads(self.text)
        except ValueError:
            return {"text": self.text} if self.text else None


class Http:
    """`urls` are the request URLs, by what is sent there; none as long as the app is on sockets.

    `answer_within_s` is how long the app has (for real three seconds, which a busy machine may
    take); `retry_after_s` how long Slack waits before each further try (for real: at once, a minute,
    five minutes).
    """

    def __init__(self, server: "SlackServer") -> None:
        self._server = server
        self.urls: dict[str, str] = {}
        self._others: tuple[str, ...] = ()
        self._turn = 0
        self.answer_within_s = WITHIN_S
        self.retry_after_s: tuple[float, ...] = (0.0, 0.0, 0.0)
        self.answers: list[Answer] = []

    def use(self, url: str, *others: str) -> None:
        """Send everything to this URL from now on, or to one after the other where there are more."""
        self.urls = dict.fromkeys((EVENTS, COMMANDS, INTERACTIVE), url)
        self._others = others

    def url_of(self, kind: str) -> str | None:
        """Give where something of this kind goes next."""
        url = self.urls.get(kind)
        if url is None or not self._others:
            return url
        self._turn += 1
        return (url, *self._others)[self._turn % (1 + len(self._others))]

    async def deliver(self, delivery: Delivery) -> None:
        """Send until it is taken, or three more times if it is an event."""
        for wait_s in (None, *self.retry_after_s):
            if wait_s is not None:
                delivery.attempt += 1
                await asyncio.sleep(wait_s)
            answer = await self.post(delivery)
            delivery.tries.append(answer.reason or "ok")
            if not answer.reason:
                delivery.acknowledged, delivery.answer = True, answer.payload
                self._server.answered(delivery)
                break
            if not delivery.retried or answer.headers.get("X-Slack-No-Retry") == "1":
                break
            self._server.changed()
        delivery.lost = not delivery.acknowledged
        self._server.changed()

    async def post(self, delivery: Delivery) -> Answer:
        """Send it once, signed."""
        if delivery.kind == EVENTS:
            body, kind = json.dumps(delivery.payload), "application/json"
        elif delivery.kind == COMMANDS:
            body, kind = urlencode(delivery.payload), FORM
        else:
            body, kind = urlencode({"payload": json.dumps(delivery.payload)}), FORM
        headers = {"Content-Type": kind}
        if delivery.attempt:
            headers |= {
                "X-Slack-Retry-Num": str(delivery.attempt),
                "X-Slack-Retry-Reason": delivery.tries[-1],
            }
        return await self.post_raw(self.url_of(delivery.kind) or "", body, headers)

    async def post_raw(
        self,
        url: str,
        body: str,
        headers: Mapping[str, str],
        *,
        secret: str | None = None,
        late_s: int = 0,
    ) -> Answer:
        """Send any body; with another secret or a time that is off, if asked for."""
        stamp = str(self._server.stamps.seconds() - late_s)
        signed = {
            "User-Agent": AGENT,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": signature(secret or self._server.signing_secret, stamp, body),
            **headers,
        }
        answer = await self._posted(url, body, signed)
        self.answers.append(answer)
        self._server.changed()
        return answer

    async def _posted(self, url: str, body: str, headers: Mapping[str, str]) -> Answer:
        limit = aiohttp.ClientTimeout(total=self.answer_within_s)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit) as http,
                http.post(url, data=body.encode(), headers=headers, allow_redirects=False) as told,
            ):
                text = await told.text()
                reason = "" if told.status == 200 else "http_error"
                return Answer(told.status, told.headers.copy(), text, reason)
        except TimeoutError:
            return Answer(None, reason="http_timeout")
        except aiohttp.ClientError:
            return Answer(None, reason="connection_failed")

    async def verify(self, url: str) -> bool:
        """Ask for a challenge back, as Slack does when the URL is entered."""
        asked: Json = {
            "token": "verification-token",
            "challenge": "3eZbrw1aB",
            "type": "url_verification",
        }
        headers = {"Content-Type": "application/json"}
        answer = await self.post_raw(url, json.dumps(asked), headers)
        return answer.status == 200 and asked["challenge"] in answer.text


def signature(secret: str, stamp: str, body: str) -> str:
    """Sign a body as Slack does."""
    words = f"v0:{stamp}:{body}".encode()
    return "v0=" + hmac.new(secret.encode(), words, hashlib.sha256).hexdigest()
