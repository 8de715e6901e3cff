"""Pages of review meetings: what is planned, and the dialog that plans one."""
