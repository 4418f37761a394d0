"""The chat: routers that parse, call one service, and answer with a Reply."""
