"""Real judgments that others have published, driven through Assay as people would have given them."""
