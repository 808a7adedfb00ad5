"""Long proofs: the whole of Headway on real servers, with something broken on the way."""
