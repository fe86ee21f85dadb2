"""The author's desk: compose, build, absorb, and the proof that the graders tell right from wrong."""
