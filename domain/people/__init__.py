"""Rules about people, teams, services, working hours and absences."""
