"""What exports hold of attachments: images where they stand, and everything's facts in JSON."""

import base64
import io
import re
import zipfile

import httpx
import pypdf

from tests.api.documents.pictures import picture, read
from tests.api.writing import draft, ok
from tests.stack import Person, Stack


def export(person: Person, postmortem_id: str, kind: str) -> httpx.Response:
    answer: httpx.Response = person.get(f"/api/postmortems/{postmortem_id}/export", params={"format": kind})
    assert answer.status_code == 200, answer.text
    return answer


def test_images_stand_in_the_text_and_foreign_ones_do_not(stack: Stack) -> None:
    author = stack.person()
    made, other = draft(author), draft(author)
    send = {"files": {"file": ("pool.png", picture(size=(70, 50)))}}
    image = ok(author.post(f"/api/postmortems/{made['id']}/attachments", **send), 201)
    foreign = ok(author.post(f"/api/postmortems/{other['id']}/attachments", **send), 201)
    body = f"The pool: {image['markdown']}\n\nAnother: ![foreign words](attachment:{foreign['id']})"
    ok(author.put(f"/api/postmortems/{made['id']}/sections/summary", json={"body": body}))
    html = export(author, made["id"], "html").text
    (inlined,) = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    assert read(base64.b64decode(inlined)).size == (70, 50)
    assert "foreign words" in html
    pdf = pypdf.PdfReader(io.BytesIO(export(author, made["id"], "pdf").content))
    pictures = [one.image for page in pdf.pages for one in page.images]
    assert [one.size for one in pictures if one] == [(70, 50)]
    with zipfile.ZipFile(io.BytesIO(export(author, made["id"], "docx").content)) as word:
        assert [one for one in word.namelist() if one.startswith("word/media/")] == ["word/media/image1.png"]
    (told,) = export(author, made["id"], "json").json()["attachments"]
    assert {name: told[name] for name in told} == {name: image[name] for name in told}
    (stack.objects / "attachments" / image["id"]).unlink()
    assert "pool.png" in export(author, made["id"], "html").text, "without its bytes it is named"
