"""The desk: the shell of the reviewers' surface. What it shows comes from /api/desk/v1/."""
