"""One file a kind of documents; open.py has the table."""
