"""The customers' small portal: the shell of their surface, over the same services as the API."""
