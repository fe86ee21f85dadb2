"""The only room that knows nbgrader: its settings, its release, its gradebook."""
