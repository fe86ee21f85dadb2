"""One function for each verb of `course`: what it does in its words. Only this room prints."""
