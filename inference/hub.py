"""The model hub: is it there, and one file of it.

The hub's own client tries again for 46 seconds when there is no network, even for a model that is
on this machine. So the hub is looked for once, quickly, and what is away is not asked.
"""

import logging
import socket
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from inference.loading_faults import explaining

if TYPE_CHECKING:
    from inference.locating import Located

LOOK_TIMEOUT_S = 3.0
_PORTS = {"http": 80, "https": 443}
logger = logging.getLogger(__name__)


def stay_offline_if_unreachable() -> None:
    """Let the hub's client use what is on this machine, and nothing else, if the hub is away."""
    from huggingface_hub import constants

    if not constants.HF_HUB_OFFLINE and not is_reachable(constants.ENDPOINT):
        logger.warning(
            "%s cannot be reached; only what is on this machine is used", constants.ENDPOINT
        )
        constants.HF_HUB_OFFLINE = True


def is_reachable(endpoint: str) -> bool:
    """Tell whether a connection to an address opens. Behind a proxy it is taken for reachable."""
    url = urlsplit(endpoint)
    if not url.hostname or url.scheme in urllib.request.getproxies():
        return True
    try:
        address = (url.hostname, url.port or _PORTS.get(url.scheme, 443))
        socket.create_connection(address, timeout=LOOK_TIMEOUT_S).close()
    except OSError:
        return False
    return True


def download(where: "Located", file_name: str) -> Path:
    """Get one file of a repository, from the cache if it is there. Raises InferenceError."""
    from huggingface_hub import hf_hub_download

    with explaining(where):
        return Path(hf_hub_download(where.folder, file_name, revision=where.revision))
