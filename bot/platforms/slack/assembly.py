"""Puts together what hears on Slack, and what people command there."""

from bot.platforms.crowds import Crowds
from bot.platforms.opinions import Opinions
from bot.platforms.slack.agent_view import AgentView
from bot.platforms.slack.asking import Asking
from bot.platforms.slack.assistant_view import AssistantView
from bot.platforms.slack.basis import Basis
from bot.platforms.slack.catch_up import CatchUp
from bot.platforms.slack.channels import Channels
from bot.platforms.slack.claims import Claims
from bot.platforms.slack.commanding import Commanding
from bot.platforms.slack.ears import Ears
from bot.platforms.slack.events import Events
from bot.platforms.slack.files import read_text
from bot.platforms.slack.forms import Forms
from bot.platforms.slack.home import Home
from bot.platforms.slack.interactions import Interactions
from bot.platforms.slack.keys import TITLE
from bot.platforms.slack.pane_threads import PaneThreads
from bot.platforms.slack.spoken import Spoken
from bot.platforms.slack.teams import Team


def assembled(basis: Basis, catch_up: CatchUp) -> tuple[Events, Interactions]:
    """Make what hears events, and what deals with all that people do beside writing."""
    panes = PaneThreads(basis.store)
    pane = _pane(basis, panes)
    ears = _ears(basis, catch_up, pane)
    commanding = _commanding(basis, ears)
    forms, home = _views(basis)
    events = Events(
        ears=ears,
        spoken=Spoken(
            commanding,
            basis.answering,
            basis.tasks,
            basis.once,
            Claims(basis.store),
            basis.pipeline.signs.place,
        ),
        channels=_channels(basis, catch_up),
        people=basis.people,
        home=home,
        assistant_view=pane,
        agent_view=AgentView(basis.chats, panes, basis.platform, basis.name),
        tasks=basis.tasks,
    )
    interactions = Interactions(
        commanding, basis.answering, forms, home.acted, basis.tasks, basis.once
    )
    return events, interactions


def _pane(basis: Basis, panes: PaneThreads) -> AssistantView:
    return AssistantView(
        threads=panes,
        chats=basis.chats,
        platform=basis.platform,
        commands=basis.commands,
        name=basis.name,
        caller=basis.managing.caller,
        tasks=basis.tasks,
        once=basis.once,
    )


def _ears(basis: Basis, catch_up: CatchUp, pane: AssistantView) -> Ears:
    return Ears(
        pipeline=basis.pipeline,
        people=basis.people,
        threads=catch_up.threads,
        catch_up=catch_up,
        opinions=Opinions(basis.store, basis.clock),
        crowds=Crowds(basis.turns, TITLE),
        reader=read_text,
        turns=basis.turns,
        pane=pane,
    )


def _channels(basis: Basis, catch_up: CatchUp) -> Channels:
    return Channels(
        store=basis.store,
        platform=basis.platform,
        people=basis.people,
        membership=catch_up.membership,
        turns=basis.turns,
        name=basis.name,
        clock=basis.clock,
        tasks=basis.tasks,
    )


def _commanding(basis: Basis, ears: Ears) -> Commanding:
    asking = Asking(
        pipeline=basis.pipeline,
        answering=basis.answering,
        managing=basis.managing,
        receive=ears.asked,
        record=ears.record,
        settled=basis.pipeline.conversations.settled,
        sleep=basis.sleep,
    )
    return Commanding(basis.commands, basis.managing, asking, basis.answering)


def _views(basis: Basis) -> tuple[Forms, Home]:
    """Make the forms and the Home tab: each opens, or shows, what was changed in the other."""
    shared = (basis.store, basis.commands, basis.name, basis.managing.caller)

    async def changed(team: Team, user_id: str) -> None:
        await home.publish(team, user_id)

    forms = Forms(*shared, basis.tasks, changed)
    home = Home(*shared, forms, basis.tasks, basis.once)
    return forms, home
