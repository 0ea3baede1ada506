"""What `earshot doctor` finds at a model server: whether it answers, and what it can do.

It asks in the very way the bot does, a few short requests, and changes nothing. No finding shows a
secret.
"""

import asyncio
from typing import TYPE_CHECKING

from bot.cli.findings import Finding
from bot.config import Settings, variable
from bot.errors import ConfigError, ModelError, ModelRefused
from bot.secrets_shown import without_password

if TYPE_CHECKING:
    from inference.wire.answers import ListedModel

TIMEOUT_S = 10.0


def check_server(settings: Settings, url: str) -> Finding:
    """Ask the server what it offers, then find out how it can be asked to decide."""
    from openai import APIConnectionError, APIStatusError

    address = without_password(url)
    try:
        offered = asyncio.run(_offered(settings, url))
    except (APIConnectionError, TimeoutError):
        remedy = f"Start the server, or correct {variable('model_url')} (it ends in /v1)."
        return Finding("model", ok=False, detail=f"{address} does not answer", remedy=remedy)
    except APIStatusError as error:
        remedy = f"Check {variable('model_url')} (it ends in /v1) and {variable('model_api_key')}."
        detail = f"{address} answers with HTTP {error.status_code}"
        return Finding("model", ok=False, detail=detail, remedy=remedy)
    except ValueError:
        remedy = f"Correct {variable('model_url')} (it ends in /v1)."
        detail = f"{address} answers, but is no model server"
        return Finding("model", ok=False, detail=detail, remedy=remedy)
    return _check_offered(settings, offered, address)


async def _offered(settings: Settings, url: str) -> "list[ListedModel]":
    """Ask the server what it offers, in the way the bot does."""
    from bot.model_client import offered_models, open_client
    from bot.model_faults import Server

    key = settings.model_api_key.get_secret_value() if settings.model_api_key else None
    server = Server.at(url, secret=key, timeout_s=TIMEOUT_S)
    async with open_client(url, server=server) as client, asyncio.timeout(TIMEOUT_S):
        return await offered_models(client)


def _check_offered(settings: Settings, offered: "list[ListedModel]", address: str) -> Finding:
    from bot.model_cards import chosen

    try:
        listed = chosen(offered, name=settings.model or None)
    except ModelRefused:
        names = ", ".join(listed.id for listed in offered) or "no model"
        remedy = f"Set {variable('model')} to a model that the server has."
        return Finding("model", ok=False, detail=f"{address} has {names}", remedy=remedy)
    return asyncio.run(_check_abilities(settings, f"{listed.id} at {address}"))


async def _check_abilities(settings: Settings, what: str) -> Finding:
    """Probe the server as the bot does at its start."""
    from bot.model_probe import THINKS_FIRST, described
    from bot.runtime import opened_model

    try:
        async with opened_model(settings) as served:
            card, abilities = await served.model.card(), await served.model.abilities()
    except (ConfigError, ModelError) as error:
        remedy = "Mend this, and run earshot doctor again."
        return Finding("model", ok=False, detail=f"{what}: {error}", remedy=remedy)
    detail = f"{what}: {described(abilities, card.form)}"
    return Finding("model", ok=abilities.follows, detail=detail, remedy=f"{THINKS_FIRST}.")
