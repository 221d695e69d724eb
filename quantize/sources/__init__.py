"""Where models come from: each module reads one kind of source."""
