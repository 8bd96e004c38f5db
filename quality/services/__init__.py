"""Quality's writes: what gold there is and who meets it, what rounds come to, how reviewers stand."""
