"""SQL about people, teams, services, working hours and absences."""
