"""The unsubscribe link of an e-mail to a customer: one click in a mail program, or a page with a button (RFC 8058).

Opening it changes nothing, because mail programs open links.
"""

from fastapi import Request, Response

from api.public.routing import router
from api.rendering import render
from api.request_context import Parts
from application.sharing import public

routes = router()


@routes.get("/p/unsubscribe/{token}")
async def ask(request: Request, token: str) -> Response:
    parts: Parts = request.app.state.parts
    public.recipient_of(parts.keyring, token)
    return render("public/unsubscribe.html", {"title": "Unsubscribe", "token": token, "is_done": False}, 200)


@routes.post("/p/unsubscribe/{token}")
async def unsubscribe(request: Request, token: str) -> Response:
    parts: Parts = request.app.state.parts
    await public.unsubscribe(parts.sessions, parts.keyring, token)
    return render("public/unsubscribe.html", {"title": "Unsubscribed", "token": token, "is_done": True}, 200)
