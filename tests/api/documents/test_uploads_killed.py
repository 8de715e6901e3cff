"""An upload whose process is killed between every two steps: a whole Afterword on S3, whose every PUT can be held.

The steps are: a row that nobody sees, the bytes, the thumbnail, the row that everybody sees.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import boto3
import httpx
import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from tests.api import writing
from tests.api.documents.pictures import picture
from tests.api.writing import ok
from tests.nightly import spread
from tests.stack import Person, Stack, eventually, shared_stack

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of moto's own imports
WEB = Callable[..., Iterable[bytes]]


@dataclass
class Gate:
    """Stands before moto. The PUT of the number ``held`` waits, before or after it is carried out."""

    app: WEB
    held: int = 0
    after: bool = False
    count: int = 0
    arrived: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def hold(self, number: int, *, after: bool) -> None:
        self.held, self.after, self.count = number, after, 0
        self.arrived.clear()
        self.opened.clear()

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "PUT":
            return self.app(environ, start)
        self.count += 1
        is_held = self.count == self.held
        if is_held and not self.after:
            self.wait()
        answer = list(self.app(environ, start))
        if is_held and self.after:
            self.wait()
        return answer

    def wait(self) -> None:
        self.arrived.set()
        self.opened.wait(60)


@pytest.fixture(scope="module")
def gate() -> Iterator[tuple[Gate, str]]:
    made = Gate(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, made, threaded=True)  # type: ignore[arg-type]
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    client = boto3.client(
        "s3", region_name="us-east-1", endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="b"
    )
    client.create_bucket(Bucket="files")
    try:
        yield made, url
    finally:
        made.opened.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def own(gate: tuple[Gate, str]) -> Iterator[Stack]:
    settings = {
        "AFTERWORD_OBJECT_STORE": "s3://files/afterword",
        "AWS_ENDPOINT_URL": gate[1],
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }
    with shared_stack(settings=settings) as stack:
        yield stack


@pytest.mark.parametrize(("number", "after"), spread([(1, False), (1, True), (2, True)], one_in=2))
def test_nothing_half_is_shown_and_a_repeat_ends_it(
    own: Stack, gate: tuple[Gate, str], number: int, after: bool
) -> None:
    author, content, key = own.person(), picture(size=(300, 200)), uuid4().hex
    path = f"/api/postmortems/{writing.draft(author)['id']}/attachments"
    gate[0].hold(number, after=after)
    sending = threading.Thread(target=lambda: send(author, path, content, key))
    sending.start()
    assert gate[0].arrived.wait(60)
    own.kill("api")
    gate[0].opened.set()
    sending.join()
    own.revive("api")
    own.wait_until_ready()
    assert ok(author.get(path))["items"] == []
    made = eventually(lambda: answered(author, path, content, key))
    (listed,) = ok(author.get(path))["items"]
    assert listed["id"] == made["id"]
    shown = author.get(f"{path}/{made['id']}")
    assert (shown.status_code, len(shown.content)) == (200, made["size"])
    assert ok(author.post(path, files={"file": ("a.png", content)}, headers={"Idempotency-Key": key}), 201) == made


def send(author: Person, path: str, content: bytes, key: str) -> httpx.Response | None:
    try:
        answer: httpx.Response = author.post(path, files={"file": ("a.png", content)}, headers={"Idempotency-Key": key})
    except httpx.TransportError:
        return None
    return answer


def answered(author: Person, path: str, content: bytes, key: str) -> Any:
    """None while the first sending still counts as running."""
    answer = send(author, path, content, key)
    return answer.json() if answer is not None and answer.status_code == 201 else None
