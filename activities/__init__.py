"""One thing done to the world, idempotently. Inputs are dataclasses beside them."""
