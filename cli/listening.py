"""Where the API listens."""

import socket

from runtime.processes import CannotStart


def listen(host: str, port: int) -> socket.socket:
    """Raises ``CannotStart`` with the variable to change."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = (error.strerror or str(error)).split(" (while")[0].lower()  # Python adds where, in its own words
        raise CannotStart(
            f"the API can't listen on {host} port {port}: {reason}. "
            "Choose another with AFTERWORD_PORT or AFTERWORD_HOST (AFTERWORD_PORT=8001 make run)"
        ) from None
