"""Reading a report: its sentences, amounts, how each sentence is meant, and what it says about votes and wrongs."""
