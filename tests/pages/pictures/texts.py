"""Texts that are hard to lay out."""

LONG = "Error-budget-policy-for-checkout-and-payments-and-everything-that-depends-on-them"
UNBROKEN = "Payments_checkout_connection_pool_exhaustion_of_november"
"""Nothing in it may be broken, but anywhere."""
TEXT = f"""The **checkout** failed for 40 minutes, because the pool of connections was exhausted.

| step | action | result |
| --- | --- | --- |
| 1 | Raised the limit of `max_connections` on the primary | recovered within a minute |
| 2 | Restarted every worker in all three regions, one after the other | no further errors |

- [x] Alert on the pool
- [ ] Find out who else uses {LONG}

```
FATAL: remaining connection slots are reserved for roles with the SUPERUSER attribute, as always when it matters
```
"""
