"""Numbers over periods: which days a period covers, and how counts become rates."""
