"""Earshot on Slack: the only package that knows slack_bolt and slack_sdk.

`run` puts it together; each other module is one noun of Slack's: teams, people, events, replies.
"""
