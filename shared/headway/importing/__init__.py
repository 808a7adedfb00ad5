"""Day one: what members have elsewhere, read from files and checked before anything is written."""
