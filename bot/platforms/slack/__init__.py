"""Earshot on Slack: the only package that knows slack_bolt and slack_sdk.

`run` puts it together; each other module is one noun of Slack's.

- To begin with: `run`, `basis`, `assembly`, `platform`, `keys`, `teams`, `refusals`.
- The connection: `serving`, `connecting`, `socket`, `outage`, `app`, `web`, `asgi`, `paths`,
  `arrivals`, `unreachable`, `clients`.
- Set-up: `credentials`, `manifest`, `scopes`, `checks`, `check_scopes`, `check_workspaces`.
- Workspaces and their tokens: `one_team`, `known_teams`, `token_owners`, `installing`,
  `installations`, `sealing`, `encrypting`.
- Hearing: `events`, `ears`, `hearing`, `reading`, `blocks`, `describing`, `files`, `edits`,
  `early`, `reactions`, `origins`, `lenient`.
- Names and places: `naming`, `looking_up`, `channels`, `membership`, `shared_channels`, `threads`,
  `late_parents`, `listening`, `among_others`.
- What was missed: `catch_up`, `places`, `closing`, `agenda`, `fetching`, `missed_changes`,
  `losses`, `rounds`, `sweeps`.
- Speaking: `showing`, `posting`, `streaming`, `pace`, `parts`, `dialect`, `inline`, `tables`,
  `harmless`, `reply_places`, `own_messages`.
- Commands: `commanding`, `managing`, `claims`, `spoken`, `interactions`, `answering`, `asking`,
  `ask_form`, `tasks`.
- Forms, Home tab, direct chats: `forms`, `form_fields`, `settings_form`, `buttons`, `views`,
  `home`, `home_tab`, `prompts`, `agent_view`, `agent_chats`, `assistant_view`, `pane_threads`.
"""
