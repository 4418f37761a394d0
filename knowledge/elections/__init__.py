"""The rules of elections: timetables and commitments."""
