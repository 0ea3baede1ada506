"""What `earshot doctor` finds at Slack, where a token is set; else Slack is not asked.

slack_bolt is an extra: without it, the finding says how to install it.
"""

import asyncio

from bot.cli.findings import Finding
from bot.cli.on_platform import is_installed
from bot.config import Settings, variable
from bot.platforms.together import platforms_with_tokens


def check_slack(settings: Settings) -> list[Finding]:
    """Ask Slack about the app, and give a finding each."""
    if "slack" not in platforms_with_tokens(settings):
        return []
    if not is_installed("slack"):
        remedy = f"pip install 'earshot[slack]', or unset {variable('slack_bot_token')}."
        return [Finding("slack", ok=False, detail="slack_bolt is not installed", remedy=remedy)]
    from bot.platforms.slack.checks import examine

    return [
        Finding("slack", ok=check.ok, detail=check.detail, remedy=check.remedy)
        for check in asyncio.run(examine(settings))
    ]
