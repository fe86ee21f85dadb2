"""Measured speeds, always side by side in one run. Nothing imports this room but its command."""
