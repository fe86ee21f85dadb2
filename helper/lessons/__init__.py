"""A lesson's text becomes a Lesson, a run with any answer in place, and a key. On the trusted side only."""
