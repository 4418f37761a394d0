"""The villagers' web chat as a channel: page, scripts, and the session that carries it."""
