"""Activities that answer what people ask in Slack.

``api.chat.slack`` records a request and acknowledges it within three seconds; the workflow ``chat-<delivery>`` has it
answered here. Whatever is done is keyed by the delivery, so that it may be done twice.
"""
