"""How the tables came to be as they are: alembic's, one file a change in versions/."""
