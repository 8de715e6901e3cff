"""What is published elsewhere: the postmortem as a tree of blocks, and as Markdown."""

from dataclasses import dataclass, replace

from domain.documents.document import Document
from integrations.documents.layout import lay_out
from integrations.documents.markdown import facts, write_layout
from integrations.documents.texts import attachment_of
from integrations.text.blocks import Blocks, Run, Runs, normal_blocks, with_runs


@dataclass(frozen=True, slots=True)
class Written:
    """Both say the same; only ``text`` begins with the title."""

    blocks: Blocks
    text: str


def write(document: Document, base_url: str) -> Written:
    """Attachments are links to where they are read, by those who may. The same document gives the same copy, whenever
    it is published."""

    def link(runs: Runs) -> Runs:
        return tuple(map(linked, runs))

    def linked(run: Run) -> Run:
        attachment = attachment_of(run)
        return run if attachment is None else replace(run, href=f"{base_url}/attachments/{attachment}")

    document = replace(document, exported_at=document.updated_at)
    laid = lay_out(document)
    laid = replace(laid, blocks=with_runs(laid.blocks, link))
    return Written(normal_blocks((facts(laid), *laid.blocks)), write_layout(document, laid, {}))
