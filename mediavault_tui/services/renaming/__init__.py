"""Files under the names that their titles give them."""
