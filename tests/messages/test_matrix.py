"""Each kind of notice to each receiver, one and many: as kept, well-formed, and without anything private."""

import pytest

from integrations.slack.blocks import message_blocks
from tests.messages import goldens
from tests.messages.examples import Example
from tests.messages.matrix import RECEIVERS, cells
from tests.messages.scene import COMMENT, PM, REMARK, REQUEST, TITLE
from tests.peers.slack import judged

CELLS = list(cells())
OUTSIDE = [name for name, scene in RECEIVERS.items() if not scene.is_visible]
PRIVATE = (TITLE, PM, COMMENT, REQUEST[:30], REMARK.body[:20])


def test_it_is_as_kept() -> None:
    assert goldens.matrix(CELLS) == goldens.MATRIX.read_text(), "python -m tests.messages.goldens"


def test_everyone_gets_something_and_nobody_everything() -> None:
    for whom in RECEIVERS:
        sent = {one.kind for one in CELLS if one.whom == whom and not one.among_others and one.message}
        assert sent or whom.startswith("stranger"), whom
        assert len(sent) < len({one.kind for one in CELLS}), whom


@pytest.mark.parametrize("whom", RECEIVERS)
def test_mails_are_well_formed_and_say_nothing_private(whom: str) -> None:
    sent = [(one, one.message) for one in CELLS if one.whom == whom and one.message]
    letters = goldens.letters([Example(one.kind.value, whom, message) for one, message in sent])
    for (one, message), letter in zip(sent, letters, strict=True):
        assert not [defect for part in letter.walk() for defect in part.defects], one.line()
        judged(message_blocks(message))
        if whom in OUTSIDE:
            words = letter.as_string() + str(message_blocks(message))
            assert [secret for secret in PRIVATE if secret in words] == [], one.line()
