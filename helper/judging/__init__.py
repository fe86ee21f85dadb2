"""The decision: evidence against a key. It knows no process, no file and no torch, and imports nothing of ours."""
