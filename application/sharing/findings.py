"""Finding what a text for outsiders should not say: the rules, and the secret scanner, in a process of their own."""

from application import text_work
from domain.sharing import findings
from domain.sharing.findings import Finding, Known
from domain.sharing.hosts import Span
from domain.sharing.names import Person
from integrations.secret_scanner import find_secrets
from models.queries.sharing import summaries
from models.session import Session


async def read_known(session: Session, own_host: str) -> Known:
    """The names that the organization's texts may hold. ``own_host`` is where Afterword itself is reached."""
    people = tuple(Person(name, handle) for name, handle in await summaries.list_names(session))
    tools = (await summaries.get_settings(session)).internal_tools
    return Known(people, tuple(tools), own_host)


async def find(text: str, known: Known) -> list[Finding]:
    """Needs no session, and may take a while. Raises TextTooComplex, TooMuchText."""
    return await text_work.run(_find, text, known, length=len(text))


def _find(text: str, known: Known) -> list[Finding]:
    return findings.find(text, known, [Span(*one) for one in find_secrets(text)])
