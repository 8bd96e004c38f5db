"""The record's part of the customers' API."""
