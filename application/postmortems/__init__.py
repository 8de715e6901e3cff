"""Use cases of postmortems: opening a draft, keeping it current, editing it, and naming its editors."""
