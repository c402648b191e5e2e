"""The pages for people: the team's desk and the control room, served whole by the hub itself."""
