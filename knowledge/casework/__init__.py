"""The rules of cases: states, transitions, categories, who may."""
