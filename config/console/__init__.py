"""The operators' surface: Django admin, dressed by the kernel's console base."""
