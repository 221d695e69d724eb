"""HTTP as different clients speak it: one dialect a file."""
