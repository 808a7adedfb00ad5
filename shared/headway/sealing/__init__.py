"""Personal data under keys: what is sealed here is read by whoever has the master key alone."""
