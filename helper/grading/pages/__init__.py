"""What people read of marks: feedback pages, the marked notebook, the report. All text in them is escaped."""
