"""What operators look at beside the services' own metrics: jobs, verifications, what is waiting."""
