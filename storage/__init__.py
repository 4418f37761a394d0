"""What remembers: the only package that speaks to the database."""
