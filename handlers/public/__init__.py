"""Pages for everybody, without signing in: large files, receipts, public keys, the log's heads."""
