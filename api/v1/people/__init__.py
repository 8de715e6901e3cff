"""The JSON API of people, teams, services, working hours and absences."""
