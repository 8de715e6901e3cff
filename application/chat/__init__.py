"""Use cases of the chat front end: who asks, and what a command, a button or a picked message does.

Nothing here knows which chat it is: ``activities.chat`` and ``api.chat`` speak with Slack.
"""
