"""Pages for everybody, without signing in: what lets people outside check us."""
