"""Addresses of tasks in Asana's pages, older and newer."""

from collections.abc import Iterator

from integrations.pointers import Page


def gids_in(page: Page) -> Iterator[str]:
    """What may be the gid of a task, the likeliest first.

    Newer: ``/1/WORKSPACE/…/task/TASK``, ``/1/WORKSPACE/inbox/PERSON/item/TASK/story/STORY``, and ``?child=TASK``
    beside a search or somebody's home. Older: ``/0/PROJECT/TASK``, with ``/f`` behind it; in the inbox a story may
    follow.
    """
    match page.path:
        case ["0", "inbox", _, task, *_]:
            yield task
    match page.path:
        case ["0", _, task, *_]:
            yield task
        case ["1", *_]:
            yield from page.after("task")
            yield from page.after("item")
            yield from page.after("story")
            yield page.query.get("child", "")
