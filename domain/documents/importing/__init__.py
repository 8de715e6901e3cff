"""Reading other people's postmortems: what of their text becomes which part of one of ours. Nothing is dropped."""
