"""Send an adapter to a repository of the model hub: weights, chat form and card, in one commit.

Only the files named here are sent, whatever else lies in the folder. The token is that of
`hf auth login`, or HF_TOKEN.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inference.adapters import CONFIG_NAME, WEIGHTS_NAME, check_adapter
from inference.chat_forms import find_form
from inference.errors import HubRefused, HubUnavailable, InferenceError, TuneRefused
from inference.locating import Report
from inference.tune.bases import public_id
from inference.tune.card import CARD_NAME, METRICS_NAME
from inference.tune.card_base import with_base
from inference.tune.publishing.parcel import Item, Parcel, Source
from inference.wire.chat_form import FILE_NAME

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

NEEDED = (CARD_NAME, CONFIG_NAME, WEIGHTS_NAME, FILE_NAME)
WELCOME = (METRICS_NAME,)


@dataclass(frozen=True, slots=True)
class HubAct:
    """Publish as a repository, `repo` being OWNER/NAME."""

    source: Source
    repo: str
    private: bool = False

    def plan(self) -> Parcel:
        """Check the folder and the name; asks nothing of the hub. Raises InferenceError."""
        from huggingface_hub.errors import HFValidationError
        from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

        try:
            validate_repo_id(self.repo)
        except HFValidationError as error:
            raise TuneRefused(f"{self.repo!r} is no name of a repository: {error}") from error
        if self.repo.count("/") != 1:
            raise TuneRefused(f"--to is hub:OWNER/NAME; {self.repo!r} has no owner")
        items = (Item(name, _size(content)) for name, content in self._contents())
        note = "seen by you only" if self.private else "seen by everyone"
        return Parcel(f"hub:{self.repo}", tuple(items), note)

    def carry_out(self, report: Report) -> Parcel:
        """Make the repository if need be and send everything as one commit. Raises InferenceError."""
        from huggingface_hub import CommitOperationAdd, HfApi, get_token

        parcel = self.plan()
        if not get_token():
            raise HubRefused(
                "nobody is logged in to the model hub: run `hf auth login`, or set HF_TOKEN to a token "
                "with the right to write"
            )
        api = HfApi()
        operations = [CommitOperationAdd(name, content) for name, content in self._contents()]
        report(f"sending {len(operations)} files to {api.endpoint}/{self.repo}")
        with _told(self.repo):
            self._prepare(api)
            api.create_commit(self.repo, operations, commit_message="Publish the adapter")
        return Parcel(f"{api.endpoint}/{self.repo}", parcel.items, parcel.note)

    def _prepare(self, api: "HfApi") -> None:
        """Make the repository; one that is there and public is not taken for a private one."""
        api.whoami()  # tells a token that is wrong from a right that is missing
        api.create_repo(self.repo, private=self.private or None, exist_ok=True)
        if self.private and not api.repo_info(self.repo).private:
            raise HubRefused(
                f"{self.repo} is there already and everyone can see it; make it private on the hub, "
                "name another, or leave out --private"
            )

    def _contents(self) -> Iterator[tuple[str, Path | bytes]]:
        folder = self.source.adapter
        check_adapter(folder)
        for name in NEEDED:
            if not (folder / name).is_file():
                raise TuneRefused(
                    f"{folder} has no {name}, without which nobody can use or judge the adapter; "
                    "`earshot train` writes it"
                )
        find_form([folder], default="prompted")  # refuses a damaged one
        for name in (*NEEDED, *WELCOME):
            path = folder / name
            if path.is_file():
                yield name, self._content(path)

    def _content(self, path: Path) -> Path | bytes:
        """Give a file as it is sent: itself, unless it names the base."""
        if path.name == CONFIG_NAME:
            return self._config()
        if path.name == CARD_NAME and self.source.base:
            # Whatever is no text in it is sent as it is.
            card = path.read_bytes().decode("utf-8", "surrogateescape")
            return with_base(card, self.source.base).encode("utf-8", "surrogateescape")
        return path

    def _config(self) -> bytes:
        """Give the adapter's configuration with its base named as others know it."""
        config = check_adapter(self.source.adapter)
        named = str(config.get("base_model_name_or_path") or "")
        base = public_id(self.source.base or named)
        if base is None:
            raise TuneRefused(
                f"the base of {self.source.adapter} is {named or 'not named'}, which nobody else has; "
                "name it as the hub knows it: --base OWNER/NAME"
            )
        return (json.dumps(config | {"base_model_name_or_path": base}, indent=2) + "\n").encode()


def _size(content: Path | bytes) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


@contextmanager
def _told(repo: str) -> Iterator[None]:
    """Turn what the hub's client raises into a sentence that says what to do."""
    from huggingface_hub.errors import HfHubHTTPError

    # Whatever HTTP library this version of the client uses.
    http_error: type[Exception] = HfHubHTTPError.__bases__[0]
    try:
        yield
    except HfHubHTTPError as error:
        raise _refused(repo, error) from error
    except (http_error, OSError, RuntimeError) as error:
        # The client wraps what breaks in the middle of a large file into a RuntimeError.
        raise HubUnavailable(
            f"the model hub cannot be reached ({_first_line(error)}); nothing was published, try again"
        ) from error
    except ValueError as error:
        raise HubRefused(
            f"the hub does not take the card: {' '.join(str(error).split())}"
        ) from error


def _refused(repo: str, error: "HfHubHTTPError") -> InferenceError:
    status = error.response.status_code
    owner = repo.split("/")[0]
    if status == 401:
        return HubRefused(
            "the hub does not know the token; log in anew with `hf auth login`, or correct HF_TOKEN"
        )
    if status in (403, 404):
        return HubRefused(
            f"you may not write to {repo}: take a token with the right to write, and an owner that is "
            f"you or an organisation of yours ({owner} is not, or not with this token)"
        )
    if status >= 500:
        return HubUnavailable(f"the model hub fails ({status}); nothing was published, try later")
    return HubRefused(
        f"the hub refuses {repo} ({status}): {error.server_message or 'no reason given'}"
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0] or type(error).__name__
