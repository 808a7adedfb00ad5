"""`headway demo`: real purchases through real servers and services, on one machine."""
