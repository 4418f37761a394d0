"""Tests that look at pages: the design system's rules, and journeys in a real browser."""
