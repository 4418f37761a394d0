"""Reading a report: what it says, how it is meant, and what it says about votes and wrongs."""
