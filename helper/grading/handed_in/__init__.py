"""From what came in to one record per student: every file is somebody's work or a line in the report."""
