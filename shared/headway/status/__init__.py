"""Whether all is well: one look at everything, what it means, and the page that shows it."""
