"""Who may use the API: keys, their scopes, and the log of what was done with them."""
