"""The page on which somebody lets an app into a workspace, without the page."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

from aiohttp import web

from tests.slack_server.world import Team, User

if TYPE_CHECKING:
    from tests.slack_server.server import SlackServer


@dataclass(frozen=True)
class Consent:
    """What somebody agreed to; its code is good for once."""

    team: Team
    user: User
    scopes: list[str]
    redirect_uri: str


def consented(
    server: "SlackServer", url: str, user: User, team: Team, *, denied: bool = False
) -> str:
    """Give the address to which the browser is sent from the page at `url`."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert asked.get("client_id") == server.client_id, "the link names another app"
    redirect_uri = asked.get("redirect_uri") or server.redirect_uri
    state = {"state": asked["state"]} if "state" in asked else {}
    if denied:
        return f"{redirect_uri}?{urlencode({'error': 'access_denied', **state})}"
    code = f"code-{server.stamps.id('C')}"
    scopes = [one for one in asked.get("scope", "").split(",") if one]
    server.consents[code] = Consent(team, user, scopes, redirect_uri)
    return f"{redirect_uri}?{urlencode({'code': code, **state})}"


async def serve(server: "SlackServer", request: web.Request) -> web.Response:
    """Send the browser back at once, as if the founder of `team` agreed."""
    founder = server.member("Olga")
    where = consented(server, str(request.url), founder, server.team)
    return web.Response(status=302, headers={"Location": where})
