"""Review meetings outside: the contracts of calendars and of video services, and invitations as files (iCalendar)."""
