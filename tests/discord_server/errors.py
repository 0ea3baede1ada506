"""What Discord answers when it refuses, with the codes of its documentation."""

from tests.discord_server.world import Json


class Refused(Exception):  # noqa: N818 - an answer like any other
    """An answer that is an error; `errors` says which field is wrong and why."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(f"{status} {code} {message} {errors or ''}".strip())
        self.status, self.code, self.message, self.errors = status, code, message, errors

    @property
    def body(self) -> Json:
        body: Json = {"message": self.message, "code": self.code}
        return {**body, "errors": self.errors} if self.errors else body


def unauthorized() -> Refused:
    return Refused(401, 0, "401: Unauthorized")


def no_such_route() -> Refused:
    return Refused(404, 0, "404: Not Found")


def unknown_channel() -> Refused:
    return Refused(404, 10003, "Unknown Channel")


def unknown_guild() -> Refused:
    return Refused(404, 10004, "Unknown Guild")


def unknown_member() -> Refused:
    return Refused(404, 10007, "Unknown Member")


def unknown_message() -> Refused:
    return Refused(404, 10008, "Unknown Message")


def unknown_user() -> Refused:
    return Refused(404, 10013, "Unknown User")


def unknown_emoji() -> Refused:
    return Refused(400, 10014, "Unknown Emoji")


def unknown_webhook() -> Refused:
    return Refused(404, 10015, "Unknown Webhook")


def unknown_interaction() -> Refused:
    return Refused(404, 10062, "Unknown interaction")


def unknown_command() -> Refused:
    return Refused(404, 10063, "Unknown application command")


def already_acknowledged() -> Refused:
    return Refused(400, 40060, "Interaction has already been acknowledged.")


def too_large() -> Refused:
    return Refused(413, 40005, "Request entity too large")


def missing_access() -> Refused:
    return Refused(403, 50001, "Missing Access")


def others_message() -> Refused:
    return Refused(403, 50005, "Cannot edit a message authored by another user")


def empty_message() -> Refused:
    return Refused(400, 50006, "Cannot send an empty message")


def cannot_message_user() -> Refused:
    return Refused(403, 50007, "Cannot send messages to this user")


def no_text_channel() -> Refused:
    return Refused(400, 50008, "Cannot send messages in a non-text channel")


def on_dm() -> Refused:
    return Refused(403, 50003, "Cannot execute action on a DM channel")


def wrong_number_to_delete() -> Refused:
    return Refused(400, 50016, "Provided too few or too many messages to delete.")


def no_history_to_reply() -> Refused:
    message = "Cannot reply without permission to read message history"
    return Refused(403, 160002, message)


def wrong_channel_type() -> Refused:
    return Refused(400, 50024, "Cannot execute action on this channel type")


def missing_permissions() -> Refused:
    return Refused(403, 50013, "Missing Permissions")


def too_old_to_delete() -> Refused:
    return Refused(400, 50034, "A message provided was too old to bulk delete")


def invalid_form(errors: Json) -> Refused:
    return Refused(400, 50035, "Invalid Form Body", errors)


def archived_thread() -> Refused:
    return Refused(400, 50083, "Thread is archived")


def bad_json() -> Refused:
    return Refused(400, 50109, "The request body contains invalid JSON.")
