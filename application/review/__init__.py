"""Use cases of the review: submit, approve, request changes, publish, archive, and change reviewers and targets."""
