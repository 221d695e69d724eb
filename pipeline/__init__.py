"""The translation itself: text in, text out, in one process. Knows neither Ray nor HTTP."""
