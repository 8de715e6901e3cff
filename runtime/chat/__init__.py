"""The chat front end: what is asked in Slack, done by the same commands as the API's, and answered there.

``api.chat.slack`` records a request and answers within three seconds; the workflow ``chat-<delivery>`` has the rest
done by ``answering``. Whatever is done is keyed by the delivery, so that it may be done twice.
"""
