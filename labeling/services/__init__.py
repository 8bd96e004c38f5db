"""The record's writes, one function a use case, by subject."""
