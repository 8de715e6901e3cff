"""What a save that nobody asked for costs: its statements, beside those that end the transaction."""

import re

from tests.api.writing import draft, in_review
from tests.pages.visiting import HTML
from tests.stack import Stack
from tests.statements import counted_app


async def test_the_statements_of_an_autosave(stack: Stack) -> None:
    """Who asks; the postmortem's row, locked; what it begins with; the section, its revision and its audit entry in
    one; and the postmortem's version."""
    author, reviewer = stack.person(), stack.person()
    paths = [f"/postmortems/{one['id']}" for one in (draft(author), in_review(author, [reviewer]))]
    token = author.http.headers["Authorization"].removeprefix("Bearer ")
    found: dict[str, list[int]] = {"draft": [], "in review": []}
    async with counted_app(stack, author) as (client, counter):

        async def csrf(path: str) -> str:
            page = (await client.get(path, headers=HTML)).text
            given = re.search(r'name="csrf" value="([^"]*)"', page)
            assert given
            return given[1]

        signed_in = await client.post("/sign-in", data={"csrf": await csrf("/sign-in"), "token": token}, headers=HTML)
        assert signed_in.status_code == 303
        for path, counts in zip(paths, found.values(), strict=True):
            form, base = {"csrf": await csrf(path), "editing": "x" * 10}, 1
            for count in range(4):
                counter.clear()
                given = form | {"body": f"Typed {count}", "base": str(base)}
                answer = await client.post(f"{path}/sections/summary/autosave", data=given)
                assert answer.status_code == 200, answer.text
                base = answer.json()["base"]
                counts.append(len(counter.statements))
    assert {name: counts[-1] for name, counts in found.items()} == {"draft": 5, "in review": 3}
