"""What is wrong with a site, and what helps."""
