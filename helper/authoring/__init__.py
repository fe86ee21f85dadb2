"""A lesson read, run and built: text -> key, executed notebook, release."""
