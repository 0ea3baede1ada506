"""Where Slack and browsers find what over HTTP, below the address of this process. Pure."""

EVENTS_PATH = "/slack/events"  # commands and interactions too
INSTALL_PATH = "/slack/install"
REDIRECT_PATH = "/slack/oauth_redirect"
HEALTH_PATH = "/healthz"
