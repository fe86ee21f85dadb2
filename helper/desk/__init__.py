"""The student's desk: where answers lie, what is brought there, what is handed in, what is asked again.

Runs in the student's own process and destroys nothing: what it replaces is kept in `earlier/`. Imports nothing of
the author's or instructor's half; both may import it.
"""
