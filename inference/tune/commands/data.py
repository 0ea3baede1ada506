"""`earshot data`: check, synthesize, import. The options; the work is done in `inference.tune.data`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inference.wire.data_rights import FLAG, STATEMENT
from inference.wire.logged_conversations import Cuts

if TYPE_CHECKING:
    from inference.tune.data.import_chats import Imported, ImportOptions

CUTS = Cuts()
data_app = typer.Typer(no_args_is_help=True, help="Conversations to learn from.")
import_app = typer.Typer(
    no_args_is_help=True,
    help="Make conversations of an export; only on your word that you may use the data.",
)
data_app.add_typer(import_app, name="import")

Out = Annotated[Path, typer.Option("--out", help="The file to write, one conversation a line.")]
Assistant = Annotated[
    str, typer.Option("--assistant", help="Who is the assistant: a participant's id or name.")
]
HasRight = Annotated[bool, typer.Option(FLAG, help=STATEMENT)]
Pseudonyms = Annotated[
    bool,
    typer.Option(
        "--pseudonyms",
        help="Give people other names, in texts too; e-mail addresses and phone numbers go.",
    ),
]
LeftOut = Annotated[
    list[str] | None,
    typer.Option("--leave-out", help="Somebody whose messages are not used; may be repeated."),
]
GapHours = Annotated[
    float, typer.Option("--gap-hours", min=0.01, help="A silence that ends a conversation.")
]
MaxMessages = Annotated[
    int, typer.Option("--max-messages", min=2, help="A longer conversation is cut.")
]
MinMessages = Annotated[
    int, typer.Option("--min-messages", min=1, help="A shorter conversation is left out.")
]


@data_app.command()
def check(
    files: Annotated[
        list[Path], typer.Argument(help="Files of conversations, or folders of such files.")
    ],
    *,
    errors_only: Annotated[
        bool, typer.Option("--errors-only", help="Do not list the warnings.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Check conversations: every fault with its line, and a summary; exits with 1 after an error."""
    from inference.tune.data.check import check_files
    from inference.tune.data.check_table import as_json as shown_as_json, print_report

    report = check_files(files)
    if as_json:
        typer.echo(shown_as_json(report))
    else:
        print_report(report, errors_only=errors_only)
    if not report.can_be_trained_on:
        raise typer.Exit(1)


@data_app.command()
def synthesize(  # noqa: PLR0913 - one parameter a flag
    *,
    url: Annotated[
        str, typer.Option("--url", help="An OpenAI-compatible server, such as http://host:8000/v1.")
    ],
    model: Annotated[str, typer.Option("--model", help="The model's name on that server.")],
    out: Out,
    number: Annotated[
        int, typer.Option("-n", "--number", min=1, help="How many conversations to plan.")
    ] = 100,
    seed: Annotated[
        int, typer.Option("--seed", help="Another seed, another plan; the same goes on.")
    ] = 0,
    language: Annotated[str, typer.Option("--language", help="The language to write in.")] = (
        "English"
    ),
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, max=256, help="Requests at a time.")
    ] = 4,
    tries: Annotated[
        int, typer.Option("--tries", min=1, help="Answers to ask for before giving one up.")
    ] = 3,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", min=64, help="The longest answer, in tokens.")
    ] = 3000,
    temperature: Annotated[float, typer.Option("--temperature", min=0, max=2)] = 0.9,
    timeout_s: Annotated[float, typer.Option("--timeout-s", min=1, help="For one answer.")] = 300.0,
    retries: Annotated[
        int, typer.Option("--retries", min=0, help="When the server is busy or breaks off.")
    ] = 4,
    api_key: Annotated[
        str | None,
        typer.Option(
            "--api-key", envvar="EARSHOT_MODEL_API_KEY", show_envvar=True, help="The server's key."
        ),
    ] = None,
) -> None:
    """Let a model write conversations; the same command goes on where a stopped one was."""
    from inference.tune.data.model_writer import ModelWriter
    from inference.tune.data.synthesis_run import run_synthesis
    from inference.tune.data.synthesize import SynthesisOptions

    options = SynthesisOptions(number, seed, language, concurrency, tries)

    def writer() -> ModelWriter:
        return ModelWriter(
            url,
            model=model,
            api_key=api_key or None,
            max_tokens=max_tokens,
            temperature=temperature,
            timeout_s=timeout_s,
            max_retries=retries,
        )

    run_synthesis(writer, out, options)


@import_app.command()
def slack(  # noqa: PLR0913 - one parameter a flag
    file: Annotated[Path, typer.Argument(help="The zip file of a workspace export.")],
    *,
    assistant: Assistant,
    out: Out,
    has_right: HasRight = False,
    pseudonyms: Pseudonyms = False,
    leave_out: LeftOut = None,
    gap_hours: GapHours = CUTS.gap_hours,
    max_messages: MaxMessages = CUTS.max_messages,
    min_messages: MinMessages = CUTS.min_messages,
) -> None:
    """Import a Slack workspace export."""
    from inference.tune.data.import_chats import ImportOptions, import_chats, refuse_without_right
    from inference.tune.data.slack_export import read_slack

    options = ImportOptions(
        assistant=assistant,
        source="slack",
        out=out,
        has_right=has_right,
        with_pseudonyms=pseudonyms,
        left_out=tuple(leave_out or ()),
        cuts=Cuts(gap_hours, max_messages, min_messages),
    )
    refuse_without_right(options)
    _tell(import_chats(read_slack(file), options), options)


@import_app.command()
def discord(  # noqa: PLR0913 - one parameter a flag
    files: Annotated[
        list[Path], typer.Argument(help="JSON files of DiscordChatExporter, one a channel.")
    ],
    *,
    assistant: Assistant,
    out: Out,
    has_right: HasRight = False,
    pseudonyms: Pseudonyms = False,
    leave_out: LeftOut = None,
    gap_hours: GapHours = CUTS.gap_hours,
    max_messages: MaxMessages = CUTS.max_messages,
    min_messages: MinMessages = CUTS.min_messages,
) -> None:
    """Import channels that DiscordChatExporter wrote as JSON."""
    from inference.tune.data.discord_export import read_discord
    from inference.tune.data.import_chats import ImportOptions, import_chats, refuse_without_right

    options = ImportOptions(
        assistant=assistant,
        source="discord",
        out=out,
        has_right=has_right,
        with_pseudonyms=pseudonyms,
        left_out=tuple(leave_out or ()),
        cuts=Cuts(gap_hours, max_messages, min_messages),
    )
    refuse_without_right(options)
    _tell(import_chats(read_discord(files), options), options)


def _tell(imported: "Imported", options: "ImportOptions") -> None:
    share = imported.num_answered / max(imported.num_messages, 1)
    name = imported.assistant.name
    typer.echo(
        f"{options.out}: {imported.num_conversations:,} conversations, {imported.num_messages:,} "
        f"messages of people, {share:.1%} of them followed by {name} as the assistant."
    )
    if imported.num_copies:
        typer.echo(f"Left out: {imported.num_copies:,} copies of other conversations.")
    if imported.left_aside:
        kinds = ", ".join(f"{kind} {number:,}" for kind, number in imported.left_aside.items())
        typer.echo(f"Not messages of anybody: {kinds}.")
    typer.echo(f"Look at it before you train on it: earshot data check {options.out}")
