"""One function for each verb of `course`: what it does, and what it says of it."""
