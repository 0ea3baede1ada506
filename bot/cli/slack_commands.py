"""`earshot slack`: the bot on Slack, and what making the app there needs."""

from typing import Annotated

import typer

from bot.cli.begin import begin

slack = typer.Typer(
    help="Run the bot on Slack, over Socket Mode or HTTP.", invoke_without_command=True
)

Http = Annotated[
    str | None,
    typer.Option(
        "--http",
        metavar="URL",
        help="Where Slack reaches Earshot over HTTP, such as https://bot.example.com; "
        "else over Socket Mode.",
        show_default=False,
    ),
]


@slack.callback()
def run(ctx: typer.Context) -> None:
    """Run the bot on Slack, over Socket Mode or HTTP."""
    if ctx.invoked_subcommand is not None:
        return
    settings = begin(ctx)
    from bot.cli.on_platform import run_on_slack

    run_on_slack(settings)


@slack.command()
def manifest(
    ctx: typer.Context,
    *,
    http: Http = None,
    token_rotation: Annotated[
        bool,
        typer.Option("--token-rotation", help="Tokens expire: for an app of many workspaces."),
    ] = False,
    assistant_view: Annotated[
        bool,
        typer.Option(
            "--assistant-view",
            help="For an app made before July 2026 that keeps its pane for assistants.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; else YAML.")] = False,
) -> None:
    """Print the app's manifest, to paste at https://api.slack.com/apps, Create New App."""
    settings = begin(ctx, quiet=True)
    from urllib.parse import urlsplit

    from bot.platforms.slack import manifest as manifests

    if http is not None and not (urlsplit(http).scheme == "https" and urlsplit(http).hostname):
        raise typer.BadParameter("must begin with https://, as Slack has it", param_hint="--http")
    if http is not None and urlsplit(http).path.strip("/"):
        raise typer.BadParameter(
            "takes no path, such as https://bot.example.com", param_hint="--http"
        )
    given = manifests.manifest(
        settings.name, http=http, rotates_tokens=token_rotation, has_pane=assistant_view
    )
    typer.echo(manifests.as_json(given) if as_json else manifests.as_yaml(given))


@slack.command()
def key() -> None:
    """Print a new key for EARSHOT_SLACK_ENCRYPTION_KEY, which encrypts the tokens of workspaces."""
    from bot.cli.on_platform import require

    require("slack")
    from bot.platforms.slack.encrypting import new_key

    typer.echo(new_key())
