"""The officials' desk: server-rendered pages that work on a phone and without scripts."""
