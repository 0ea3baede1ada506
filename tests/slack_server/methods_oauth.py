"""Methods that give tokens and take them back; what the page of consent does is in `consent.py`."""

import base64
from typing import TYPE_CHECKING

from tests.slack_server.calls import Call, Methods
from tests.slack_server.refusals import Refused
from tests.slack_server.tokens import LIVES_S, Token
from tests.slack_server.world import Json

if TYPE_CHECKING:
    from tests.slack_server.server import SlackServer

methods = Methods()


@methods.on(
    "oauth.v2.access",
    "client_id client_secret code redirect_uri grant_type refresh_token",
    token="",
)
def access(server: "SlackServer", call: Call) -> Json:
    _check_client(server, call)
    if call.args.get("grant_type") == "refresh_token":
        token = server.tokens.renewed(call.args.get("refresh_token", ""))
        return {**_granted(server, token), "authed_user": {}}
    consent = server.consents.pop(call.args.get("code", ""), None)
    if consent is None:
        raise Refused("invalid_code")
    if call.args.get("redirect_uri", consent.redirect_uri) != consent.redirect_uri:
        raise Refused("bad_redirect_uri")
    token = server.install(consent.team, consent.scopes, rotates=server.rotates_tokens)
    return {**_granted(server, token), "authed_user": {"id": consent.user.id}}


def _granted(server: "SlackServer", token: Token) -> Json:
    assert token.team is not None
    granted: Json = {
        "app_id": server.app_id,
        "scope": ",".join(token.scopes),
        "token_type": "bot",
        "access_token": token.value,
        "bot_user_id": token.team.bot.id,
        "team": {"id": token.team.id, "name": token.team.name},
        "enterprise": None,
        "is_enterprise_install": False,
    }
    if token.refresh is not None:
        granted |= {"refresh_token": token.refresh, "expires_in": LIVES_S}
    return granted


def _check_client(server: "SlackServer", call: Call) -> None:
    """Raise `Refused` unless the call comes from our app, which Basic auth or the fields say."""
    scheme, _, words = call.headers.get("Authorization", "").partition(" ")
    client_id, secret = call.args.get("client_id"), call.args.get("client_secret")
    if scheme == "Basic":
        client_id, _, secret = base64.b64decode(words).decode().partition(":")
    if client_id != server.client_id:
        raise Refused("invalid_client_id")
    if secret != server.client_secret:
        raise Refused("bad_client_secret")


@methods.on("apps.uninstall", "client_id! client_secret!")
def uninstall(server: "SlackServer", call: Call) -> Json:
    _check_client(server, call)
    server.put_out(call.team)
    return {}
