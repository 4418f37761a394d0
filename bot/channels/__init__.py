"""The ways in and out: each channel is an aiogram bot session, each outgoing pace its own module."""
