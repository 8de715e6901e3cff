"""Rules about incidents as their sources report them, and whether one needs a postmortem."""
