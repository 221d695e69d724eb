"""Documents: opened apart, translated a few texts at a time, at once or in the background."""
