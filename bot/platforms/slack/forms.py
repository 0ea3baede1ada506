"""Opens forms and does what they say: all settings at once, and a question about a message.

1. A form opens within Slack's three seconds: what takes longer to read is filled in afterwards.
2. What was changed runs as its command, with the rights that whoever submits it has then.
3. An error stands beside its field. While anything cannot be read, nothing is changed; what was
   changed before the history failed is told.
4. What was done is told in the form's place, for the eyes of whoever filled it in.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from bot.commands import Caller, Commands, Invocation, UsageError, parse
from bot.commands.dispatch import STORE_FAILED
from bot.errors import StoreError
from bot.messages import ConversationKey
from bot.notices import CANNOT_THINK
from bot.platforms.slack.ask_form import ASK, Asked, ask_form, asked
from bot.platforms.slack.settings_form import (
    FOLLOW,
    FOLLOWS,
    OUT_OF_DATE,
    SAVING,
    SETTINGS,
    WAIT,
    SettingsForm,
    Submitted,
    submitted,
)
from bot.platforms.slack.tasks import Tasks
from bot.platforms.slack.teams import Team
from bot.platforms.slack.views import Json, begun, is_in_time, modal, plain, section, shown
from bot.store import Store

__all__ = ["ASK", "SETTINGS", "Asked", "Forms"]

logger = logging.getLogger(__name__)

READ_WITHIN_S = 1.0  # of the three seconds that Slack gives a form to open
SAVE_WITHIN_S = 2.0  # of the three that it gives a submitted one

FAILED = "That didn't work. Whoever runs me finds the cause in the log."

Result = TypeVar("Result")

Callers = Callable[[Team, ConversationKey, str], Awaitable[Caller]]
"""Says who a person is in a place, and with which rights at this moment."""


async def nothing_else(team: Team, user_id: str) -> None:
    """Have nothing to do after a change."""


@dataclass(frozen=True, slots=True)
class Forms:
    """Opens and reads forms. `name` is the assistant's, `tasks` owns what Slack does not wait for.

    `changed` is told who changed something in a form of the Home tab.
    """

    store: Store
    commands: Commands
    name: str
    caller: Callers
    tasks: Tasks
    changed: Callable[[Team, str], Awaitable[None]] = nothing_else

    async def open_settings(
        self,
        team: Team,
        trigger_id: str,
        where: ConversationKey,
        user_id: str,
        *,
        from_home: bool = False,
    ) -> bool:
        """Open the settings of a channel, or with the key of a workspace its defaults.

        Somebody who may not change them can read them; who that is is looked up meanwhile. False
        where Slack did not open the form.
        """
        form = SettingsForm(replace(where, thread=None), from_home)  # threads share them
        outcome = self._begun(partial(self._made, form, team, user_id))
        if await is_in_time(outcome, READ_WITHIN_S):
            return await _opened(team, trigger_id, outcome.result()) is not None
        view_id = await _opened(team, trigger_id, _saying(WAIT))
        if view_id is not None:
            self._later(partial(_replaced, team, view_id, outcome))
        return view_id is not None

    async def settings_submitted(self, body: Mapping[str, Any], team: Team) -> Json | None:
        """Do what a submitted form says; gives what to acknowledge it with, None to close it."""
        outcome = self._begun(partial(self._submitted, body, team))
        if await is_in_time(outcome, SAVE_WITHIN_S):
            return outcome.result()
        self._later(partial(_replaced_after, team, body["view"]["id"], outcome))
        return _instead(_saying(SAVING))

    async def open_ask(
        self, team: Team, trigger_id: str, where: ConversationKey, target_ts: str
    ) -> bool:
        """Open the form that asks for a question about a message; False where Slack did not."""
        return await _opened(team, trigger_id, ask_form(self.name, where, target_ts)) is not None

    def asked(self, body: Mapping[str, Any], team: Team) -> Asked | None:
        """Read a submitted form about a message; None if it is another form."""
        return asked(body["view"], team.id)

    def _begun(self, work: Callable[[], Awaitable[Result]]) -> asyncio.Future[Result]:
        return begun(work, self.tasks, name="a form")

    def _later(self, work: Callable[[], Awaitable[object]]) -> None:
        self.tasks.start(work, name="a form")

    async def _made(self, form: SettingsForm, team: Team, user_id: str) -> Json:
        try:
            caller = await self.caller(team, form.where, user_id)
            if not caller.may(form.needs):
                return await self._to_be_read(form, caller)
            settings = await self.store.channels.settings(form.where)
            chosen = await self.store.channels.chosen(form.where)
            return form.to_be_changed(settings, chosen, caller.now)
        except StoreError:
            logger.exception("the settings of %s cannot be shown", form.where)
            return form.told([STORE_FAILED])
        except Exception:  # Slack may show already that something comes
            logger.exception("the settings of %s cannot be shown", form.where)
            return form.told([FAILED])

    async def _to_be_read(self, form: SettingsForm, caller: Caller) -> Json:
        once = {field.path: field.only_shown() for field in form.fields}
        texts = [(await self.commands.invoke(each, caller)).text for each in once.values()]
        return form.to_be_read(texts)

    async def _submitted(self, body: Mapping[str, Any], team: Team) -> Json | None:
        try:
            sent = submitted(body["view"], team.id)
            if sent is None:
                return _instead(_saying(OUT_OF_DATE))
            return await self._done(sent, team, body["user"]["id"])
        except Exception:  # somebody waits before the form
            logger.exception("a form that was submitted in %s failed", team.name)
            return _instead(_saying(FAILED))

    async def _done(self, sent: Submitted, team: Team, user_id: str) -> Json | None:
        form = sent.form
        caller = await self.caller(team, form.where, user_id)
        if not caller.may(form.needs):
            return _instead(await self._to_be_read(form, caller))
        answers, errors = await self._carried_out(sent, caller)
        if form.from_home and answers:
            self._later(partial(self.changed, team, user_id))
        if errors:
            return {"response_action": "errors", "errors": errors}
        return _instead(form.told(answers)) if answers else None

    async def _carried_out(
        self, sent: Submitted, caller: Caller
    ) -> tuple[list[str], dict[str, str]]:
        """Run the command of each change; gives the answers, or what went wrong by field.

        A form with errors stays, with its marks of what held when it was opened: so nothing may be
        changed then.
        """
        called, errors = self._read(sent, caller)
        answers: list[str] = []
        for block_id, invocation in called.items() if not errors else ():
            text = (await self.commands.invoke(invocation, caller)).text
            if text in (STORE_FAILED, CANNOT_THINK):
                return ([*answers, text], {}) if answers else ([], {block_id: text})
            answers.append(text)
        return answers, errors

    def _read(
        self, sent: Submitted, caller: Caller
    ) -> tuple[dict[str, Invocation], dict[str, str]]:
        """Give the command of each change, or why it cannot be read, by field."""
        called = {FOLLOW: parse(FOLLOWS)} if sent.follows else {}
        errors: dict[str, str] = {}
        for field, typed in sent.changed.items():
            try:
                called[field.id] = field.invocation(typed)
                self.commands.check(called[field.id], caller)
            except UsageError as error:
                errors[field.id] = str(error)
        return called, errors


def _saying(text: str) -> Json:
    return modal("Settings", [section(plain(text))], callback_id=SETTINGS)


def _instead(view: Json) -> Json:
    return {"response_action": "update", "view": view}


async def _opened(team: Team, trigger_id: str, view: Json) -> str | None:
    """Open a view; gives its id, None where Slack did not open it."""
    answer = await shown(
        lambda: team.client.views_open(trigger_id=trigger_id, view=view), team, "open a form"
    )
    return None if answer is None else str(answer["view"]["id"])


async def _replaced(team: Team, view_id: str, coming: Awaitable[Json]) -> None:
    """Show what comes in the place of what stands; one that was closed meanwhile stays closed."""
    view = await coming
    await shown(
        lambda: team.client.views_update(view_id=view_id, view=view), team, "fill in a form"
    )


async def _replaced_after(team: Team, view_id: str, coming: Awaitable[Json | None]) -> None:
    """Show what came of a form that Slack no longer waits for."""
    outcome = await coming or {}
    view = outcome.get("view")
    errors = outcome.get("errors")
    if isinstance(errors, dict):
        view = modal(
            "Settings", [section(plain(text)) for text in errors.values()], callback_id=SETTINGS
        )
    if isinstance(view, dict):
        await shown(
            lambda: team.client.views_update(view_id=view_id, view=view), team, "fill in a form"
        )
