"""Requests with an ``Idempotency-Key`` are answered once: a repeat gets the answer that was kept."""

import hashlib
from collections.abc import Mapping

from domain.errors import IdempotencyKeyInUse, IdempotencyKeyReused
from models.audit import IdempotencyRecord
from models.queries.audit import kept_answers
from models.session import Session


async def claim_idempotency_key(
    session: Session, person_id: str, key: str, fingerprint: bytes
) -> IdempotencyRecord | None:
    """Reserves the key until this transaction ends and returns the kept answer, if there is one.

    A crash frees the key with its connection. Raises :class:`IdempotencyKeyInUse` while another transaction holds it
    and :class:`IdempotencyKeyReused` if the kept answer belongs to a different request.
    """
    lock = int.from_bytes(hashlib.sha256(f"{person_id}\x1f{key}".encode()).digest()[:8], "big", signed=True)
    is_locked, record = await kept_answers.lock_and_find_answer(session, lock, person_id, key)
    if not is_locked:
        raise IdempotencyKeyInUse()
    if record is not None and record.fingerprint != fingerprint:
        raise IdempotencyKeyReused()
    return record


async def keep_answer(
    session: Session,
    person_id: str,
    key: str,
    fingerprint: bytes,
    status_code: int,
    headers: Mapping[str, str],
    body: bytes,
) -> IdempotencyRecord | None:
    """Keeps the answer in the transaction of the write that it answers.

    If another request with the same key stored its answer first, returns that answer; give that one instead.
    """
    await session.flush()
    is_kept = await kept_answers.insert_answer(
        session,
        person_id=person_id,
        key=key,
        fingerprint=fingerprint,
        status_code=status_code,
        headers=dict(headers),
        body=body,
    )
    return None if is_kept else await kept_answers.find_answer(session, person_id, key)
