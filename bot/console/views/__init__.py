"""One file for each page: what it reads, and the template it hands that to."""
